//go:build unix

package program_test

import (
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
	"github.com/callvault/callvault/internal/upstreamtest"
)

// kill -9 of a mirror, by itself or beside serve, at any moment, while the account changes and
// its network has troubles: the next one goes on at once. What an answer has shown is there
// when the next request comes, each request was counted before it was sent, and no second has
// more than the pace allows. In the end the store is what the account lists.
func TestKilledMirrors(t *testing.T) {
	t.Parallel()
	onBothKinds(t, func(t *testing.T, k kind) {
		c, random := k.empty(t), chance(t, 0)
		a := newAccount(t, random.Uint64(), upstreamtest.Usual())
		var l toll
		for l.kills < times(6, 200) {
			a.Stir(random)
			args := a.args(c, "mirror", "--url")
			if random.IntN(3) == 0 {
				args = a.args(c, "serve", "--listen", "127.0.0.1:0", "--mirror")
			}
			v := begin(c, nil, args...)
			l.lives++
			a.await(random.IntN(15))
			v.skip()
			if !v.kill(random, 50*time.Millisecond, 0) {
				t.Fatalf("%q ended by itself: %s", args, v.cmd.Stderr)
			}
			a.awaitUnused()
			mustBeSound(c)
			a.mustHave(c)
			l.count(v, 0, 0)
			if t.Failed() {
				return
			}
		}
		arrived, _ := a.requests()
		t.Logf("%d runs, killed %d times, %d times while a commit was being written; %d requests", l.lives, l.kills, l.writing, arrived)
		a.mustCount(c, l.kills)
		a.troubles.Shares = nil
		a.mustEqual(c)
		a.mustCount(c, l.kills)
	})
}

// skip skips what was printed by now: it tells nothing of commits.
func (v *victim) skip() {
	for len(v.lines) > 0 && v.await(1) {
	}
}

// mustHave wants the calls that the answers before the last request have shown. What the last
// one has shown a mirror that was killed then may have lost: the next one asks again.
func (a *account) mustHave(c *program.CLI) {
	c.T.Helper()
	_, last := a.requests()
	has := make(map[string]bool)
	for _, call := range callsOf(c, "default") {
		has[idOf(call)] = true
	}
	if lacks := a.Lacks(mirrorClient, last.Add(-1), has); len(lacks) > 0 {
		c.T.Errorf("%d calls are missing that the account has shown, such as %s", len(lacks), lacks[0])
	}
	a.Forget(mirrorClient, last)
}

// mustCount compares what the mirror has counted with the requests that came. Each life may
// have counted one that it did not send.
func (a *account) mustCount(c *program.CLI, lives int) {
	c.T.Helper()
	arrived, _ := a.requests()
	if used := usedOf(c); used < arrived || used > arrived+lives {
		c.T.Errorf("%d requests came, and %d were counted in %d lives", arrived, used, lives)
	}
	// On a busy machine requests are late and arrive together, so that a second of arrivals says
	// nothing about the pace: internal/budget holds it, restarts included, on a clock of its own.
}
