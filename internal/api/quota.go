package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

const (
	// leaseParts is how many leases make a day's quota: a process that dies
	// loses at most one, and the store is written to once in that many requests.
	leaseParts = 100

	// leaseWithin is when the store is given up.
	leaseWithin = 5 * time.Second

	// askAgain is how long a used-up day is taken for granted before the store
	// is asked again: another process may have given something back.
	askAgain = 10 * time.Second

	day = 24 * time.Hour
)

// limits holds every company to its limit. It remembers the companies of valid
// keys and no others.
type limits struct {
	store callvault.Store
	limit Limit
	now   func() time.Time

	mu        sync.Mutex
	companies map[string]*allowance
}

func newLimits(store callvault.Store, limit Limit, now func() time.Time) *limits {
	return &limits{store: store, limit: limit, now: now, companies: make(map[string]*allowance)}
}

// allowance is what a company may still ask for, as far as this process knows.
type allowance struct {
	gate   gate          // around everything below
	bucket *rate.Limiter // of the second; nil when there is no limit
	day    int           // that the lease is for
	lease  int           // requests drawn from the day's quota and not used
	empty  time.Time     // when the store last said that the day is used up
}

// take counts one request of a company, or returns the error that says when to
// come again; then nothing is counted.
func (l *limits) take(ctx context.Context, company string) error {
	if l.limit == (Limit{}) {
		return nil
	}
	a := l.of(company)
	if err := a.gate.enter(ctx); err != nil {
		return err
	}
	defer a.gate.leave()
	now := l.now()
	if l.limit.PerDay > 0 {
		if err := l.draw(ctx, a, company, now); err != nil {
			return err
		}
		if a.lease == 0 {
			return limited(now.Truncate(day).Add(day).Sub(now), errDayUsedUp)
		}
	}
	if a.bucket != nil && !a.bucket.AllowN(now, 1) {
		return limited(time.Second, errTooFast) // in which at least one comes back
	}
	if l.limit.PerDay > 0 {
		a.lease--
	}
	return nil
}

// of finds or makes the allowance of a company.
func (l *limits) of(company string) *allowance {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.companies[company]
	if a == nil {
		a = &allowance{gate: newGate()}
		if n := l.limit.PerSecond; n > 0 {
			a.bucket = rate.NewLimiter(rate.Limit(n), n)
		}
		l.companies[company] = a
	}
	return a
}

// draw sees to it that a has a lease for today if there is one to be had. What
// is left of yesterday's is worth nothing.
func (l *limits) draw(ctx context.Context, a *allowance, company string, now time.Time) error {
	if today := dayOf(now); a.day != today {
		a.day, a.lease, a.empty = today, 0, time.Time{}
	}
	if a.lease > 0 || now.Before(a.empty.Add(askAgain)) {
		return nil
	}
	// What the store gives must arrive here, whether or not the client waits.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseWithin)
	defer cancel()
	taken, err := l.store.TakeQuota(ctx, l.quota(company, a.day), max(1, l.limit.PerDay/leaseParts))
	if err != nil {
		return fmt.Errorf("take quota: %w", err)
	}
	a.lease = taken
	if taken == 0 {
		a.empty = now
	}
	return nil
}

// close gives back what was drawn and not used.
func (l *limits) close(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for company, a := range l.companies {
		errs = append(errs, l.giveBack(ctx, company, a))
	}
	return errors.Join(errs...)
}

func (l *limits) giveBack(ctx context.Context, company string, a *allowance) error {
	if err := a.gate.enter(ctx); err != nil {
		return err
	}
	defer a.gate.leave()
	if a.lease == 0 {
		return nil
	}
	unused := a.lease
	a.lease = 0 // even if it fails: lost is better than given back twice
	if err := l.store.ReturnQuota(ctx, l.quota(company, a.day), unused); err != nil {
		return fmt.Errorf("return quota: %w", err)
	}
	return nil
}

func (l *limits) quota(company string, day int) callvault.QuotaDay {
	return callvault.QuotaDay{Company: company, Day: day, Limit: l.limit.PerDay}
}

// dayOf is the number of whole days from 1970-01-01 to t, in UTC.
func dayOf(t time.Time) int { return int(t.Unix() / int64(day/time.Second)) }

// Why a request was over the limit: for the log.
var (
	errTooFast   = errors.New("over the limit to the second")
	errDayUsedUp = errors.New("the day's quota is used up")
)

// limited is the answer to a request over the limit. The wait is rounded up to
// whole seconds, at least one.
func limited(wait time.Duration, cause error) error {
	seconds := max(1, int64((wait+time.Second-1)/time.Second))
	return &clientError{
		status: http.StatusTooManyRequests,
		texts:  []string{gong.LimitExceeded},
		header: http.Header{"Retry-After": {strconv.FormatInt(seconds, 10)}},
		cause:  cause,
	}
}
