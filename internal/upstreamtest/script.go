package upstreamtest

import (
	"math/rand/v2"
	"time"

	"github.com/callvault/callvault/internal/demo"
)

// Script is any script: small, with many changes of every kind, that comes to rest after some
// days. It has no outages.
func Script(seed uint64, opens time.Time) demo.Script {
	r := rand.New(rand.NewPCG(seed, 5))
	share := func(most float64) float64 { return r.Float64() * most }
	days := func(least, most int) time.Duration { return time.Duration(least+r.IntN(most-least)) * day }
	s := demo.Script{
		Seed: seed, Opens: opens, Rests: opens.Add(days(3, 12)), History: days(20, 150),
		PerDay: 5 + r.IntN(60), AllHours: r.IntN(4) == 0, Workspaces: 1 + r.IntN(demo.MaxWorkspaces),
		Late: share(0.3), VeryLate: share(0.1), Unlisted: share(0.01), Edited: share(0.3), Moved: share(0.2),
		OldEdited: share(0.3), OldMoved: share(0.1), Purged: share(0.05),
	}
	if r.IntN(2) == 0 {
		s.Workspaces = 1
	}
	if r.IntN(3) == 0 {
		s.Tied = 100 + r.IntN(120)
	}
	if r.IntN(2) == 0 {
		s.Retention = s.History - days(1, 10)
	}
	return s
}
