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
	oldPool
	backfillPool
	pools  int  = iota
	noPool pool = -1
)

// shares are what a pool gets in a day, in percent of the budget. The backfill may use all of its
// step of the ladder.
var shares = [pools]step{hotPool: 30, warmPool: 20, youngPool: 7, midPool: 9, oldPool: 15, backfillPool: steps[Backfill]}

// leftUnder is up to where the old round gets what others leave.
const leftUnder step = 78

// backfillSaved is for how long the backfill saves. It begins with half a day of requests, so that
// a small history is here within hours. With all of a day the windows of a large account would get
// too few on the first day.
const backfillSaved = 12 * time.Hour

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
	case Old:
		return oldPool
	case Backfill:
		return backfillPool
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
	missing := 1 - b.levels[p].refilled(at, perDay, b.saved(p)).saved
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
		b.levels[p] = b.levels[p].less(1, at, b.perDay(p, at), b.saved(p))
	}
}

// saved is for how long a pool saves.
func (b *Budget) saved(p pool) time.Duration {
	if p == backfillPool {
		return max(backfillSaved, b.limits.Saved)
	}
	return b.limits.Saved
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
	for p := range pool(pools) {
		perDay := b.perDay(p, at)
		l := level{saved: perDay, at: at.Add(-time.Duration(binsKept) * binLength)}
		for i := range b.bins {
			l = l.less(b.bins[i].of(func(c Class) bool { return c.pool() == p }), b.bins[i].begin(), perDay, b.saved(p))
		}
		b.levels[p] = l.refilled(at, perDay, b.saved(p))
	}
}

// perDay is what a pool gets in a day. The old round gets what others will leave, if that is more
// than its share, so that it does not use up on a Sunday what Monday needs.
func (b *Budget) perDay(p pool, at time.Time) float64 {
	limit := b.limit(at)
	n := shares[p].of(limit)
	if p == oldPool {
		n = max(n, leftUnder.of(limit)-b.busiestDay(at))
	}
	return float64(n)
}

// busiest is how many requests others than the old round and the backfill will need in the
// busiest of the 24 hours that a time is in, by what they needed a week before.
type busiest struct {
	number   int64 // of the bin in which it was found
	requests int
}

// busiestDay counts once for each bin.
func (b *Budget) busiestDay(at time.Time) int {
	if number := b.number(at); b.busiest.number != number {
		b.busiest = busiest{number, b.bins.aWeekBefore(number).busiest(func(c Class) bool { return c != Old && c != Backfill })}
	}
	return b.busiest.requests
}
