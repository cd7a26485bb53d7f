package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// A log whose store was moved away is never told of as if there were no store: what was
// written last may be in it.
func TestOrphanedLog(t *testing.T) {
	folder := t.TempDir()
	db := filepath.Join(folder, "calls.db")
	writeFile(t, db+"-wal", "")
	writeFile(t, db+"-shm", "")
	want := "callvault: " + db + "-wal belongs to a calls.db that was moved without it, and may hold its latest calls; move it (and " + db +
		"-shm) to where that file is now, do not delete them, then run this again\n"
	for _, args := range [][]string{
		{"calls"}, {"export"}, {"import", "-"}, {"serve"}, {"serve", "--read-only"}, {"key", "list"}, {"key", "create"}, {"check"},
		{"delete", "--yes", "--id", "1"}, {"backup", filepath.Join(folder, "backup.db")},
	} {
		c := newCLI(t)
		c.env["CALLVAULT_DB"], c.stdin = db, callOne
		if got := c.run(args...); got.code != exitFailed || got.stderr != want {
			t.Errorf("%q: %+v", args, got)
		}
	}
	if left, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(left) != 2 {
		t.Errorf("left are %q, %v", left, err)
	}
}

// A database that can't be reached is told on one line, once, with what helps.
func TestUnreachableDatabase(t *testing.T) {
	c := newCLI(t)
	address := unused(t)
	c.env["CALLVAULT_DB"] = "postgres://me:hush@" + address + "/calls"
	for _, command := range []string{"info", "serve", "import " + c.file("a.ndjson", callOne)} {
		got := c.run(strings.Fields(command)...)
		if got.code != exitFailed || strings.Count(got.stderr, "\n") != 1 || strings.Count(got.stderr, "dial error") != 1 ||
			!strings.HasSuffix(got.stderr, "; check that the server runs, and that this machine reaches its host and port\n") || strings.Contains(got.stderr, "hush") {
			t.Errorf("%s: %+v", command, got)
		}
	}
}
