package mirrortest

import (
	"testing"
	"time"

	"github.com/callvault/callvault/internal/upstream"
)

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
	r.lies().list = func(_ upstream.Ask, page *upstream.Page) error {
		page.Date = page.Date.Add(ahead)
		return nil
	}
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
