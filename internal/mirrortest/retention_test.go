package mirrortest

import (
	"slices"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/upstream"
)

// hides lets an upstream count a call and not list it, and answer for its id with neither the
// call nor that there is none.
func (l *liar) hides(hidden callvault.ID) {
	l.list = func(_ upstream.Ask, page *upstream.Page) error {
		page.Calls = slices.DeleteFunc(page.Calls, func(call callvault.Call) bool { return call.ID == hidden })
		return nil
	}
	l.call = func(id callvault.ID) error {
		if id == hidden {
			return &gong.Error{Status: 400, Errors: []string{"The id is not valid"}}
		}
		return nil
	}
}

// While a difference can't be settled, calls that retention has removed wait for a day. Then they
// go by id, and with an answer for each at most G a day.
func TestRetentionWhileUnsettled(t *testing.T) {
	script := small(36)
	script.PerDay, script.History, script.Retention = 20, 30*day, 30*day
	script.Rests = opens.Add(8 * day)
	r := newRig(t, options{script: script, closed: true})
	lies := r.lies()
	r.open()
	r.run(2*day, nil)
	ids := r.someCalls(1)
	hidden := ids[len(ids)-40]
	lies.hides(hidden)
	r.run(3*time.Hour, nil)
	if s := r.status(); s.Absent != 1 {
		t.Fatalf("%d calls are absent", s.Absent)
	}
	asked := func() int { return r.status().Requests.Purposes["by-id"] }
	left := func() (n int) { // calls here that retention has removed
		for id := range r.calls() {
			if !r.server.World.Has(id) {
				n++
			}
		}
		return n
	}
	for left() == 0 {
		r.run(time.Hour, nil) // to the next retention upstream
	}
	removed := left()
	r.run(23*time.Hour, nil)
	if n := left(); n < removed {
		t.Errorf("%d calls are left of %d that went less than a day ago", n, removed)
	}
	r.run(2*time.Hour, nil)
	if n := left(); n >= removed || asked() < removed {
		t.Errorf("%d calls are left of %d that went a day ago; %d requests were by id", n, removed, asked())
	}
	most := 50
	for range 6 {
		before := r.calls()
		r.run(day, nil)
		gone := 0
		for id := range before {
			if r.calls()[id] == "" {
				gone++
			}
		}
		if gone > most {
			t.Errorf("%d calls went in a day", gone)
		}
	}
	if s := r.status(); r.calls()[hidden] == "" || s.Held != nil {
		t.Errorf("the call that is not listed is here: %t; held is %+v", r.calls()[hidden] != "", s.Held)
	}
	lies.list, lies.call = nil, nil
	r.run(3*day, nil)
	r.equal()
}

// At half of the slowest pace that is allowed, as after a 429, deletions have their witness within
// a minute, too.
func TestDeletionsAtASlowPace(t *testing.T) {
	script := small(41)
	script.History, script.Rests = 20*day, opens.Add(time.Minute)
	r := newRig(t, options{script: script, limits: budget.Limits{Pace: 0.05, Daily: 5000, Saved: 3 * time.Hour}})
	r.run(2*day, nil)
	for _, id := range r.someCalls(8) {
		r.server.World.Purge(id)
	}
	r.run(6*time.Hour, nil)
	r.equal()
}

// However long it takes to delete many calls, each commit comes within a minute of a listing that
// shows what may go: at least the calls that stay, or that there are none.
func TestWitnessOfManyDeletions(t *testing.T) {
	for name, change := range map[string]func(r *rig){
		"a new retention": nil,
		"all": func(r *rig) {
			for _, id := range r.someCalls(1) {
				r.server.World.Purge(id)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			script := small(37)
			script.PerDay, script.Rests = 100, opens.Add(time.Minute)
			if change == nil {
				script.Retention, script.RetentionFrom, script.Rests = 10*day, opens.Add(day), opens.Add(2*day)
			}
			r := newRig(t, options{script: script, closed: true})
			var asked time.Time
			r.lies().list = func(upstream.Ask, *upstream.Page) error { asked = r.now; return nil }
			commits := 0
			r.config.Store = hooked{Store: r.store, before: func(change callvault.MirrorChange) {
				if len(change.Delete) == 0 {
					return
				}
				if commits++; r.now.Sub(asked) > time.Minute {
					t.Errorf("commit %d deletes %v after a listing", commits, r.now.Sub(asked))
				}
				r.now = r.now.Add(40 * time.Second) // on a slow disk
			}}
			r.open()
			r.run(day, nil)
			if change != nil {
				change(r)
			}
			r.run(2*day, nil)
			held := r.status().Held
			if held == nil {
				t.Fatal("nothing is held")
			}
			before := len(r.calls())
			if err := (mirror.Decision{Held: held}).Order(t.Context(), r.store.Mirror(company)); err != nil {
				t.Fatal(err)
			}
			r.run(3*time.Hour, nil)
			for id := range r.calls() {
				if !r.server.World.Has(id) {
					t.Errorf("call %s is left", id)
				}
			}
			if commits < 4 || before < 3500 {
				t.Errorf("%d commits deleted %d calls", commits, before)
			}
		})
	}
}

// A call that is counted and not listed, beside the oldest calls, hides no move from retention: a
// call that moved away from them stays.
func TestRetentionBesideExcess(t *testing.T) {
	script := small(40)
	script.AllHours, script.History, script.Retention = true, 30*day, 30*day
	script.Late, script.VeryLate, script.Edited, script.Moved = 0, 0, 0, 0
	script.OldEdited, script.OldMoved, script.Purged = 0, 0, 0
	w := &watch{}
	r := newRig(t, options{script: script, before: w.watched})
	counted := r.server.World.AddCounted(opens.Add(-25 * day))
	r.run(2*day, nil)
	if n := r.status().Excess; n != 1 {
		t.Fatalf("the excess is %d", n)
	}
	for range 6 {
		r.run(opens.Truncate(day).Add(day+110*time.Minute).Sub(r.now)%day+day, nil) // to 01:50
		r.server.World.Advance(r.now)
		ids := r.someCalls(1)
		r.server.World.Move(ids[5], r.now.Add(-6*day))
	}
	r.server.World.List(counted)
	r.run(3*day, nil)
	if w.wrong > 0 {
		t.Errorf("%d calls were deleted that the upstream still had", w.wrong)
	}
	r.equal()
}
