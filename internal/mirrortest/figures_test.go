package mirrortest

import (
	"flag"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/demo"
	"github.com/callvault/callvault/internal/upstreamtest"
)

var (
	figures = flag.Int("figures", 0, "print the figures of docs/mirror.md for an account with so many calls a day; it takes minutes")
	days    = flag.Int("days", 90, "for so many days")
	daily   = flag.Int("daily", 5000, "with so many requests a day")
	history = flag.Int("history", 3*365, "with so many days of calls before")
)

// warmUp is for how long a mirror runs after its backfill before it is measured.
const warmUp = 2 * day

// usualScript is the account that the flags describe.
func usualScript() demo.Script {
	s := demo.Usual(1, opens, *figures)
	s.History = time.Duration(*history) * day
	s.Retention, s.Bare = s.History, true
	return s
}

// TestFigures prints the figures of docs/mirror.md: of a mirror while it reads history, and after
// that.
func TestFigures(t *testing.T) {
	if *figures == 0 {
		t.Skip("it takes minutes; run it with -figures 20 -v")
	}
	w := &watch{}
	store := newMemory()
	r := newRig(t, options{
		script: usualScript(), store: store, before: func(r *rig) { w.watched(r); r.listDirectly() },
		limits: budget.Limits{Pace: 1, Daily: *daily, Saved: 3 * time.Hour},
	})
	began := time.Now()
	w.measure()
	for days := 1; !w.filled; days++ {
		for range 24 {
			if r.run(time.Hour, nil); w.filled {
				break
			}
		}
		all, _ := w.spent(r.now.Add(-day))
		t.Logf("day %d of the backfill, %v: %d calls, %v", days, time.Since(began), len(store.times), all)
	}
	all, _ := w.spent(opens)
	t.Logf("%d calls a day, %d requests a day allowed\nbackfill: %d calls in %d requests and %.1f days, %v\n%s",
		*figures, *daily, len(store.times), all["backfill"], r.now.Sub(opens).Hours()/24, time.Since(began), w)
	r.run(warmUp, nil)
	w.measure()
	last := r.now
	r.run(time.Duration(*days)*day, func() {
		if r.now.Sub(last) >= 5*day {
			last = r.now
			t.Logf("%v after %v\n%s", last, time.Since(began), w)
		}
	})
	t.Logf("%d days from %v, in %v of the machine\n%s", *days, w.since, time.Since(began), w)
	s := r.status()
	t.Logf("at the end: %d calls, %d upstream, excess %d, absent %d, held %+v", s.Calls, s.Upstream, s.Excess, s.Absent, s.Held)
}

// TestUsualFigures prints what the usual connector makes of the same account.
func TestUsualFigures(t *testing.T) {
	if *figures == 0 {
		t.Skip("it takes minutes; run it with -figures 20 -v")
	}
	clock := upstreamtest.NewClock(opens)
	server := upstreamtest.New(t, upstreamtest.Config{Script: usualScript(), Now: clock.Now})
	ledger := upstreamtest.NewLedger(server)
	for call := range server.World.Calls() { // it has read everything once
		ledger.Has(call.ID, call.Document, opens)
	}
	usual := upstreamtest.Connector{Server: server, Back: 7 * day, Ledger: ledger}
	requests := 0
	for range *days * 24 {
		clock.Advance(time.Hour)
		requests += usual.Run(clock.Now())
	}
	t.Logf("the usual connector, %d days, %d requests a day\n%s", *days, requests/(*days), ledger.Table(clock.Now()))
}
