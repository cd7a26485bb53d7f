package mirrortest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/upstream"
)

// w is W, as the store has it.
func (r *rig) w() time.Time {
	r.Helper()
	var edge struct{ W time.Time }
	err := r.store.Mirror(company).Values(r.Context(), "edge", func(_ string, value []byte) error { return json.Unmarshal(value, &edge) })
	if err != nil {
		r.Fatal(err)
	}
	return edge.W
}

// wIsRight fails the test unless W is 36 hours behind the upstream's clock, and two at most more.
func (r *rig) wIsRight() {
	r.Helper()
	if behind := r.now.Add(r.off).Sub(r.w()); behind < 36*time.Hour || behind > 39*time.Hour {
		r.Fatalf("at %v W is %v behind", r.now, behind)
	}
}

// dates sets by how much the Date of each answer is ahead, in a rig whose mirror is not open yet.
func (r *rig) dates(ahead *time.Duration) {
	r.lies().list = func(_ upstream.Ask, page *upstream.Page) error {
		page.Date = page.Date.Add(*ahead)
		return nil
	}
}

// A single answer with another Date moves nothing: not W, and no deletion. Neither does one that
// is the first that a process gets.
func TestDateLiesOnce(t *testing.T) {
	r := newRig(t, options{script: small(31), closed: true})
	lie, next := 20*day, time.Time{}
	r.lies().list = func(_ upstream.Ask, page *upstream.Page) error {
		if !next.IsZero() && !page.Date.Before(next) {
			page.Date, next, lie = page.Date.Add(lie), page.Date.Add(7*time.Minute), -lie
		}
		return nil
	}
	r.open()
	r.run(day, nil)
	r.wIsRight()
	next = r.now
	r.run(2*day, r.wIsRight)
	for range 20 {
		next = r.now
		r.restart()
		r.run(17*time.Minute, r.wIsRight)
	}
	r.kept()
	if s := r.status(); s.Held != nil || !s.Connected {
		t.Errorf("held is %+v, connected %v", s.Held, s.Connected)
	}
}

// An upstream whose clock really jumped is followed.
func TestUpstreamClockJumps(t *testing.T) {
	r := newRig(t, options{script: small(32)})
	r.run(2*day, nil)
	r.off += 5 * time.Hour
	r.run(2*time.Hour, nil)
	r.wIsRight()
	r.kept()
}

// However far the upstream's clock runs ahead, a horizon that moves further than the machine's
// time did is a hold.
func TestRetentionUnderAClockThatRunsAhead(t *testing.T) {
	script := small(33)
	script.Retention, script.RetentionFrom = 30*day, opens.Add(3*day)
	r := newRig(t, options{script: script, closed: true})
	ahead := time.Duration(0)
	r.dates(&ahead)
	r.open()
	r.run(2*day, nil)
	ahead = 60 * day
	r.run(2*day, nil)
	if held := r.status().Held; held == nil || held.Calls < 100 {
		t.Errorf("held is %+v", held)
	}
}

// What was deleted under a clock that was ahead does not count against what may be deleted for
// longer than a day after the clock came back.
func TestDeletionsOfAClockThatWasAhead(t *testing.T) {
	script := small(34)
	script.Rests = opens.Add(time.Minute)
	r := newRig(t, options{script: script, closed: true})
	ahead := 20 * day
	r.dates(&ahead)
	r.open()
	r.run(2*day, nil)
	for range 2 {
		for _, id := range r.someCalls(15)[5:50] {
			r.server.World.Purge(id)
		}
		r.run(2*day, nil)
		if s := r.status(); s.Held != nil {
			t.Errorf("held is %+v", s.Held)
		}
		r.equal()
		ahead = 0
		r.run(25*time.Hour, nil)
	}
}

// When the machine's clock is set back by a day, the mirror reads on at once.
func TestMachineClockSetBack(t *testing.T) {
	r := newRig(t, options{script: small(21)})
	r.run(2*day, nil)
	r.now, r.off = r.now.Add(-day), r.off+day
	before := r.sent
	r.run(time.Hour, nil)
	if r.sent-before < 12 {
		t.Errorf("%d requests were sent in the hour after the clock was set back", r.sent-before)
	}
}

// A clock of the upstream that was ahead for some hours, and comes back, stops no reading.
func TestUpstreamClockComesBack(t *testing.T) {
	script := small(22)
	script.Rests = opens.Add(3 * day)
	r := newRig(t, options{script: script, closed: true})
	ahead := time.Duration(0)
	r.dates(&ahead)
	r.open()
	r.run(2*day, nil)
	ahead = 20 * day
	r.run(8*time.Hour, nil)
	ahead = 0
	before := r.sent
	r.run(2*time.Hour, nil)
	if r.sent-before < 24 {
		t.Errorf("%d requests were sent in two hours after the upstream's clock came back", r.sent-before)
	}
	r.run(4*day, nil)
	r.equal()
}
