//go:build unix

package main

import (
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/postgrestest"
)

// A copy equals its original, from and to every engine.
func TestCopyEqualsItsOriginal(t *testing.T) {
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	inFile := func() *cli { return newCLI(t) }
	inServer := func() *cli { return newCLIOn(t, server.Database(t)) }
	wantCopies(t, inFile(), inServer())
	wantCopies(t, inServer(), inFile())
	wantCopies(t, inServer(), inServer())
	workThere(t, server.Database(t))
}

// TestCopyToCitus is the same with the cluster that CALLVAULT_TEST_CITUS names.
func TestCopyToCitus(t *testing.T) {
	cluster, back := newCLIOn(t, postgrestest.Citus(t)), newCLI(t)
	wantCopies(t, newCLI(t), cluster)
	cluster.must("copy", "-q", "--from", cluster.env["CALLVAULT_DB"], "--to", back.env["CALLVAULT_DB"])
	wantCopy(t, cluster, back)
}

// TestWorkOnCitus: commands work on a cluster as they do on one server.
func TestWorkOnCitus(t *testing.T) { workThere(t, postgrestest.Citus(t)) }

// workThere copies a store to a database, where commands work as they do on a file.
func workThere(t *testing.T, url string) {
	t.Helper()
	c, there := newCLI(t), newCLIOn(t, url)
	c.filled()
	c.must("copy", "-q", "--from", c.env["CALLVAULT_DB"], "--to", url)
	there.must("import", "-q", there.file("more.ndjson", strings.Replace(callTwo, "20", "21", 1)))
	there.must("delete", "-q", "--yes", "--id", "1")
	there.must("key", "create", "--name", "reader")
	if keys := there.must("key", "list"); !strings.Contains(keys, "reader") {
		t.Errorf("the keys are %s", keys)
	}
	there.must("check", "--repair")
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
