package mirrortest

import (
	"slices"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/upstream"
)

// hides lets an upstream count a call and not list it, and answer for its id with neither the
// call nor that there is none.
func (l *liar) hides(hidden callvault.ID) {
	l.list = func(_ upstream.Ask, page *upstream.Page) error {
		page.Calls = slices.DeleteFunc(page.Calls, func(call upstream.Listed) bool { return call.ID == hidden })
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
