package program_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// trial is work of the program that loses its power.
type trial struct {
	name   string
	images int // in the short form, and at length

	// work does it on recorded I/O, and returns what must be true of every image.
	work func(c *program.CLI, r *recorder) (holds func(c *program.CLI, done []deed) error)
}

var trials = []trial{
	{"import", 30, importTrial(recordsInTurn)},
	{"import of shuffled ids", 20, importTrial(recordsShuffled)},
	{"import that restarts the log", 6, restartTrial},
	{"delete", 30, deleteTrial},
	{"backup", 24, backupTrial},
	{"restore", 20, restoreTrial},
	{"export", 16, exportTrial},
	{"keys", 24, keysTrial},
	{"a new store", 30, newStoreTrial},
}

// The power is lost at any moment: of what the program wrote and did not sync any part
// is on the disk, in any order and torn between sectors, and files that it made or
// removed are there or not unless it synced their folder. The program opens what is
// left, finds it sound, and has all that it acknowledged, and no batch by half.
func TestLossOfPower(t *testing.T) {
	for _, tr := range trials {
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			c := program.New(t)
			deeds, begun, holds := tr.record(c)
			var found atomic.Int64
			each(times(tr.images, 25*tr.images), func(part int) {
				if err := lose(t, deeds, begun, part, holds); err != nil && found.Add(1) <= 3 {
					t.Error(err)
				}
			})
			syncs := 0
			for _, one := range deeds[begun:] {
				if one.kind == synced || one.kind == allSynced {
					syncs++
				}
			}
			t.Logf("%d images of %d deeds, %d of them syncs: %d are wrong", times(tr.images, 25*tr.images), len(deeds)-begun, syncs, found.Load())
		})
	}
}

// A program that syncs nothing loses what it acknowledged, and is found out.
func TestLossOfPowerIsSeen(t *testing.T) {
	t.Parallel()
	deeds, begun, holds := trials[0].record(program.New(t))
	unsynced := slices.Clone(deeds[:begun])
	for _, one := range deeds[begun:] {
		if one.kind != synced && one.kind != allSynced {
			unsynced = append(unsynced, one)
		}
	}
	for part := range 40 {
		if lose(t, unsynced, begun, part, holds) != nil {
			return
		}
	}
	t.Error("nobody noticed that nothing was synced")
}

// record does the work, and returns what was done and where that began.
func (tr trial) record(c *program.CLI) (deeds []deed, begun int, holds func(*program.CLI, []deed) error) {
	c.T.Helper()
	r := &recorder{folder: c.Folder}
	holds = tr.work(c, r)
	return r.deeds, r.begun, holds
}

// each does something for many parts, on all processors.
func each(parts int, do func(part int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for part := next.Add(1) - 1; part < int64(parts); part = next.Add(1) - 1 {
				do(int(part))
			}
		})
	}
	group.Wait()
}

// lose loses the power at a moment that chance chooses, and tells what does not hold.
func lose(t testing.TB, deeds []deed, begun, part int, holds func(*program.CLI, []deed) error) error {
	random := chance(t, part)
	after, f := begun+random.IntN(len(deeds)-begun+1), fate(part)%fates
	folder, err := os.MkdirTemp(t.TempDir(), "image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := powerLoss(deeds, after, f, random).write(folder); err != nil {
		return err
	}
	c := &program.CLI{T: t, Folder: folder, DB: filepath.Join(folder, "calls.db")}
	if err := holds(c, deeds[begun:after]); err != nil {
		return fmt.Errorf("image %d (fate %d, after %d of %d deeds): %w", part, f, after-begun, len(deeds)-begun, err)
	}
	return nil
}

// saying is how often the program said something.
func saying(done []deed, text string) (n int) {
	for _, one := range done {
		if one.kind == said {
			n += bytes.Count(one.data, []byte(text))
		}
	}
	return n
}

// ends is how many runs have ended.
func ends(done []deed) (n int) {
	for _, one := range done {
		if one.kind == ended {
			n++
		}
	}
	return n
}

// digest is the digest of a store, which is sound.
func digest(c *program.CLI, db string) (string, error) {
	got, err := c.Try(strings.NewReader(""), "check", "--digest", "--db", db)
	if err != nil {
		return "", err
	}
	if got.Code != program.ExitOK {
		return "", fmt.Errorf("check ended with %d: %s", got.Code, got.Stderr)
	}
	return got.Stdout, nil
}

// isOneOf checks that a store is as it was after what was acknowledged, or after the
// next that was not yet.
func isOneOf(c *program.CLI, states []string, acknowledged int) error {
	got, err := digest(c, c.DB)
	if err != nil {
		return err
	}
	if at := slices.Index(states, got); at < acknowledged || at > acknowledged+1 {
		return fmt.Errorf("%d batches were acknowledged, and it is as after %d", acknowledged, at)
	}
	return nil
}
