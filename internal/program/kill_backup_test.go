//go:build unix

package program_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// A backup, and a restore, that is killed (kill -9) at any moment is whole or
// absent, and the next one finds nothing in its way. One that is interrupted
// leaves nothing.
func TestKilledBackup(t *testing.T) {
	c := program.New(t)
	fillStore(c, 5000)
	digest := c.Must("check", "--digest")
	file := filepath.Join(t.TempDir(), "backup")
	backup := killable{c, file, []string{"backup", file}, os.Kill}
	undisturbed := backup.measure()
	interrupted := backup
	interrupted.signal = os.Interrupt
	interrupted.killAtRandom(times(2, 50), undisturbed, func() {})
	interrupted.remove()
	backup.killAtRandom(times(4, 100), undisturbed, func() {
		restored := beside(t, "restored.db")
		c.Must("restore", "--db", restored, file)
		if got := c.Must("check", "--digest", "--db", restored); got != digest {
			t.Errorf("a backup that was killed when it was whole has the digest %s, want %s", got, digest)
		}
	})

	store := filepath.Join(t.TempDir(), "restored.db")
	restore := killable{c, store, []string{"restore", "--db", store, file}, os.Kill}
	undisturbed = restore.measure()
	restore.killAtRandom(times(4, 100), undisturbed, func() {
		if got := c.Must("check", "--digest", "--db", store); got != digest {
			t.Errorf("a restore that was killed when it was whole has the digest %s, want %s", got, digest)
		}
	})
}

// killable is a command that writes one file.
type killable struct {
	c      *program.CLI
	file   string
	args   []string
	signal os.Signal
}

// measure is how long the command takes.
func (k killable) measure() time.Duration {
	k.c.T.Helper()
	begun := time.Now()
	k.c.Must(k.args...)
	took := time.Since(begun)
	k.remove()
	return took
}

func (k killable) remove() {
	if err := os.Remove(k.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		k.c.T.Fatal(err)
	}
}

// killAtRandom ends the command by its signal over and over, and calls whole when
// the file is there nevertheless.
func (k killable) killAtRandom(times int, undisturbed time.Duration, whole func()) {
	t := k.c.T
	t.Helper()
	random := chance(t, 0)
	there, halves := 0, 0
	for range times {
		cmd := k.c.Command(k.args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(random.Int64N(int64(undisturbed)*5/4)), func() { cmd.Process.Signal(k.signal) })
		cmd.Wait() // what it came to is seen by its file
		kill.Stop()
		switch _, err := os.Stat(k.file); {
		case err == nil:
			there++
			whole()
			k.remove()
		case !errors.Is(err, fs.ErrNotExist):
			t.Fatal(err)
		}
		halves = max(halves, k.unfinished())
	}
	t.Logf("%s ended by %v %d times: the file was whole %d times and absent %d times; at most %d unfinished ones were left", k.args[0], k.signal, times, there, times-there, halves)
	if *full && k.signal == os.Kill && (there == 0 || there == times) {
		t.Error("want both")
	}
	if halves > 1 || halves > 0 && k.signal != os.Kill {
		t.Errorf("%d unfinished files were left", halves)
	}
	k.c.Must(k.args...)
	if left := drafts(t, filepath.Dir(k.file)); len(left) > 0 {
		t.Errorf("a run that was complete has left %q", left)
	}
}

// unfinished is how many files that were begun are beside the one that is to be
// written.
func (k killable) unfinished() (n int) {
	for _, name := range drafts(k.c.T, filepath.Dir(k.file)) {
		if strings.HasSuffix(name, ".part") {
			n++
		}
	}
	return n
}
