//go:build unix

package program_test

import (
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// A follower of the feed of a mirrored company, that is killed at random moments while the
// mirror writes, ends equal to the store, and the store to the account. The server that mirrors
// ends well, and another one goes on with the feed.
func TestFollowersOfAMirror(t *testing.T) {
	t.Parallel()
	onBothKinds(t, func(t *testing.T, k kind) {
		c, random := k.empty(t), chance(t, 0)
		a := newAccount(t, random.Uint64(), nil)
		key := c.Key()
		s := c.Serve(a.args(c, "--rate-limit", "off", "--mirror")...)
		env := []string{"CALLVAULT_ACCESS_KEY=" + key.AccessKey, "CALLVAULT_ACCESS_KEY_SECRET=" + key.AccessKeySecret}
		followers := map[string]*follower{
			"server": newFollower(c, "server", env, "--url", s.Base),
			"store":  newFollower(c, "store", nil),
		}
		done := make(chan struct{})
		reading := followAndDie(t, followers, done)
		for range times(10, 200) {
			a.Stir(random)
			a.await(2)
		}
		close(done)
		reading.Wait()
		if code := s.End(syscall.SIGTERM); code != program.ExitOK {
			t.Errorf("the server ended with %d: %s", code, s.Stderr.String())
		}
		a.mustEqual(c)
		exported, again := c.Must("export"), c.Serve("--rate-limit", "off")
		for name, f := range followers {
			if name == "server" {
				f.args[len(f.args)-1] = again.Base
			}
			if err := f.run(0, nil); err != nil {
				t.Fatal(err)
			}
			f.isEqual(name, exported)
		}
	})
}
