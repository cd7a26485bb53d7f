package mirrortest

import (
	"encoding/json"
	"testing"
	"time"
)

// An account at rest is here to the byte after one old round.
func TestRest(t *testing.T) {
	script := small(1)
	script.Rests = opens.Add(20 * day)
	r := newRig(t, options{script: script})
	last := time.Time{}
	r.run(23*day, func() {
		if r.now.Sub(last) > time.Hour {
			last = r.now
			r.kept()
		}
	})
	r.equal()
	s, _ := json.MarshalIndent(r.status(), "", " ")
	t.Logf("%d requests, %d steps: %s", r.server.Requests(), r.steps, s)
}
