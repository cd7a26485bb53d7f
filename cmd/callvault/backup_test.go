package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

// A store is neither read as records nor overwritten by an export of itself.
func TestFilesOfTheStoreAreRefused(t *testing.T) {
	c := newCLI(t)
	c.must("import", "-q", c.file("calls.ndjson", `{"id":"1","started":"2026-01-31T09:00:00Z"}`))
	db, exported := c.env["CALLVAULT_DB"], c.must("export")
	for _, command := range []string{"import", "export"} {
		if got := c.run(command, db); got.code != exitUsage || !strings.Contains(got.stderr, db+" belongs to the store; name another file\n") {
			t.Errorf("%s: %+v", command, got)
		}
	}
	if got := c.must("export"); got != exported {
		t.Errorf("exported is %s", got)
	}
}

// A backup that is restored is the same store; what is there is not overwritten.
func TestBackupAndRestore(t *testing.T) {
	c := newCLI(t)
	c.must("import", "-q", c.file("calls.ndjson", `{"id":"1","started":"2026-01-31T09:00:00Z"}`, `{"id":"2","started":"2026-01-31T09:00:00Z"}`))
	c.must("key", "create")
	folder := t.TempDir()
	file, store := filepath.Join(folder, "backup.db"), filepath.Join(folder, "store.db")
	if got := c.run("backup", file); got.code != exitOK || !strings.HasPrefix(got.stderr, "wrote "+file+": ") || got.stdout != "" {
		t.Errorf("%+v", got)
	}
	if got := c.run("restore", "--db", store, "-q", file); got != (outcome{}) {
		t.Errorf("%+v", got)
	}
	if got, want := c.must("check", "--digest", "--db", store), c.must("check", "--digest"); got != want {
		t.Errorf("the digest is %s, want %s", got, want)
	}
	for _, args := range [][]string{{"backup", file}, {"restore", file}} {
		if got := c.run(args...); got.code != exitFailed || !strings.HasSuffix(got.stderr, " exists; pass --force to overwrite it\n") {
			t.Errorf("%v: %+v", args, got)
		}
		if got := c.run(append(args, "--force", "-q")...); got != (outcome{}) {
			t.Errorf("%v --force: %+v", args, got)
		}
	}
	if got := c.run("backup", "--db", filepath.Join(folder, "none.db"), filepath.Join(folder, "other")); got.code != exitFailed || !strings.Contains(got.stderr, "there is no store at ") {
		t.Errorf("%+v", got)
	}
	if got := c.run("restore", "--db", filepath.Join(folder, "none.db"), c.file("text", "id,title")); got.code != exitFailed || !strings.Contains(got.stderr, "it is not a SQLite file") {
		t.Errorf("%+v", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := c.runContext(ended, strings.NewReader(""), "backup", filepath.Join(folder, "other")); got.code != exitFailed || !strings.HasSuffix(got.stderr, "other was not written\n") {
		t.Errorf("%+v", got)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 2 {
		t.Errorf("in the folder are %v, %v", entries, err)
	}
}

// A restore says first whether there is a backup, and what to do with a store that is there.
func TestRestoreSaysWhatToDo(t *testing.T) {
	c := newCLI(t)
	c.must("import", c.file("calls.ndjson", callOne))
	db, folder := c.env["CALLVAULT_DB"], t.TempDir()
	backup, none := filepath.Join(folder, "backup.db"), filepath.Join(folder, "none.db")
	c.must("backup", backup)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"restore", none}, "there is no file " + none + "; name a backup\n"},
		{[]string{"restore", "--force", "--db", backup, backup}, backup + " belongs to the store; name another file\nSee 'callvault restore --help'.\n"},
		{[]string{"backup", "--force", db}, db + " belongs to the store; name another file\nSee 'callvault backup --help'.\n"},
		{[]string{"restore", backup}, db + " exists; pass --force to overwrite it\n"},
		{[]string{"backup", backup}, backup + " exists; pass --force to overwrite it\n"},
	} {
		if got := c.run(tt.args...); got.code == exitOK || got.stderr != "callvault: "+tt.want {
			t.Errorf("%q: %+v", tt.args, got)
		}
	}
}

// timelines are those of the default company in a store.
func timelines(t *testing.T, db string) []callvault.Timeline {
	t.Helper()
	store, err := (&app{stderr: io.Discard}).open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	all, err := store.Calls("default").Timelines(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Two stores of one backup, restored or copied and said to be so, have the timelines of
// their original, and then each its own from the number of the backup on.
func TestTimelines(t *testing.T) {
	c, folder := newCLI(t), t.TempDir()
	c.must("import", "-q", c.file("calls.ndjson", callOne, callThree))
	before := timelines(t, c.env["CALLVAULT_DB"])
	backup := filepath.Join(folder, "backup.db")
	c.must("backup", backup)
	content := read(t, backup)
	write := c.file("more.ndjson", callTwo)
	seen := map[callvault.Timeline]bool{}
	for _, restored := range []string{"a.db", "b.db", "c.db"} {
		db := filepath.Join(folder, restored)
		if restored == "c.db" {
			writeFile(t, db, content)
			if got := c.run("restore", "--in-place", "--db", db); got != (outcome{exitOK, "", "the next change of each company begins a new timeline\n"}) {
				t.Errorf("%+v", got)
			}
		} else {
			c.must("restore", "--db", db, backup)
		}
		if got := timelines(t, db); !slices.Equal(got, before) {
			t.Errorf("%s has the timelines %v, want %v", restored, got, before)
		}
		c.must("import", "-q", "--db", db, write)
		got := timelines(t, db)
		if len(got) != len(before)+1 || !slices.Equal(got[:len(before)], before) || got[len(before)].From != 2 || seen[got[len(before)]] {
			t.Errorf("%s has the timelines %v after %v", restored, got, before)
		}
		seen[got[len(got)-1]] = true
	}
	c.must("import", "-q", write)
	if got := timelines(t, c.env["CALLVAULT_DB"]); !slices.Equal(got, before) {
		t.Errorf("the original has the timelines %v, want %v", got, before)
	}
}
