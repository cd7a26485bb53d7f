//go:build unix

package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/callvault/callvault"
)

// A store that is made through a link is made where the link leads to, for its
// owner alone, and is one store by both names: it has one log, beside the file.
func TestLinkedStore(t *testing.T) {
	folder := t.TempDir()
	linked := filepath.Join(folder, "link.db")
	path := filepath.Join(folder, "elsewhere", "calls.db")
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.Symlink("elsewhere/calls.db", linked)); err != nil {
		t.Fatal(err)
	}
	s := open(t, linked)
	batch := []callvault.Call{{ID: mustID(t, "1"), Document: []byte(`{"id":"1"}`)}}
	if _, err := s.Calls("default").Put(t.Context(), callvault.NewBatch(batch)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"calls.db", "calls.db-shm", "calls.db-wal"} {
		if info, err := os.Stat(filepath.Join(folder, "elsewhere", name)); err != nil || info.Mode() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
	}
	if got := names(t, folder); got != "elsewhere link.db" {
		t.Errorf("beside the link are %s", got)
	}
	read, err := OpenReadOnly(t.Context(), linked) // the call is in the log still
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	for _, s := range []*Store{read, open(t, path)} {
		if n, err := s.Calls("default").Count(t.Context(), callvault.Query{Range: callvault.AllTime}); n != 1 || err != nil {
			t.Errorf("%d calls, %v", n, err)
		}
	}
}

// A file with two names would have two logs; a backup, which nobody writes to, has
// none.
func TestStoreOfTwoNames(t *testing.T) {
	path, s := newStored(t, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	second := path + "2"
	if err := os.Link(path, second); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, second} {
		if _, err := Open(t.Context(), name); err == nil || !strings.HasPrefix(err.Error(), name+" has 2 names (hard links)") {
			t.Errorf("%v", err)
		}
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 { // root may write it
		read, err := Open(t.Context(), second)
		if err != nil {
			t.Fatal(err)
		}
		if err := read.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Chmod(path, 0o600), os.Remove(second)); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

// A log that is a link is not followed, and the error names it.
func TestLinkedLog(t *testing.T) {
	path, s := newStored(t, 1)
	if err := errors.Join(s.Close(), os.Symlink("elsewhere", path+"-wal")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), path+"-wal is a link, which SQLite does not follow; move it away") {
		t.Errorf("%v", err)
	}
}

// Links that lead to each other are no store, and nothing is made.
func TestLinksInCircle(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.db")
	if err := errors.Join(os.Symlink("b.db", path), os.Symlink("a.db", filepath.Join(folder, "b.db"))); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "its links form a circle") {
		t.Errorf("%v", err)
	}
	if got := names(t, folder); got != "a.db b.db" {
		t.Errorf("there are %s", got)
	}
}

// A pipe is refused by name, and not waited for.
func TestPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() error{
		"open":    func() error { _, err := Open(t.Context(), pipe); return err },
		"look":    func() error { _, err := OpenReadOnly(t.Context(), pipe); return err },
		"backup":  func() error { return Backup(t.Context(), pipe, pipe+".backup", unwatched) },
		"restore": func() error { return Restore(t.Context(), pipe, pipe+".db", unwatched) },
	} {
		if err := open(); err == nil || !strings.Contains(err.Error(), pipe+" is a pipe, a socket or a device; name a file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
