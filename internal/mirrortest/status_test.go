package mirrortest

import (
	"testing"
	"time"

	"github.com/callvault/callvault/internal/budget"
)

// While history is read, the status counts all of the account's calls, and says how many of them
// are here.
func TestStatusWhileHistoryIsRead(t *testing.T) {
	script := small(16)
	script.History, script.PerDay, script.Rests = 400*day, 40, opens.Add(time.Minute)
	r := newRig(t, options{script: script, before: (*rig).listDirectly, limits: budget.Limits{Pace: 1, Daily: 250, Saved: 3 * time.Hour}})
	const some = 2000
	for hours := 0; r.status().Calls < some; hours++ {
		if hours > 7*24 {
			t.Fatalf("%d calls are here after a week", r.status().Calls)
		}
		r.run(time.Hour, nil)
	}
	s := r.status()
	if s.Backfill.Done {
		t.Fatalf("the backfill is done at %d calls", s.Calls)
	}
	upstream := 0
	for range r.server.World.Calls() {
		upstream++
	}
	if s.Upstream < upstream-50 || s.Upstream > upstream+50 {
		t.Errorf("%d calls are upstream, and the status says %d", upstream, s.Upstream)
	}
	if b := s.Backfill; b.Calls < some-300 || b.Calls > s.Calls || b.Total < b.Calls || b.Total > s.Upstream {
		t.Errorf("with %d calls here, %d of %d of history are", s.Calls, b.Calls, b.Total)
	}
}
