//go:build unix

package main

import (
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/postgrestest"
)

// A store is the same on every engine: copied to PostgreSQL and back it has the
// export, the keys and the digest that it had.
func TestCopyBetweenEngines(t *testing.T) {
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	copyThere(t, server.Database(t))
}

// TestCopyToCitus is the same with the cluster that CALLVAULT_TEST_CITUS names.
func TestCopyToCitus(t *testing.T) { copyThere(t, postgrestest.Citus(t)) }

// copyThere copies a store to a database and back, and then works on it there.
func copyThere(t *testing.T, url string) {
	t.Helper()
	c, there, back := newCLI(t), newCLI(t), newCLI(t)
	c.filled()
	there.env["CALLVAULT_DB"] = url
	c.must("copy", "-q", "--from", c.env["CALLVAULT_DB"], "--to", url)
	c.must("copy", "-q", "--from", url, "--to", back.env["CALLVAULT_DB"])
	for _, args := range []string{"export -q", "export -q --company acme", "key list", "check --digest"} {
		want := c.must(strings.Fields(args)...)
		for _, copied := range []*cli{there, back} {
			if got := copied.must(strings.Fields(args)...); got != want || got == "" {
				t.Errorf("%s: got\n%swant\n%s", args, got, want)
			}
		}
	}
	// The commands work on it as they do on a file.
	there.must("import", "-q", there.file("more.ndjson", strings.Replace(callTwo, "20", "21", 1)))
	there.must("delete", "-q", "--yes", "--id", "1")
	s := there.serve("--dates", "optional")
	address := s.find(`serving \S+ at (http://\S+)`)[1]
	if status, body := s.get(address+"/v2/calls", unauthorized); status != 401 {
		t.Errorf("%d: %s", status, body)
	}
	if code := s.stop(); code != exitOK {
		t.Errorf("serve ended with %d: %s", code, s.stderr)
	}
	if left := there.must("export", "-q"); strings.Count(left, "\n") != 2 {
		t.Errorf("left is %s", left)
	}
	there.must("check")
}
