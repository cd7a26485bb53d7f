package budget

import "time"

// step is which part of the budget must be unused for a class to send, in percent of it.
type step int

// of is how many requests of a budget a step allows.
func (s step) of(budget int) int { return budget * int(s) / 100 }

// steps are the ladder: what can wait stops first.
var steps = [classes]step{
	Hot: 100, Head: 100, ByID: 100,
	Bisect: 93, Warm: 90,
	Young: 86, Mid: 86, People: 86,
	Old: 80, Backfill: 80,
}

// urgentStep is where only the classes of 100 % are left. Above it they share what is left
// evenly over the day, so that the hot window never waits for hours.
const urgentStep step = 93

func (c Class) isUrgent() bool { return int(c) < classes && steps[c] == 100 }

// urgentSpacing is the time between two requests of the classes of 100 % when only they may
// send. A bin counts for up to five minutes more than a day.
func (b *Budget) urgentSpacing(at time.Time) time.Duration {
	limit := b.limit(at)
	return (day + binLength) / time.Duration(max(1, limit-urgentStep.of(limit)))
}

// pool is what some classes save together.
type pool int

// The pools of the classes that have one.
const (
	hotPool pool = iota
	warmPool
	youngPool
	midPool
	oldPool      // and of the backfill
	pools   int  = iota
	noPool  pool = -1
)

// shares are what a pool gets in a day, in percent of the budget.
var shares = [pools]step{hotPool: 30, warmPool: 20, youngPool: 7, midPool: 9, oldPool: 15}

// leftUnder is up to where the old round and the backfill get what others leave.
const leftUnder step = 78

func (c Class) pool() pool {
	switch c {
	case Hot:
		return hotPool
	case Warm:
		return warmPool
	case Young:
		return youngPool
	case Mid:
		return midPool
	case Old, Backfill:
		return oldPool
	}
	return noPool
}

// level is what a pool has saved at a moment. It is below 0 after a long walk.
type level struct {
	saved float64
	at    time.Time
}

// saving is how long it takes until the pool of a class has saved a request.
func (b *Budget) saving(class Class, at time.Time) time.Duration {
	p := class.pool()
	if p == noPool {
		return 0
	}
	perDay := b.perDay(p, at)
	missing := 1 - b.levels[p].refilled(at, perDay, b.limits.Saved).saved
	switch {
	case missing <= 0:
		return 0
	case perDay < 1:
		return day
	}
	return time.Duration(missing / perDay * float64(day))
}

// spend takes a request from the pool of a class.
func (b *Budget) spend(class Class, at time.Time) {
	if p := class.pool(); p != noPool {
		b.levels[p] = b.levels[p].less(1, at, b.perDay(p, at), b.limits.Saved)
	}
}

// less is the level after so many requests. It falls no further than a quarter of a day can
// make good.
func (l level) less(requests int, at time.Time, perDay float64, saved time.Duration) level {
	l = l.refilled(at, perDay, saved)
	l.saved = max(l.saved-float64(requests), -perDay/4)
	return l
}

// refilled is the level at a later moment.
func (l level) refilled(at time.Time, perDay float64, saved time.Duration) level {
	if passed := at.Sub(l.at); passed > 0 {
		l.saved += perDay * passed.Hours() / day.Hours()
	}
	return level{min(l.saved, max(1, perDay*saved.Hours()/day.Hours())), at}
}

// replay finds what the pools have saved from the requests of the last days.
func (b *Budget) replay(at time.Time) {
	for p := range pools {
		perDay := b.perDay(pool(p), at)
		l := level{saved: perDay, at: at.Add(-time.Duration(binsKept) * binLength)}
		for i := range b.bins {
			l = l.less(b.bins[i].of(func(c Class) bool { return c.pool() == pool(p) }), b.bins[i].begin(), perDay, b.limits.Saved)
		}
		b.levels[p] = l.refilled(at, perDay, b.limits.Saved)
	}
}

// perDay is what a pool gets in a day. The old round gets what the busiest 24 hours of the
// last week left, so that it does not use up on a Sunday what Monday needs.
func (b *Budget) perDay(p pool, at time.Time) float64 {
	limit := b.limit(at)
	n := shares[p].of(limit)
	if p == oldPool {
		n += max(0, leftUnder.of(limit)-b.busiestDay(at))
	}
	return float64(n)
}

// busiest is how many requests other than of the old round the busiest 24 hours had.
type busiest struct {
	number   int64 // of the bin before which they were counted
	requests int
}

// busiestDay counts once for each bin.
func (b *Budget) busiestDay(at time.Time) int {
	if number := b.number(at); b.busiest.number != number {
		b.busiest = busiest{number, b.bins.busiest(func(c Class) bool { return c.pool() != oldPool })}
	}
	return b.busiest.requests
}
