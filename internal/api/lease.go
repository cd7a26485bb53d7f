package api

import (
	"context"
	"time"

	"github.com/callvault/callvault"
)

// Requests are counted in the store, for all processes on it, but a question to
// the store for each would cost more than its answer. So a process leases a part
// of the day and a share of the second at a time, and counts in memory. What it
// leased and does not use, because it dies or nobody asks, is lost. So a day's
// limit is never exceeded, and in t seconds no more is leased than t+1 seconds
// have: a bucket, and what fills it. What is leased is used within a second.
const (
	// dayParts is how many leases make a day: a process that dies loses at most
	// one, and the store is written to once in that many requests.
	dayParts = 100

	// aheadPart: with this part of a lease of the day left the next one is drawn.
	aheadPart = 5

	// askAgain is how long a used-up day is taken for granted before the store
	// is asked again: another process may have given something back.
	askAgain = 10 * time.Second

	// secondParts is how many leases make a second, at the least. They are
	// smaller where requests are few: a process must not hold what others could
	// use.
	secondParts = 10

	// shareWithin is how long a share of the second may be used, from when the
	// store was asked for it. An answer that is late is good for those who wait for
	// it, who take it within handOutWithin.
	shareWithin   = time.Second
	handOutWithin = 100 * time.Millisecond

	// leaseWithin is when the store is given up: whoever waits for a draw from its
	// beginning waits no longer.
	leaseWithin = storeWithin
)

// dayLease is a part of a day's quota.
type dayLease struct {
	day   int       // that it is for
	left  int       // requests that were drawn and not used
	empty time.Time // when the store last said that the day is used up
	draw  *draw     // under way; nil when there is none
}

// secondLease is a share of a second.
type secondLease struct {
	left  int
	size  int       // of the latest draw
	until time.Time // it is worth nothing from then on
	next  time.Time // the store has nothing before that
	draw  *draw
}

// draw is a question to the store. All who wait for it share its answer.
type draw struct {
	done chan struct{} // closed when the answer is there
	err  error
}

// leaseDay begins to draw when little is left of a lease, so that requests wait
// for the store only when it is slow. What is left of yesterday's lease is worth
// nothing, and so is what a draw for yesterday still brings. It is called with
// the allowance's lock.
func (l *limits) leaseDay(a *allowance, now time.Time) {
	if today := dayOf(now); a.day.day != today {
		a.day = dayLease{day: today}
	}
	size := max(1, l.limit.PerDay/dayParts)
	if a.day.draw != nil || a.day.left > size/aheadPart || now.Before(a.day.empty.Add(askAgain)) {
		return
	}
	d := &draw{done: make(chan struct{})}
	a.day.draw = d
	go l.drawDay(a, d, l.quota(a), size)
}

// drawDay asks the store for a part of a day.
func (l *limits) drawDay(a *allowance, d *draw, quota callvault.QuotaDay, size int) {
	defer close(d.done)
	ctx, cancel := context.WithTimeout(context.Background(), leaseWithin) // of no request: it serves all who wait
	defer cancel()
	taken, err := l.store.TakeQuota(ctx, quota, size)
	l.byDay.countLease(taken, err)
	a.mu.Lock()
	defer a.mu.Unlock()
	d.err = err
	if a.day.draw != d {
		return
	}
	a.day.draw = nil
	if err != nil {
		return
	}
	a.day.left += taken
	if taken == 0 {
		a.day.empty = l.now()
	}
}

// leaseSecond begins to draw when nothing is left. It is called with the
// allowance's lock.
func (l *limits) leaseSecond(a *allowance, now time.Time) {
	s := &a.second
	current := now.Before(s.until)
	if !current {
		s.left = 0
	}
	if s.left > 0 || s.draw != nil || now.Before(s.next) {
		return
	}
	if current {
		s.size = min(2*s.size, max(1, l.limit.PerSecond/secondParts)) // it was used up in time
	} else {
		s.size = max(1, s.size/2)
	}
	s.draw = &draw{done: make(chan struct{})}
	go l.drawSecond(a, s.draw, s.size, now.Add(shareWithin))
}

// drawSecond asks the store for a share of the second.
func (l *limits) drawSecond(a *allowance, d *draw, size int, until time.Time) {
	defer close(d.done)
	ctx, cancel := context.WithTimeout(context.Background(), leaseWithin)
	defer cancel()
	taken, wait, err := l.store.TakeSecond(ctx, callvault.QuotaSecond{Company: a.company, Limit: l.limit.PerSecond}, size)
	l.bySecond.countLease(taken, err)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.second.draw, d.err = nil, err
	if err != nil {
		return
	}
	now := l.now()
	if soon := now.Add(handOutWithin); until.Before(soon) {
		until = soon
	}
	a.second.left, a.second.until = taken, until
	if taken == 0 {
		a.second.next = now.Add(wait)
	}
}

// giveBack gives back what is left of the day; that of the second is lost.
func (l *limits) giveBack(ctx context.Context, a *allowance) error {
	a.mu.Lock()
	d := a.day.draw
	a.mu.Unlock()
	if d != nil {
		<-d.done // within leaseWithin
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.day.left == 0 {
		return nil
	}
	unused := a.day.left
	a.day.left = 0 // even if it fails: lost is better than given back twice
	return l.store.ReturnQuota(ctx, l.quota(a), unused)
}

// quota is the day that an allowance's lease is of.
func (l *limits) quota(a *allowance) callvault.QuotaDay {
	return callvault.QuotaDay{Company: a.company, Day: a.day.day, Limit: l.limit.PerDay}
}

// dayOf is the number of whole days from 1970-01-01 to t, in UTC.
func dayOf(t time.Time) int { return int(t.Unix() / int64(day/time.Second)) }
