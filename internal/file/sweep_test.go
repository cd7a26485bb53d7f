package file

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// dead leaves in a folder what a killed process would, and returns its id.
func dead(t *testing.T, folder string) string {
	t.Helper()
	var d Draft
	must(t, d.open(folder), d.out.Close(), os.WriteFile(d.base+sqliteSuffixes[0], nil, 0o600), os.WriteFile(d.base+sqliteSuffixes[1], nil, 0o600), os.WriteFile(d.base+sqliteSuffixes[2], nil, 0o600), d.lock.Close())
	return strings.TrimPrefix(filepath.Base(d.base), prefix)
}

// The next file that is written in a folder, whatever its name, removes what the
// killed have left, and leaves what is being written and what is not a draft.
func TestSweep(t *testing.T) {
	folder := t.TempDir()
	running, err := Create(filepath.Join(folder, "running"))
	must(t, err)
	id := dead(t, folder)
	must(t, os.Remove(filepath.Join(folder, prefix+dead(t, folder)+partSuffix)))
	foreign := prefix + id + ".csv"
	must(t, os.WriteFile(filepath.Join(folder, foreign), nil, 0o600), os.Mkdir(filepath.Join(folder, prefix+strings.Repeat("A", 26)+partSuffix), 0o700))
	must(t, put(t, filepath.Join(folder, "calls"), "x"))
	want := map[string]bool{"calls": true, foreign: true, prefix + strings.Repeat("A", 26) + partSuffix: true, filepath.Base(running.base) + lockSuffix: true, filepath.Base(running.base) + partSuffix: true}
	for _, name := range strings.Fields(names(t, folder)) {
		if !want[name] {
			t.Errorf("%s is left", name)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s is gone", name)
	}
	_, err = io.WriteString(running, "whole")
	must(t, err, running.Commit())
	if got := text(t, filepath.Join(folder, "running")); got != "whole" {
		t.Errorf("got %q", got)
	}
}

// Files that are written in one folder at once do not remove each other's drafts.
func TestSweepAmongWriters(t *testing.T) {
	folder := t.TempDir()
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			for range 50 {
				if err := put(t, filepath.Join(folder, string(rune('a'+i))), "x"); err != nil {
					t.Error(err)
				}
				Sweep(folder)
			}
		})
	}
	writers.Wait()
	if got := names(t, folder); got != "a b c d e f g h" {
		t.Errorf("there are %s", got)
	}
}
