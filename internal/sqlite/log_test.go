package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A reader of a store that is read-only makes its log read-only too; whoever may
// write to the store later may write to its log.
func TestLogHasModeOfStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mode.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.WriteFile(path+suffix, []byte("log"), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, path)
	if _, err := s.MakeCompany(t.Context(), "default"); err != nil {
		t.Error(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if info, err := os.Stat(path + suffix); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", suffix, info, err)
		}
	}
}

// A store that is made read-only while others work on it leaves them its log, and
// a link in place of a log is not followed.
func TestLogKeepsItsMode(t *testing.T) {
	folder := t.TempDir()
	path, other := filepath.Join(folder, "mode.db"), filepath.Join(folder, "other")
	for path, mode := range map[string]os.FileMode{path: 0o400, path + "-wal": 0o200, other: 0o200} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(other, path+"-shm"); err != nil {
		t.Skip(err)
	}
	mendLog(path)
	for path, want := range map[string]os.FileMode{path + "-wal": 0o600, other: 0o200} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", path, info, err, want)
		}
	}
}

// An error of the file's while it is written anew is explained.
func TestPurgeExplains(t *testing.T) {
	path := filepath.Join(t.TempDir(), "purge.db")
	s := open(t, path)
	if err := s.onWriter(func(c *conn) error { return c.run("PRAGMA query_only = ON") }); err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(t.Context()); err == nil || !strings.Contains(err.Error(), "must be writable too") {
		t.Errorf("%v", err)
	}
}
