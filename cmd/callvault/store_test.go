package main

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/sqlite"
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

// What is missing is told with what to type.
func TestMissing(t *testing.T) {
	c := newCLI(t)
	folder := filepath.Join(t.TempDir(), "none")
	want := "callvault: the folder " + folder + " does not exist; make it, or name another store with --db\n"
	for _, args := range []string{"key create", "import -", "serve"} {
		if got := c.run(append(strings.Fields(args), "--db", filepath.Join(folder, "x.db"))...); got.code != exitFailed || got.stderr != want {
			t.Errorf("%s: %+v", args, got)
		}
	}
	c.stdin = callOne
	c.must("import", "-")
	create := "callvault key create --db '" + c.env["CALLVAULT_DB"] + "'"
	if got := c.run("key", "list"); got.code != exitOK || got.stderr != "company \"default\" has no keys; make one: "+create+"\n" {
		t.Errorf("without keys: %+v", got)
	}
	empty := newCLI(t)
	store, err := sqlite.Open(t.Context(), empty.env["CALLVAULT_DB"])
	if err == nil {
		err = store.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := empty.run("key", "list"); got.code != exitFailed || !strings.HasSuffix(got.stderr, ", or make a key: callvault key create --db '"+empty.env["CALLVAULT_DB"]+"'\n") {
		t.Errorf("an empty store: %+v", got)
	}
	if got := c.run("export", "--force", "/dev/stdout"); runtime.GOOS == "linux" && (got.code != exitUsage || !strings.Contains(got.stderr, "/dev/stdout is open already; use - for standard output")) {
		t.Errorf("%+v", got)
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
