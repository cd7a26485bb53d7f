package limit

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callvault/callvault"
)

const (
	day = 24 * time.Hour

	// A lease of the day is this part of it: a process that dies loses at most one. With
	// aheadPart of a lease left the next one is drawn.
	dayParts  = 100
	aheadPart = 5

	// askAgain is when a used-up day is checked again, because another process may have
	// returned a part.
	askAgain = 10 * time.Second

	// A share of the second is at most this part of it, and less where requests are few:
	// a process must not hold what others could use.
	secondParts = 10

	// shareWithin is how long a share may be used, counted from the question to the store.
	// Requests that wait for a late answer may use it within handOutWithin.
	shareWithin   = time.Second
	handOutWithin = 100 * time.Millisecond

	// storeWithin is when a draw gives up: as late as the requests that wait for it.
	storeWithin = 4 * time.Second
)

// allowance is what this process has leased for a company.
type allowance struct {
	company string

	mu          sync.Mutex // around what is below; held no longer than counting takes
	day, second lease
	share       int // of the second: the size of the latest draw
}

// lease is what was drawn from a limit and not used.
type lease struct {
	left  int
	until time.Time // when it expires
	next  time.Time // when the store may have more
	draw  *draw     // under way; nil when there is none
}

// draw is a query to the store. All requests that wait for it share its result.
type draw struct {
	done chan struct{} // closed when the answer is there
	err  error
}

// lack is the answer when nothing is left: the draw to wait for, or the error.
func (s *lease) lack(refused prometheus.Counter, exceeded *Exceeded) (*draw, error) {
	if s.draw != nil {
		return s.draw, nil
	}
	refused.Inc()
	return nil, exceeded
}

// isDue tells whether to draw once no more than enough is left.
func (s *lease) isDue(now time.Time, enough int) bool {
	if !now.Before(s.until) {
		s.left = 0
	}
	return s.draw == nil && s.left <= enough && !now.Before(s.next)
}

// leaseDay begins to draw when little is left of a lease, so that requests wait for the
// store only when it is slow. It is called with the allowance's lock.
func (l *Limits) leaseDay(a *allowance, now, midnight time.Time) {
	size := max(1, l.limit.PerDay/dayParts)
	if !a.day.isDue(now, size/aheadPart) {
		return
	}
	quota := l.quota(a, midnight)
	l.begin(a, &a.day, func(ctx context.Context) (drawn lease, err error) {
		drawn.until = midnight
		if drawn.left, err = l.quotas.TakeQuota(ctx, quota, size); drawn.left == 0 {
			drawn.next = l.now().Add(askAgain)
		}
		if drawn.next.After(midnight) {
			drawn.next = midnight
		}
		return drawn, err
	})
}

// leaseSecond begins to draw when nothing is left: twice as much as before when that was
// used up in time, half as much when not. It is called with the allowance's lock.
func (l *Limits) leaseSecond(a *allowance, now time.Time) {
	if !a.second.isDue(now, 0) {
		return
	}
	if now.Before(a.second.until) {
		a.share = min(2*a.share, max(1, l.limit.PerSecond/secondParts))
	} else {
		a.share = max(1, a.share/2)
	}
	size := a.share
	l.begin(a, &a.second, func(ctx context.Context) (lease, error) {
		taken, wait, err := l.quotas.TakeSecond(ctx, callvault.QuotaSecond{Company: a.company, Limit: l.limit.PerSecond}, size)
		answered := l.now()
		drawn := lease{left: taken, until: now.Add(shareWithin), next: answered.Add(wait)}
		if soon := answered.Add(handOutWithin); drawn.until.Before(soon) {
			drawn.until = soon
		}
		return drawn, err
	})
}

// begin adds to a lease what ask draws. It does not wait: the draw serves all who do.
func (l *Limits) begin(a *allowance, to *lease, ask func(context.Context) (lease, error)) {
	d := &draw{done: make(chan struct{})}
	to.draw = d
	go func() {
		defer close(d.done)
		ctx, cancel := context.WithTimeout(context.Background(), storeWithin)
		defer cancel()
		drawn, err := ask(ctx)
		a.mu.Lock()
		defer a.mu.Unlock()
		to.draw, d.err = nil, err
		if err == nil {
			to.left, to.until, to.next = to.left+drawn.left, drawn.until, drawn.next
		}
	}()
}

// quota names the day that ends at a midnight, in UTC.
func (l *Limits) quota(a *allowance, midnight time.Time) callvault.QuotaDay {
	return callvault.QuotaDay{Company: a.company, Day: int(midnight.Unix()/int64(day/time.Second)) - 1, Limit: l.limit.PerDay}
}
