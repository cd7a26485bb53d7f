package api

import (
	"context"
	"errors"
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

	// aheadPart: with this part of a lease left the next one is drawn.
	aheadPart = 5

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
	mu     sync.Mutex    // around everything below; held for no longer than it takes to count
	bucket *rate.Limiter // of the second; nil when there is no limit
	day    int           // that the lease is for
	lease  int           // requests drawn from the day's quota and not used
	empty  time.Time     // when the store last said that the day is used up
	draw   *draw         // under way; nil when there is none
}

// draw is a question to the store for a part of a day. All who wait for it
// share its answer.
type draw struct {
	done chan struct{} // closed when the answer is there
	err  error
}

// take counts one request of a company, or returns the error that says when to
// come again; then nothing is counted.
func (l *limits) take(ctx context.Context, company string) error {
	if l.limit == (Limit{}) {
		return nil
	}
	a := l.of(company)
	for {
		d, err := l.tryTake(a, company)
		if d == nil {
			return err
		}
		select {
		case <-d.done:
			if d.err != nil {
				return d.err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tryTake is take, unless nothing can be said before a draw is done.
func (l *limits) tryTake(a *allowance, company string) (*draw, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := l.now()
	if l.limit.PerDay > 0 {
		l.drawAhead(a, company, now)
		switch {
		case a.lease == 0 && a.draw != nil:
			return a.draw, nil
		case a.lease == 0:
			return nil, limited(now.Truncate(day).Add(day).Sub(now), errDayUsedUp)
		}
	}
	if a.bucket != nil && !a.bucket.AllowN(now, 1) {
		return nil, limited(time.Second, errTooFast) // in which at least one comes back
	}
	if l.limit.PerDay > 0 {
		a.lease--
	}
	return nil, nil
}

// of finds or makes the allowance of a company.
func (l *limits) of(company string) *allowance {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.companies[company]
	if a == nil {
		a = new(allowance)
		if n := l.limit.PerSecond; n > 0 {
			a.bucket = rate.NewLimiter(rate.Limit(n), n)
		}
		l.companies[company] = a
	}
	return a
}

// drawAhead begins to draw when little is left of a lease, so that requests
// wait for the store only when it is slow. What is left of yesterday's lease
// is worth nothing, and so is what a draw for yesterday still brings.
func (l *limits) drawAhead(a *allowance, company string, now time.Time) {
	if today := dayOf(now); a.day != today {
		a.day, a.lease, a.empty, a.draw = today, 0, time.Time{}, nil
	}
	size := max(1, l.limit.PerDay/leaseParts)
	if a.draw != nil || a.lease > size/aheadPart || now.Before(a.empty.Add(askAgain)) {
		return
	}
	d := &draw{done: make(chan struct{})}
	a.draw = d
	go l.run(a, d, l.quota(company, a.day), size)
}

// run asks the store. It serves everyone who waits, so it ends with no request.
func (l *limits) run(a *allowance, d *draw, quota callvault.QuotaDay, size int) {
	ctx, cancel := context.WithTimeout(context.Background(), leaseWithin)
	defer cancel()
	defer close(d.done)
	taken, err := l.store.TakeQuota(ctx, quota, size)
	a.mu.Lock()
	defer a.mu.Unlock()
	d.err = err
	if a.draw != d {
		return
	}
	a.draw = nil
	if err != nil {
		return
	}
	a.lease += taken
	if taken == 0 {
		a.empty = l.now()
	}
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
	a.mu.Lock()
	d := a.draw
	a.mu.Unlock()
	if d != nil {
		<-d.done // within leaseWithin
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lease == 0 {
		return nil
	}
	unused := a.lease
	a.lease = 0 // even if it fails: lost is better than given back twice
	return l.store.ReturnQuota(ctx, l.quota(company, a.day), unused)
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
