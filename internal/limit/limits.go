package limit

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/callvault/callvault"
)

// Exceeded is the error of a request over a limit. Its text is for the log.
type Exceeded struct {
	Wait  time.Duration // how long until a request may succeed
	Daily bool          // the day's limit is used up, not the second's
}

func (e *Exceeded) Error() string {
	if e.Daily {
		return "the day's quota is used up"
	}
	return "over the limit per second"
}

// Limits holds every company to one Limit. It remembers each company that takes, so only
// those of valid keys may. It is safe for concurrent use.
type Limits struct {
	quotas callvault.Quotas
	limit  Limit
	now    func() time.Time

	byDay, bySecond prometheus.Counter // requests that were refused

	mu        sync.Mutex
	companies map[string]*allowance
}

// New makes Limits that draw from a store's quotas. Their metrics are registered, for one
// Limits, unless metrics is nil.
func New(quotas callvault.Quotas, limit Limit, now func() time.Time, metrics prometheus.Registerer) *Limits {
	refused := promauto.With(metrics).NewCounterVec(prometheus.CounterOpts{
		Name: "callvault_limit_refused_requests_total",
		Help: "Requests that were answered with 429, by the limit that they exceeded.",
	}, []string{"limit"})
	return &Limits{
		quotas:    quotas,
		limit:     limit,
		now:       now,
		byDay:     refused.WithLabelValues("day"),
		bySecond:  refused.WithLabelValues("second"),
		companies: make(map[string]*allowance),
	}
}

// Take counts one request of a company. When it is over a limit, Take counts nothing and
// returns an *Exceeded.
func (l *Limits) Take(ctx context.Context, company string) error {
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

// tryTake is Take, or returns a draw that must end first.
func (l *Limits) tryTake(a *allowance) (*draw, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := l.now()
	if l.limit.PerDay > 0 {
		midnight := now.Truncate(day).Add(day)
		l.leaseDay(a, now, midnight)
		if a.day.left == 0 {
			return a.day.lack(l.byDay, &Exceeded{Wait: midnight.Sub(now), Daily: true})
		}
	}
	if l.limit.PerSecond > 0 {
		l.leaseSecond(a, now)
		if a.second.left == 0 { // at least one comes back within a second
			return a.second.lack(l.bySecond, &Exceeded{Wait: time.Second})
		}
		a.second.left--
	}
	if l.limit.PerDay > 0 {
		a.day.left--
	}
	return nil, nil
}

// of finds or makes the allowance of a company.
func (l *Limits) of(company string) *allowance {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.companies[company]
	if a == nil {
		a = &allowance{company: company}
		l.companies[company] = a
	}
	return a
}

// Close gives back to the store what was leased of the day and not used; that of the
// second is lost. To close again does nothing. A request that was cut off may still take:
// what it leases after Close is lost.
func (l *Limits) Close(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, a := range l.companies {
		errs = append(errs, l.giveBack(ctx, a))
	}
	return errors.Join(errs...)
}

// giveBack gives back what is left of an allowance's day, once no draw adds to it.
func (l *Limits) giveBack(ctx context.Context, a *allowance) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if d := a.day.draw; d != nil {
		a.mu.Unlock()
		<-d.done // within storeWithin
		a.mu.Lock()
	}
	unused := a.day.left
	if unused == 0 {
		return nil
	}
	a.day.left = 0 // even if it fails: lost is better than given back twice
	return l.quotas.ReturnQuota(ctx, l.quota(a, a.day.until), unused)
}
