package budget

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/callvault/callvault/gong"
)

// A 429 halves the pace and the budget for an hour, and a Retry-After is obeyed, by the next
// process and after the clock was set back, too.
func TestRefusals(t *testing.T) {
	for name, between := range map[string]func(*trial){
		"one process":       func(*trial) {},
		"the next process":  (*trial).restart,
		"a clock set back":  func(w *trial) { w.ahead -= 10 * time.Hour },
		"both":              func(w *trial) { w.ahead -= 10 * time.Hour; w.restart() },
		"a clock far ahead": func(w *trial) { w.ahead -= 100 * day; w.restart() },
	} {
		w := newTrial(t, Limits{Pace: 1, Daily: 1000, Saved: day})
		w.time = w.time.Add(time.Minute)
		w.reserve(Warm)
		if err := w.budget.Heard(t.Context(), fmt.Errorf("wrapped: %w", &gong.Error{Status: 429, RetryAfter: 90 * time.Second})); err != nil {
			t.Fatal(err)
		}
		between(w)
		if wait := w.reserve(Hot); wait != 90*time.Second {
			t.Errorf("%s: the pause is %v", name, wait)
		}
		if spent, err := ReadSpent(t.Context(), &w.state, w.now()); err != nil || spent.Paused.Sub(w.now()) != 90*time.Second || spent.Halved.Sub(w.now()) != time.Hour || spent.Used != 1 {
			t.Errorf("%s: %+v, %v", name, spent, err)
		}
		w.time = w.time.Add(90 * time.Second)
		from := len(w.sent)
		for range 100 {
			for wait := w.reserve(Warm); wait > 0; wait = w.reserve(Warm) {
				w.time = w.time.Add(wait)
			}
		}
		if got := w.sent[from+99].Sub(w.sent[from]); got != 198*time.Second {
			t.Errorf("%s: 100 requests took %v", name, got)
		}
		for range 600 {
			w.time = w.time.Add(2 * time.Second)
			w.reserve(Warm)
		}
		if got := len(w.sent); got != 450 {
			t.Errorf("%s: %d requests at half of 90%% of 1000", name, got)
		}
		if wait := w.reserve(Hot); wait != 0 {
			t.Errorf("%s: hot waits %v", name, wait)
		}
		w.time = w.time.Add(time.Hour)
		if wait := w.reserve(Warm); wait != 0 {
			t.Errorf("%s: it is halved after %v", name, wait)
		}
		if spent, err := ReadSpent(t.Context(), &w.state, w.now()); err != nil || !spent.Paused.IsZero() || !spent.Halved.IsZero() {
			t.Errorf("%s: %+v, %v", name, spent, err)
		}
	}
}

// A 429 without a Retry-After pauses longer each time; a Retry-After of 503 is obeyed and
// halves nothing; other errors mean nothing to the budget.
func TestPauses(t *testing.T) {
	w := newTrial(t, Limits{Pace: 1, Daily: 1000, Saved: day})
	w.time = w.time.Add(time.Minute)
	hear := func(err error) time.Duration {
		t.Helper()
		if err := w.budget.Heard(t.Context(), err); err != nil {
			t.Fatal(err)
		}
		wait := w.budget.Wait(Hot)
		w.time = w.time.Add(wait)
		return wait
	}
	commits := w.state.commits
	for _, err := range []error{nil, errors.New("no answer"), &gong.Error{Status: 500}, &gong.Error{Status: 401, RetryAfter: time.Hour}} {
		if wait := hear(err); wait != 0 || w.state.commits != commits {
			t.Errorf("%v: a pause of %v", err, wait)
		}
	}
	if wait, spacing := hear(&gong.Error{Status: 503, RetryAfter: time.Minute}), w.budget.spacing(w.now()); wait != time.Minute || spacing != time.Second {
		t.Errorf("a pause of %v, a pace of %v", wait, spacing)
	}
	for _, want := range []time.Duration{5, 10, 20, 40, 80, 160, 300, 300, 300, 300, 300, 300, 300} {
		if wait := hear(&gong.Error{Status: 429}); wait != want*time.Second {
			t.Errorf("a pause of %v, want %v", wait, want*time.Second)
		}
	}
	hear(nil)
	if wait := hear(&gong.Error{Status: 429}); wait != 5*time.Second {
		t.Errorf("a pause of %v", wait)
	}
	if wait := hear(&gong.Error{Status: 429, RetryAfter: 1000 * day}); wait != day {
		t.Errorf("a pause of %v", wait)
	}
}
