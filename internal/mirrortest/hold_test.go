package mirrortest

import (
	"testing"
	"time"

	"github.com/callvault/callvault"
)

// A hold ends by itself when the rights are back, also if calls that were counted and not listed
// went meanwhile: what they explained before explains nothing now.
func TestHoldEndsWhenExcessIsGone(t *testing.T) {
	script := small(35)
	script.Rests = opens.Add(time.Minute)
	r := newRig(t, options{script: script})
	r.run(2*day, nil)
	var counted []callvault.ID
	for i := range 70 {
		counted = append(counted, r.server.World.AddCounted(r.now.Add(-4*day-time.Duration(i)*17*time.Hour)))
	}
	r.run(12*day, nil)
	if s := r.status(); s.Excess != len(counted) || s.Held != nil {
		t.Fatalf("the excess is %d, and held is %+v", s.Excess, s.Held)
	}
	r.server.World.Hide(0.3)
	r.run(2*day, nil)
	if r.status().Held == nil {
		t.Fatal("nothing is held while rights are lost")
	}
	for _, id := range counted {
		r.server.World.Purge(id)
	}
	r.run(2*day, nil)
	if r.status().Held == nil {
		t.Fatal("nothing is held while rights are lost")
	}
	r.server.World.Hide(0)
	r.run(2*time.Hour+10*time.Minute, nil)
	if s := r.status(); s.Held != nil {
		t.Errorf("two hours after the rights are back held is %+v, and the excess %d", s.Held, s.Excess)
	}
	r.run(day, nil)
	r.equal()
}
