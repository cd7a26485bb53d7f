package budget

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/callvault/callvault"
)

// Limits are how many requests a mirror may send.
type Limits struct {
	Pace  float64 `json:"pace"`  // in a second
	Daily int     `json:"daily"` // in any 24 hours

	// Saved is for how long the classes save what they do not send. 0 means 3 hours, which
	// spreads the requests over the day; a mirror that comes by cron saves a day.
	Saved time.Duration `json:"-"`
}

// usuallySaved is long enough for a walk through a window of a large account.
const usuallySaved = 3 * time.Hour

// Budget decides when a mirror may send a request. It counts each request in the store before
// it is sent, so that its laws hold through restarts: no rolling 24 hours have more requests
// than Limits.Daily, and no second has more than Limits.Pace. It is for one goroutine.
type Budget struct {
	limits Limits
	now    func() time.Time // the machine's clock
	state  callvault.MirrorState
	lease  callvault.Lease

	bins    bins
	used    used
	sent    time.Time // the last request, and the last of an urgent class
	urgent  time.Time
	levels  [pools]level
	busiest busiest
	pause   span // when nothing is sent
	halved  span // when half of the limits apply
	streak  int  // refusals in a row that did not say when to come again
}

// Keys of what is kept besides the bins.
const (
	limitsKey = "budget/limits"
	pauseKey  = "budget/pause"
	halvedKey = "budget/halved"
)

// Open goes on from what the store has of the requests before.
func Open(ctx context.Context, state callvault.MirrorState, lease callvault.Lease, limits Limits, now func() time.Time) (*Budget, error) {
	if limits.Saved == 0 {
		limits.Saved = usuallySaved
	}
	b := &Budget{limits: limits, now: now, state: state, lease: lease}
	var err error
	if b.bins, err = readBins(ctx, state); err != nil {
		return nil, err
	}
	for key, value := range map[string]*span{pauseKey: &b.pause, halvedKey: &b.halved} {
		if err := readValue(ctx, state, key, value); err != nil {
			return nil, err
		}
	}
	at := now()
	if err := b.settle(ctx, at); err != nil {
		return nil, err
	}
	b.sent = at // the process before may have sent a request just now
	if last := len(b.bins) - 1; last >= 0 && b.bins[last].of(Class.isUrgent) > 0 {
		b.urgent = earlier(b.bins[last].begin(), at)
	}
	b.replay(at)
	value, err := json.Marshal(limits)
	if err != nil {
		return nil, err
	}
	return b, b.commit(ctx, callvault.MirrorChange{Values: map[string][]byte{limitsKey: value}})
}

func (b *Budget) commit(ctx context.Context, change callvault.MirrorChange) error {
	_, err := b.state.Commit(ctx, b.lease, change)
	return err
}

// readValue reads the value of a key, which stays as it is if there is none.
func readValue(ctx context.Context, state values, key string, into any) error {
	return state.Values(ctx, key, func(found string, value []byte) error {
		if found == key && json.Unmarshal(value, into) != nil {
			return fmt.Errorf("the mirror's state has a malformed value under %s", key)
		}
		return nil
	})
}

// Wait is how long it takes until a request of a class may be sent, 0 if it may be sent now:
// by the budget as Reserve keeps it, and by what the class has saved. It reads no store.
func (b *Budget) Wait(class Class) time.Duration {
	at := b.now()
	if b.isBack(at) || b.areAhead(at) || at.Before(b.sent) {
		return 0 // Reserve moves them first
	}
	return max(b.wait(class, at), b.saving(class, at))
}

// Reserve counts one request of a class in the store, before it is sent. If the wait is not
// 0, nothing was counted, and the request must not be sent before that. It does not look at
// what the class has saved, so that a walk that has begun comes to its end.
func (b *Budget) Reserve(ctx context.Context, class Class) (wait time.Duration, err error) {
	for {
		at := b.now()
		if err := b.settle(ctx, at); err != nil {
			return 0, err
		}
		if wait := b.wait(class, at); wait > 0 {
			return wait, nil
		}
		number := b.number(at)
		if err := b.commit(ctx, b.bins.adding(number, class)); err != nil {
			return 0, err
		}
		b.bins = b.bins.add(number, class)
		b.used.total++
		b.spend(class, at)
		if at = b.now(); b.number(at) != number {
			continue // the commit took until the next bin
		}
		b.sent = at
		if class.isUrgent() {
			b.urgent = at
		}
		return 0, nil
	}
}

// number is the bin in which a request counts. A clock that was set back stands still until
// it has caught up with the latest bin.
func (b *Budget) number(at time.Time) int64 { return max(binOf(at), b.bins.latest()) }

// isBack tells whether the clock was set back so far that the bins have to move.
func (b *Budget) isBack(at time.Time) bool {
	return b.bins.latest() > binOf(at) && b.bins[len(b.bins)-1].begin().Sub(at) > setBackMost
}

// areAhead tells whether the clock was set back to before what the upstream asked for.
func (b *Budget) areAhead(at time.Time) bool {
	return at.Before(b.pause.From) || at.Before(b.halved.From)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// settle moves the bins, and what the upstream asked for, after the clock was set back.
func (b *Budget) settle(ctx context.Context, at time.Time) error {
	bins, pause, halved := b.bins, b.pause, b.halved
	change := callvault.MirrorChange{Values: make(map[string][]byte)}
	if b.isBack(at) {
		bins, change = b.bins.moved(binOf(at))
	}
	b.sent, b.urgent = earlier(b.sent, at), earlier(b.urgent, at)
	if b.areAhead(at) {
		pause.left(at)
		halved.left(at)
		if err := errors.Join(keep(change, pauseKey, pause), keep(change, halvedKey, halved)); err != nil {
			return err
		}
	}
	if len(change.Values) == 0 {
		return nil
	}
	if err := b.commit(ctx, change); err != nil {
		return err
	}
	b.bins, b.pause, b.halved, b.used = bins, pause, halved, used{}
	return nil
}

// wait is how long the pace, the limit of the class and a refusal keep a request back.
func (b *Budget) wait(class Class, at time.Time) time.Duration {
	wait := max(b.pause.left(at), b.sent.Add(b.spacing(at)).Sub(at))
	limit := b.limit(at)
	if !class.isUrgent() {
		return max(wait, b.until(steps[class].of(limit), at))
	}
	if b.until(urgentStep.of(limit), at) > 0 {
		wait = max(wait, b.urgent.Add(b.urgentSpacing(at)).Sub(at))
	}
	return max(wait, b.until(b.limits.Daily, at))
}

// used is how many requests count in a bin.
type used struct {
	valid  bool
	number int64
	total  int
}

// until is how long it takes until fewer requests than a limit count.
func (b *Budget) until(limit int, at time.Time) time.Duration {
	number := b.number(at)
	if !b.used.valid || b.used.number != number {
		b.used = used{true, number, b.bins.counting(number).total()}
	}
	total := b.used.total
	if total < limit {
		return 0
	}
	for _, counting := range b.bins.counting(number) {
		if total -= counting.total(); total < limit {
			return max(counting.over().Sub(at), time.Second)
		}
	}
	return day // a limit of nothing
}

// limit is the budget of 24 hours, which is half of it for an hour after a refusal.
func (b *Budget) limit(at time.Time) int {
	if b.halved.left(at) > 0 {
		return b.limits.Daily / 2
	}
	return b.limits.Daily
}

// spacing is the time between two requests, rounded up so that no second has one too many.
func (b *Budget) spacing(at time.Time) time.Duration {
	pace := b.limits.Pace
	if b.halved.left(at) > 0 {
		pace /= 2
	}
	return time.Duration(math.Ceil(float64(time.Second) / pace))
}
