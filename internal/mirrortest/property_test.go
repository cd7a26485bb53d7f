package mirrortest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/demo"
	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/upstreamtest"
)

var (
	seed  = flag.Uint64("seed", 0, "the seed of one property run, as a failure prints it")
	seeds = flag.Uint64("seeds", 2, "how many property runs there are")
)

// randomScript is any script, small unless all is tested. Sometimes its retention is switched on
// while the mirror runs.
func randomScript(chance *rand.Rand, seed uint64) demo.Script {
	s := upstreamtest.Script(seed, opens)
	if !*full {
		s.PerDay = 5 + s.PerDay%20
		s.History, s.Retention = s.History/2, s.Retention/2
	}
	if s.Retention == 0 && chance.IntN(2) == 0 {
		s.Retention = s.History * time.Duration(chance.IntN(10)) / 10
		s.RetentionFrom = opens.Add(s.Rests.Sub(opens) / 2)
	}
	return s
}

// Whatever an account does, through the network's troubles and restarts at any moment: no call
// is ever missing that the upstream has shown and not purged, and none is deleted that it still
// has. No second and no 24 hours have more requests than the budget. When the account rests, one
// old round later the calls here are those that it lists.
func TestProperty(t *testing.T) {
	first, last := uint64(1), *seeds
	if *seed != 0 {
		first, last = *seed, *seed
	}
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { property(t, seed, nil) })
	}
}

func property(t *testing.T, seed uint64, store callvault.Store) {
	chance := rand.New(rand.NewPCG(seed, 7))
	o := options{script: randomScript(chance, seed), store: store}
	if store != nil && !*full {
		o.script.Rests = opens.Add(2 * day) // PostgreSQL takes several times as long
	}
	o.limits = budget.Limits{Pace: 1, Daily: 1500 + chance.IntN(4000), Saved: 3 * time.Hour}
	o.off = time.Duration(chance.IntN(200)-100) * time.Hour
	if chance.IntN(2) == 0 {
		o.troubles = upstreamtest.Usual()
	}
	if chance.IntN(2) == 0 {
		o.cursors, o.limits.Pace = time.Minute, 0.1 // so that cursors end in mid-walk
	}
	w := &watch{}
	o.before = w.watched
	r := newRig(t, o)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("go test ./internal/mirrortest -run %s -seed %d\n%+v\n%s", strings.Split(t.Name(), "/")[0], seed, o.script, r.log.String()[max(0, r.log.Len()-6000):])
		}
	})
	checked := r.now
	each := func() {
		if chance.IntN(100) == 0 {
			r.restart()
		}
		if r.now.Sub(checked) >= 6*time.Hour {
			checked = r.now
			r.kept()
			r.acceptHeld()
		}
	}
	r.run(o.script.Rests.Sub(opens), each)
	r.run(52*time.Hour, each)
	if r.acceptHeld() {
		r.run(52*time.Hour, each)
	}
	r.kept()
	r.equal()
	t.Logf("%d calls, %d requests, %d steps, %d processes: %+v", r.status().Calls, r.server.Requests(), r.steps, r.restarts, r.status().Requests)
	if w.wrong > 0 {
		t.Errorf("%d calls were deleted that the upstream still had", w.wrong)
	}
	if most := r.server.Most(day); most > o.limits.Daily {
		t.Errorf("24 hours had %d requests, with a budget of %d", most, o.limits.Daily)
	}
	if most := r.server.Most(time.Second); most > 1 {
		t.Errorf("a second had %d requests, with a pace of 1", most)
	}
}

// acceptHeld accepts what is held, as an operator does who knows that it is true, and tells
// whether anything was.
func (r *rig) acceptHeld() bool {
	r.Helper()
	held := r.status().Held
	if held == nil {
		return false
	}
	if err := (mirror.Decision{Held: held}).Order(r.Context(), r.store.Mirror(company)); err != nil {
		r.Fatal(err)
	}
	return true
}
