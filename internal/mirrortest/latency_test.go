package mirrortest

import (
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
)

// What totals show is here long before the page of a round comes to it: see docs/mirror.md for
// the times at every size.
func TestSoonHere(t *testing.T) {
	script := small(11)
	script.PerDay, script.Workspaces, script.Rests = 60, 3, opens.Add(time.Minute)
	r := newRig(t, options{script: script})
	r.run(3*day, nil)
	r.equal()
	old := r.now.Add(-40 * day)
	ids := r.someCalls(1)
	move := ids[len(ids)/3]
	edit := ids[len(ids)/2]
	for _, c := range []struct {
		name   string
		change func()
		within time.Duration
	}{
		{"a call that is listed 40 days late", func() { r.server.World.Add(old) }, 70 * time.Minute},
		{"a purge of an old call", func() { r.server.World.Purge(ids[len(ids)/4]) }, 70 * time.Minute},
		{"a call of today", func() { r.server.World.Add(r.now.Add(r.off - 20*time.Minute)) }, 6 * time.Minute},
		{"a call of yesterday", func() { r.server.World.Add(r.now.Add(r.off - 20*time.Hour)) }, 66 * time.Minute},
		{"a move by three weeks", func() { r.server.World.Move(move, r.upstreamTime(move).Add(21*day)) }, 8 * time.Hour},
		{"another workspace of an old call", func() {
			for before := r.workspace(edit); r.workspace(edit) == before; {
				r.server.World.Edit(edit)
			}
		}, 130 * time.Minute},
	} {
		c.change()
		if !r.agreesWithin(c.within) {
			t.Errorf("%s is not here after %v", c.name, c.within)
			r.run(3*day, nil)
		}
	}
}

// upstreamTime is when a call happened.
func (r *rig) upstreamTime(id callvault.ID) time.Time {
	call, ok := r.server.World.Call(id)
	if !ok {
		r.Fatalf("the upstream has no call %s", id)
	}
	return call.Time.UTC()
}

func (r *rig) workspace(id callvault.ID) callvault.ID {
	call, _ := r.server.World.Call(id)
	return call.Workspace
}

// agreesWithin runs the mirror until its calls are those of the upstream, for a time at most.
func (r *rig) agreesWithin(d time.Duration) bool {
	for end := r.now.Add(d); r.now.Before(end); r.run(5*time.Minute, nil) {
		if r.agrees() {
			return true
		}
	}
	return r.agrees()
}

func (r *rig) agrees() bool {
	here := r.calls()
	for call := range r.server.World.Calls() {
		if here[call.ID] != string(call.Document) {
			return false
		}
		delete(here, call.ID)
	}
	return len(here) == 0
}

// A call that is counted before it is listed changes no total when it is listed. It is found
// after at most as long again as it was stuck.
func TestCountedThenListed(t *testing.T) {
	for _, stuck := range []time.Duration{time.Hour, 8 * time.Hour, 2 * day} {
		script := small(12)
		script.PerDay, script.Rests = 60, opens.Add(time.Minute)
		r := newRig(t, options{script: script})
		r.run(3*day, nil)
		id := r.server.World.AddCounted(r.now.Add(-40 * day))
		r.run(stuck, nil)
		if s := r.status(); s.Excess != 1 {
			t.Errorf("after %v the excess is %d", stuck, s.Excess)
		}
		r.server.World.List(id)
		if most := stuck + 90*time.Minute; !r.agreesWithin(most) {
			t.Errorf("a call that was stuck for %v is not here after %v", stuck, most)
		}
		r.run(time.Hour, nil)
		if s := r.status(); s.Excess != 0 {
			t.Errorf("after it was listed the excess is %d", s.Excess)
		}
		r.quiet("after it was listed")
	}
}

// Pages that history gains as time passes hold about 90 calls, so that a round costs one request
// for 90 calls however long a mirror runs.
func TestPagesAreFull(t *testing.T) {
	script := small(13)
	script.History, script.PerDay = 0, 100
	r := newRig(t, options{script: script, store: newMemory(), before: (*rig).listDirectly})
	r.run(14*day, nil)
	pages := 0
	err := r.store.Mirror(company).Values(t.Context(), "span/", func(string, []byte) error { pages++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if calls := r.status().Calls; pages > calls/80+2 {
		t.Errorf("%d calls have %d pages", calls, pages)
	}
}

// The backfill comes to its end however small the budget is: history that was never read goes
// before what is read again.
func TestBackfillGoesBeforeTheOldRound(t *testing.T) {
	script := small(15)
	script.History, script.PerDay, script.Rests = 2*365*day, 40, opens.Add(time.Minute)
	r := newRig(t, options{script: script, store: newMemory(), before: (*rig).listDirectly, limits: budget.Limits{Pace: 1, Daily: 250, Saved: 3 * time.Hour}})
	r.run(7*day, nil)
	if s := r.status(); !s.Backfill.Done {
		t.Errorf("%d calls of %d are here after a week, which had %v", s.Backfill.Calls, s.Backfill.Total, s.Requests.Purposes)
	}
}
