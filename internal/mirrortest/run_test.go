package mirrortest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/lease"
	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/upstreamtest"
)

// inBubble runs a test with a rig whose clock is that of a bubble, which stands until all wait.
func inBubble(t *testing.T, o options, test func(t *testing.T, r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		o.script.Opens = time.Now()
		o.closed = true
		r := newRig(t, o)
		r.ticks = true
		test(t, r)
	})
}

// Once does all that is due, the backfill included, and ends. Once more with nothing due asks
// for little; with every reading due it reads everything.
func TestOnce(t *testing.T) {
	inBubble(t, options{script: small(13)}, func(t *testing.T, r *rig) {
		outcome, err := mirror.Once(t.Context(), r.config)
		if err != nil || !outcome.Backfilled || outcome.Held != nil || outcome.Unreadable != "" {
			t.Fatalf("the outcome is %+v, %v", outcome, err)
		}
		if took := r.clock().Sub(r.began); took > 5*time.Minute {
			t.Errorf("it took %v", took)
		}
		if wait := outcome.Next.Sub(r.clock()); wait <= 0 || wait > 6*time.Minute {
			t.Errorf("the next thing is due in %v", wait)
		}
		r.equal()
		before := r.sent
		if _, err := mirror.Once(t.Context(), r.config); err != nil || r.sent-before > 3 {
			t.Errorf("once more sent %d requests, %v", r.sent-before, err)
		}
		for _, id := range r.someCalls(3) {
			r.server.World.Edit(id)
		}
		whole := r.config
		whole.Whole = true
		if _, err := mirror.Once(t.Context(), whole); err != nil {
			t.Fatal(err)
		}
		r.equal()
	})
}

// A mirror that comes by cron every two hours is complete after an old round, too.
func TestCron(t *testing.T) {
	script := small(14)
	inBubble(t, options{script: script, limits: budget.Limits{Pace: 1, Daily: 5000, Saved: day}}, func(t *testing.T, r *rig) {
		for range 2 * 12 {
			if _, err := mirror.Once(t.Context(), r.config); err != nil {
				t.Fatal(err)
			}
			r.kept()
			time.Sleep(2 * time.Hour)
		}
		s := r.status()
		if used := s.Requests.Used; used > 500 {
			t.Errorf("a day had %d requests", used)
		}
		for _, w := range s.Windows {
			if w.Age == nil || time.Duration(*w.Age) > 3*time.Hour {
				t.Errorf("the window %s is %v old", w.Name, w.Age)
			}
		}
	})
}

// When the budget is used up, Once ends and says when to come again.
func TestOnceWithoutBudget(t *testing.T) {
	script := small(15)
	script.History = 700 * day
	inBubble(t, options{script: script, limits: budget.Limits{Pace: 3, Daily: 40, Saved: day}}, func(t *testing.T, r *rig) {
		outcome, err := mirror.Once(t.Context(), r.config)
		if err != nil || outcome.Backfilled || !outcome.Next.After(r.clock().Add(time.Minute)) {
			t.Errorf("the outcome is %+v, %v", outcome, err)
		}
		if r.sent > 40 {
			t.Errorf("it sent %d requests", r.sent)
		}
	})
}

// When the upstream can't be read, Once ends and says why.
func TestOnceWithoutUpstream(t *testing.T) {
	for _, trouble := range []upstreamtest.Trouble{upstreamtest.Reset, upstreamtest.Failed, upstreamtest.Gateway, upstreamtest.Strange, upstreamtest.Unauthorized} {
		inBubble(t, options{script: small(16)}, func(t *testing.T, r *rig) {
			r.handler = &upstreamtest.Troubles{Handler: r.server, Now: func() (upstreamtest.Trouble, bool) { return trouble, true }}
			outcome, err := mirror.Once(t.Context(), r.config)
			if err != nil || outcome.Unreadable == "" {
				t.Errorf("%v: the outcome is %+v, %v", trouble, outcome, err)
			}
			if took := r.clock().Sub(r.began); took > 10*time.Minute {
				t.Errorf("%v: it took %v", trouble, took)
			}
			if b := r.status().Backfill; b.From != nil || b.Done {
				t.Errorf("%v: nothing was read, and the backfill is at %+v", trouble, b)
			}
			if says := strings.Contains(r.log.String(), "trying again"); says != (trouble != upstreamtest.Unauthorized) {
				t.Errorf("%v: the log says that it asks again: %t\n%s", trouble, says, r.log.String())
			}
		})
	}
}

// Two mirrors of a company never run at once. The second ends at once, and a mirror of another
// upstream, too. One that slept through a take-over writes nothing and ends.
func TestOneMirror(t *testing.T) {
	inBubble(t, options{script: small(17)}, func(t *testing.T, r *rig) {
		running, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- mirror.Run(running, r.config) }()
		time.Sleep(time.Hour)
		var held *lease.HeldError
		if _, err := mirror.Once(t.Context(), r.config); !errors.As(err, &held) {
			t.Errorf("a second mirror is %v", err)
		}
		other := r.config
		other.Upstream = "https://elsewhere.example.com"
		var foreign *callvault.OtherUpstreamError
		if _, err := mirror.Once(t.Context(), other); !errors.As(err, &foreign) {
			t.Errorf("a mirror of another upstream is %v", err)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("a mirror that was told to end is %v", err)
		}
		if l, err := r.store.Mirror(company).Lease(t.Context()); err != nil || l.Holder != "" {
			t.Errorf("after it ended the lease is %+v, %v", l, err)
		}
		r.kept()

		go func() { ended <- mirror.Run(t.Context(), r.config) }()
		time.Sleep(time.Minute)
		synctest.Wait() // the lease is renewed in this moment, too
		state := r.store.Mirror(company)
		seen, err := state.Lease(t.Context())
		if err == nil {
			_, err = state.Take(t.Context(), seen, upstreamtest.URL, "another")
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, callvault.ErrLeaseLost) {
			t.Errorf("a mirror that lost its lease is %v", err)
		}
	})
}

// In a hurry every period is shorter, and no window is.
func TestHurry(t *testing.T) {
	script := small(18)
	script.Rests = opens.Add(time.Minute)
	r := newRig(t, options{script: script, hurry: 60})
	r.run(3*time.Hour, nil)
	for _, id := range r.someCalls(1) {
		r.server.World.Edit(id)
	}
	if !r.agreesWithin(50 * time.Minute) {
		t.Error("in a 60-fold hurry an old round takes more than 50 minutes")
	}
}
