//go:build unix

package program_test

import (
	"crypto/sha256"
	"os"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// What is read from a store that is read-only is what is in it; what writes says
// that it can't; and whoever may write to it again finds nothing in the way.
func TestReadOnlyFile(t *testing.T) {
	c := program.New(t)
	key := fillStore(c, 500)
	exported := c.Must("export")
	c = inRights(t, c)
	mode(c, c.DB, 0o400)
	sound(c, exported)
	c.Must("key", "list")
	backup := beside(t, "backup")
	c.Must("backup", backup)
	mode(c, backup, 0o400)
	before := digestOf(t, backup)
	c.Must("check", "--db", backup)
	if digestOf(t, backup) != before {
		t.Error("to check a backup changed it")
	}
	for _, args := range [][]string{
		{"import", "-"},
		{"delete", "--yes", "--id", "1"},
		{"key", "create"},
		{"key", "revoke", key.AccessKey},
	} {
		fails(c, "calls.db", "permission denied", recordsFrom(1000, 1), args...)
	}
	s := c.Serve()
	if got := s.As(key).Walk(program.Everything()); len(got) != 500 {
		t.Errorf("%d calls are served", len(got))
	}
	s.End(syscall.SIGTERM)
	mode(c, c.DB, 0o600)
	sound(c, exported)
	if got := c.Pipe(recordsFrom(1000, 1), "import", "-"); got.Code != program.ExitOK {
		t.Errorf("after all: %+v", got)
	}
}

// A store in a folder that is read-only can't be opened, and that is said; one
// that is open goes on being served.
func TestReadOnlyFolder(t *testing.T) {
	c := program.New(t)
	key := fillStore(c, 500)
	exported := c.Must("export")
	c = inRights(t, c)
	out := t.TempDir()
	refused := func() {
		t.Helper()
		for _, args := range [][]string{
			{"import", "-"}, {"delete", "--yes", "--id", "1"}, {"key", "create"}, {"key", "list"}, {"export"}, {"check"}, {"serve"},
			{"backup", out + "/backup"}, {"copy", "--from", c.DB, "--to", out + "/copy.db"},
		} {
			fails(c, "calls.db", "the folder "+c.Folder+" must be writable too", recordsFrom(1000, 1), args...)
		}
	}
	mode(c, c.Folder, 0o500)
	refused()
	mode(c, c.Folder, 0o700)
	s := c.Serve()
	mode(c, c.Folder, 0o500)
	if got := s.As(key).Walk(program.Everything()); len(got) != 500 {
		t.Errorf("%d calls are served", len(got))
	}
	fails(c, "backup", "permission denied", "", "backup", "backup")
	fails(c, "export.ndjson", "permission denied", "", "export", "export.ndjson")
	mode(c, c.Folder, 0o700)
	s.End(syscall.SIGTERM)
	only(t, out)
	sound(c, exported)
}

// digestOf is a digest of a file.
func digestOf(t *testing.T, path string) [sha256.Size]byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(content)
}
