package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

const day = 24 * time.Hour

// limits holds every company to its limit. It remembers the companies of valid
// keys and no others.
type limits struct {
	store callvault.Store
	limit Limit
	now   func() time.Time

	byDay, bySecond limitMetrics

	mu        sync.Mutex
	companies map[string]*allowance
}

func newLimits(store callvault.Store, limit Limit, now func() time.Time, metrics prometheus.Registerer) *limits {
	l := &limits{store: store, limit: limit, now: now, companies: make(map[string]*allowance)}
	l.byDay, l.bySecond = newLimitMetrics(metrics)
	return l
}

// allowance is what this process has leased for a company.
type allowance struct {
	mu      sync.Mutex // around everything below; held for no longer than it takes to count
	company string
	day     dayLease
	second  secondLease
}

// take counts one request of a company, or returns the error that says when to
// come again; then nothing is counted.
func (l *limits) take(ctx context.Context, company string) error {
	if l.limit == (Limit{}) {
		return nil
	}
	a := l.of(company)
	for {
		d, err := l.tryTake(a)
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
func (l *limits) tryTake(a *allowance) (*draw, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := l.now()
	if l.limit.PerDay > 0 {
		l.leaseDay(a, now)
		switch {
		case a.day.left == 0 && a.day.draw != nil:
			return a.day.draw, nil
		case a.day.left == 0:
			l.byDay.refused.Inc()
			return nil, limited(now.Truncate(day).Add(day).Sub(now), errDayUsedUp)
		}
	}
	if l.limit.PerSecond > 0 {
		l.leaseSecond(a, now)
		switch {
		case a.second.left == 0 && a.second.draw != nil:
			return a.second.draw, nil
		case a.second.left == 0:
			l.bySecond.refused.Inc()
			return nil, limited(time.Second, errTooFast) // in which at least one comes back
		}
		a.second.left--
	}
	if l.limit.PerDay > 0 {
		a.day.left--
	}
	return nil, nil
}

// of finds or makes the allowance of a company.
func (l *limits) of(company string) *allowance {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.companies[company]
	if a == nil {
		a = &allowance{company: company}
		l.companies[company] = a
	}
	return a
}

// close gives back what was leased of the day and not used.
func (l *limits) close(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, a := range l.companies {
		errs = append(errs, l.giveBack(ctx, a))
	}
	return errors.Join(errs...)
}

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
