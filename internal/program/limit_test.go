//go:build unix

package program_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// Where no file may grow beyond a size, what does not fit fails and is not there
// half; what was there stays, and is served.
func TestFileSizeLimit(t *testing.T) {
	c := program.New(t)
	key := fillStore(c, 3000)
	exported := c.Must("export")
	out := t.TempDir()
	bound := inLimit(c, 512<<10)
	fails(bound, "calls.db", "a file has reached its size limit", recordsFrom(10_000, 3000), "import", "-")
	fails(bound, "copy.db", "a file has reached its size limit", "", "copy", "--from", c.DB, "--to", filepath.Join(out, "copy.db"))
	fails(bound, "backup", "a file has reached its size limit", "", "backup", filepath.Join(out, "backup"))
	fails(bound, "export.ndjson", "file too large", "", "export", filepath.Join(out, "export.ndjson"))
	fails(bound, "calls.db", "a file has reached its size limit", "", "delete", "--yes", "--before", "2100-01-01")
	only(t, out, "copy.db")
	sound(c, exported)

	// What fits is acknowledged, and is there without the limit too.
	if got := bound.Pipe(recordsFrom(20_000, 10), "import", "-"); got.Code != program.ExitOK || !strings.Contains(got.Stdout, "committed -:10") {
		t.Errorf("%+v", got)
	}
	sound(c, exported+c.Must("export", "--from", "2026-03-10"))
	s := bound.Serve()
	if got := s.As(key).Walk(program.Everything()); len(got) != 3010 {
		t.Errorf("%d calls are served", len(got))
	}
	s.End(syscall.SIGTERM)
	if got := c.Run("copy", "--from", c.DB, "--to", filepath.Join(out, "copy.db")); got.Code != program.ExitOK {
		t.Errorf("a copy that is run again: %+v", got)
	}
}
