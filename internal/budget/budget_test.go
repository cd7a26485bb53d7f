package budget

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// kept is the values of a mirror's state in memory.
type kept struct {
	callvault.MirrorState
	values  map[string]string
	commits int
	fail    error
}

func (k *kept) Values(_ context.Context, prefix string, visit func(string, []byte) error) error {
	for _, key := range slices.Sorted(maps.Keys(k.values)) {
		if strings.HasPrefix(key, prefix) {
			if err := visit(key, []byte(k.values[key])); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *kept) Commit(_ context.Context, _ callvault.Lease, change callvault.MirrorChange) (callvault.PutResult, error) {
	if k.fail != nil {
		return callvault.PutResult{}, k.fail
	}
	k.commits++
	if k.values == nil {
		k.values = make(map[string]string)
	}
	for key, value := range change.Values {
		if value == nil {
			delete(k.values, key)
		} else {
			k.values[key] = string(value)
		}
	}
	return callvault.PutResult{}, nil
}

// trial is a budget on a clock of the test: what the machine shows may differ from the time
// that really passes.
type trial struct {
	t       *testing.T
	limits  Limits
	time    time.Time     // that really passes
	ahead   time.Duration // of the machine's clock
	state   kept
	budget  *Budget
	sent    []time.Time // really
	classes []Class
}

var start = time.Date(2026, 3, 6, 9, 0, 0, 0, time.UTC) // a Friday

func newTrial(t *testing.T, limits Limits) *trial {
	w := &trial{t: t, limits: limits, time: start}
	w.restart()
	return w
}

func (w *trial) now() time.Time { return w.time.Add(w.ahead) }

// restart begins a new process over the same store.
func (w *trial) restart() {
	w.t.Helper()
	b, err := Open(w.t.Context(), &w.state, callvault.Lease{}, w.limits, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	w.budget = b
}

// reserve sends a request if it may.
func (w *trial) reserve(class Class) (wait time.Duration) {
	w.t.Helper()
	wait, err := w.budget.Reserve(w.t.Context(), class)
	if err != nil {
		w.t.Fatal(err)
	}
	if wait < 0 {
		w.t.Fatalf("a wait of %v", wait)
	}
	if wait == 0 {
		w.sent, w.classes = append(w.sent, w.time), append(w.classes, class)
	}
	return wait
}

// until sends requests of a class as soon as they may be sent.
func (w *trial) until(end time.Time, class Class) (sent int) {
	for w.time.Before(end) {
		if wait := w.budget.Wait(class); wait > 0 {
			w.time = w.time.Add(wait)
			continue
		}
		if wait := w.reserve(class); wait > 0 {
			w.time = w.time.Add(wait)
			continue
		}
		sent++
	}
	return sent
}

// most is the largest number of requests in any half-open stretch of time.
func (w *trial) most(length time.Duration) (most int) {
	first := 0
	for i := range w.sent {
		for w.sent[i].Sub(w.sent[first]) >= length {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// However requests are asked for, processes die and the clock is set back, no 24 hours and no
// second have more than the limits allow.
func TestBudgetIsNeverExceeded(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		pace := []float64{0.1, 1, 3}[seed%3]
		w := newTrial(t, Limits{Pace: pace, Daily: 20 + random.IntN(400), Saved: 3 * time.Hour})
		returns, back := time.Duration(0), start // how far the clock was set back last, and when
		for end := start.Add(5 * day); w.time.Before(end); {
			class := Class(random.IntN(classes))
			wait := time.Duration(0)
			if random.IntN(2) == 0 {
				wait = w.budget.Wait(class)
			}
			if wait == 0 {
				wait = w.reserve(class)
			}
			switch random.IntN(400) { // what rarely happens
			case 0:
				w.restart()
			case 1: // it dies between the commit and the request
				if wait == 0 {
					w.sent, w.classes = w.sent[:len(w.sent)-1], w.classes[:len(w.classes)-1]
				}
				w.restart()
			case 2: // it is set back by less than what makes the bins move
				returns, back = time.Duration(random.Int64N(int64(50*time.Minute))), w.time
				if last := len(w.budget.bins) - 1; last >= 0 {
					returns = max(0, returns-max(0, w.budget.bins[last].begin().Sub(w.now())))
				}
				w.ahead -= returns
			case 5: // it is right again before it has caught up: later that sets it forward
				if w.time.Sub(back) < returns {
					w.ahead += returns
					w.restart() // the pace of one process has Go's monotonic clock, which tests can't move
				}
				returns = 0
			case 3:
				w.ahead, returns = w.ahead-time.Duration(random.Int64N(int64(3*day))), 0
			case 4:
				if err := w.budget.Heard(t.Context(), &gong.Error{Status: 429}); err != nil {
					t.Fatal(err)
				}
			}
			switch {
			case random.IntN(3) == 0:
				w.time = w.time.Add(time.Duration(random.Int64N(int64(2 * time.Minute))))
			case wait > 0:
				w.time = w.time.Add(min(wait, time.Duration(random.Int64N(int64(time.Hour)))))
			}
		}
		perSecond := max(1, int(pace))
		if day, second := w.most(day), w.most(time.Second); day > w.limits.Daily || second > perSecond || len(w.sent) < w.limits.Daily {
			t.Errorf("seed %d: %d requests, %d in a day of %d, %d in a second of %d", seed, len(w.sent), day, w.limits.Daily, second, perSecond)
		}
	}
}

// A clock that is set back for a while and then right again frees nothing early.
func TestClockIsSetBackForAWhile(t *testing.T) {
	w := newTrial(t, Limits{Pace: 1, Daily: 1000, Saved: day})
	w.time = w.time.Add(time.Minute)
	w.reserve(Bisect)
	w.ahead = -50 * time.Minute
	for w.time = w.time.Add(time.Minute); w.reserve(Bisect) < time.Minute; {
		w.time = w.time.Add(time.Second)
	}
	w.ahead = 0
	w.restart()
	for end := start.Add(25 * time.Hour); w.time.Before(end); w.time = w.time.Add(time.Second) {
		w.reserve(Bisect)
	}
	if w.most(day) > 930 || len(w.sent) < 1800 {
		t.Errorf("%d requests, %d in a day", len(w.sent), w.most(day))
	}
}

// Each class uses a day up to its step of the ladder, and no further.
func TestLadder(t *testing.T) {
	for class := range Class(classes) {
		w := newTrial(t, Limits{Pace: 1, Daily: 1000, Saved: day})
		for end := start.Add(day); w.time.Before(end); {
			w.time = w.time.Add(w.reserve(class))
		}
		want := int(steps[class]) * 10
		if class.isUrgent() {
			want-- // the last ones are spread over a day and a bin
		}
		if got := w.most(day); got != want {
			t.Errorf("%v sent %d, want %d", class, got, want)
		}
	}
}

// A class gets its share of a day, evenly after what it has saved. The old round gets what the
// others leave.
func TestPools(t *testing.T) {
	for class, want := range map[Class]int{Hot: 300, Warm: 200, Young: 70, Mid: 90, Bisect: 930, Old: 780, Backfill: 800} {
		w := newTrial(t, Limits{Pace: 1, Daily: 1000, Saved: 3 * time.Hour})
		w.until(start.Add(3*day), class)
		if got := w.most(day); got < want*95/100 || got > want*114/100 {
			t.Errorf("%v sent %d a day, want about %d", class, got, want)
		}
		if class == Bisect {
			continue
		}
		saved := 3
		if class == Backfill {
			saved = 12
		}
		for _, hours := range []int{1, 12} {
			got, most := w.most(time.Duration(hours)*time.Hour), min(want, want*(saved+hours)/24)
			if got < most*90/100 || got > most+2 {
				t.Errorf("%v sent %d in %d hours, want about %d", class, got, hours, most)
			}
		}
	}
}

// The old round leaves what the others will need, judged by the same days a week before.
func TestWeekendIsNotSpentAhead(t *testing.T) {
	w := newTrial(t, Limits{Pace: 1, Daily: 1000, Saved: 3 * time.Hour})
	w.time = start.Add(time.Minute)
	w.reserve(Bisect)
	w.time = start.Add(3 * day)
	for range 600 { // the busy day
		for w.reserve(Bisect) > 0 {
			w.time = w.time.Add(time.Second)
		}
	}
	const busy, other = 780 - 600, 780
	for _, c := range []struct {
		after time.Duration
		want  int // that the old round sends in a day
	}{
		{4*day + time.Hour, busy}, // in the first week nobody knows how busy other days are
		{5 * day, busy},
		{7*day + time.Hour, other},
		{9*day + time.Hour, busy}, // the day before the busy one
		{10 * day, busy},
		{11*day + time.Hour, other},
	} {
		w.time = start.Add(c.after)
		w.restart() // the week is known to the next process
		if sent := w.until(w.time.Add(day), Old); sent < c.want*90/100 || sent > c.want*114/100 {
			t.Errorf("after %v the old round sent %d in a day, want about %d", c.after, sent, c.want)
		}
	}
}

// While everything else asks all the time, the hot window gets its request as often as what
// is left above the ladder allows, through restarts, too.
func TestHotNeverStarves(t *testing.T) {
	for seed := range uint64(2) {
		random := rand.New(rand.NewPCG(seed, 2))
		w := newTrial(t, Limits{Pace: 1, Daily: 2500, Saved: day})
		due, last, longest := start, start, time.Duration(0)
		for end := start.Add(3 * day); w.time.Before(end); {
			if random.IntN(20_000) == 0 {
				w.restart()
			}
			sent := false
			if !w.time.Before(due) && w.reserve(Hot) == 0 {
				longest, last = max(longest, w.time.Sub(last)), w.time
				due, sent = w.time.Add(5*time.Minute), true
			}
			if !sent && random.IntN(10) == 0 {
				w.reserve(Bisect + Class(random.IntN(classes-int(Bisect))))
			}
			w.time = w.time.Add(time.Second)
		}
		longest = max(longest, w.time.Sub(last))
		if spacing := w.budget.urgentSpacing(w.now()); longest > spacing+5*time.Minute || w.most(day) > w.limits.Daily {
			t.Errorf("seed %d: hot waited %v of %v; %d in a day", seed, longest, spacing, w.most(day))
		}
	}
}

// A store that says no keeps the request from being sent, and it does not count.
func TestReserveFails(t *testing.T) {
	w := newTrial(t, Limits{Pace: 1, Daily: 100, Saved: day})
	w.time = w.time.Add(time.Minute)
	w.state.fail = callvault.ErrLeaseLost
	if _, err := w.budget.Reserve(t.Context(), Hot); !errors.Is(err, callvault.ErrLeaseLost) {
		t.Errorf("got %v", err)
	}
	w.state.fail = nil
	if w.reserve(Hot); w.budget.bins.total() != 1 {
		t.Errorf("%d requests are counted", w.budget.bins.total())
	}
	w.state.values[binPrefix+"yesterday"] = "{}"
	if _, err := Open(t.Context(), &w.state, callvault.Lease{}, w.limits, w.now); err == nil || err.Error() != "the mirror's state has a malformed value under bin/yesterday" {
		t.Errorf("got %v", err)
	}
}

// What is kept can be read by SQL, names of other programs' classes included, and is thrown
// away after a week.
func TestBinsAreKept(t *testing.T) {
	w := newTrial(t, Limits{Pace: 2, Daily: 1000, Saved: day})
	w.time = w.time.Add(time.Minute)
	w.reserve(Hot)
	w.time = w.time.Add(time.Minute)
	w.reserve(ByID)
	const key = "bin/2026-03-06T09:00:00Z"
	if got, want := w.state.values[key], `{"by-id":1,"hot":1}`; got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
	if got, want := w.state.values[limitsKey], `{"pace":2,"daily":1000}`; got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
	w.state.values[key] = `{"hot":1,"of a later version":998}`
	w.restart()
	w.time = w.time.Add(time.Minute)
	if wait := w.reserve(Bisect); wait != start.Add(day+binLength).Sub(w.time) {
		t.Errorf("the next request may be sent in %v", wait)
	}
	w.time = start.Add(20 * day)
	w.reserve(Hot)
	if _, ok := w.state.values[key]; ok {
		t.Error("a bin of three weeks ago is still kept")
	}
}

// After the clock was set back, however far, nothing waits longer than before.
func TestClockIsSetBackFar(t *testing.T) {
	w := newTrial(t, Limits{Pace: 0.1, Daily: 1000, Saved: day})
	for len(w.sent) < 935 { // then only urgent classes may send, and not at once
		w.time = w.time.Add(w.reserve(Head))
	}
	for _, back := range []time.Duration{time.Minute, 100 * day} {
		w.ahead -= back
		if wait := w.budget.Wait(Head); wait != 0 {
			t.Errorf("set back by %v it waits %v before it asks", back, wait)
		}
		if wait, most := w.reserve(Head), w.budget.urgentSpacing(w.now()); wait < most/2 || wait > most {
			t.Errorf("set back by %v it waits %v, not about %v", back, wait, most)
		}
	}
}
