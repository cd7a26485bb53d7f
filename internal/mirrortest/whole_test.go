package mirrortest

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/mirror"
)

var stirs = flag.Uint64("stirs", 5, "how many runs of TestOnceWhole there are")

// Whatever has happened while a mirror came and went: one that makes every reading, and ends,
// leaves the calls that the upstream lists.
func TestOnceWhole(t *testing.T) {
	for seed := range *stirs {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, 11))
			script := small(100 + seed)
			script.History, script.PerDay, script.Workspaces = 30*day, 4+chance.IntN(20), 1+chance.IntN(3)
			script.Rests = time.Date(2000, 1, 1, 0, 1, 0, 0, time.UTC) // a minute into a bubble
			inBubble(t, options{script: script, hurry: 1 + chance.IntN(600), closed: true}, func(t *testing.T, r *rig) {
				r.config.Limits.Pace, r.config.Limits.Daily = 50, 1_000_000
				for range 20 + chance.IntN(20) {
					running, stop := context.WithTimeout(t.Context(), time.Duration(chance.Int64N(int64(20*time.Second))))
					if err := mirror.Run(running, r.config); err != nil {
						t.Fatal(err)
					}
					stop()
					r.server.Stir(chance)
				}
				r.config.Whole = true
				outcome, err := mirror.Once(t.Context(), r.config)
				if err != nil || outcome.Held != nil || !outcome.Backfilled {
					t.Errorf("the outcome is %+v, %v", outcome, err)
				}
				r.equal()
			})
		})
	}
}
