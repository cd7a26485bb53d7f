package sqlite

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/callvault/callvault"
)

// folder is the names in a folder with digests of what is in them.
func folder(t *testing.T, path string) map[string][32]byte {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][32]byte)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(path, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = sha256.Sum256(text)
	}
	return files
}

func wantSame(t *testing.T, got, want map[string][32]byte, but string) {
	t.Helper()
	for name, digest := range want {
		if got[name] != digest && !strings.HasSuffix(name, but) {
			t.Errorf("%s has changed", name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s was made", name)
		}
	}
}

// look reads a store in every way that OpenReadOnly is for.
func look(t *testing.T, path string) {
	t.Helper()
	s, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if have, known, err := s.Schema(t.Context()); have != known || known == 0 || err != nil {
		t.Errorf("schema %d of %d, %v", have, known, err)
	}
	if names, err := s.Companies(t.Context()); len(names) != 1 || err != nil {
		t.Errorf("%q, %v", names, err)
	}
	if _, err := s.MakeCompany(t.Context(), "other"); !errors.Is(err, errReadOnly) {
		t.Errorf("a write got %v", err)
	}
	if err := s.Purge(t.Context()); !errors.Is(err, errReadOnly) {
		t.Errorf("purge got %v", err)
	}
}

// To look at a store changes nothing of it, whether it is open or was closed, or
// its folder can't be written to. The name may have what a URI has a meaning for.
func TestOpenReadOnly(t *testing.T) {
	at := t.TempDir()
	path := filepath.Join(at, "a b?c=d#e%41.db")
	s := open(t, path)
	if _, err := s.MakeCompany(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	before := folder(t, at)
	look(t, path)
	wantSame(t, folder(t, at), before, "-shm") // where readers note what they read
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before = folder(t, at)
	look(t, path)
	wantSame(t, folder(t, at), before, "nothing")
	if len(before) != 1 {
		t.Errorf("%d files", len(before))
	}
}

func TestOpenReadOnlyFails(t *testing.T) {
	at := t.TempDir()
	for name, text := range map[string]string{"foreign.db": "this is no store", "empty.db": ""} {
		if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	newer := filepath.Join(at, "newer.db")
	open(t, newer).Close()
	c, err := openFile(newer, newer, toWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.once("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	c.Close()
	before := folder(t, at)
	for name, want := range map[string]error{"missing.db": nil, "foreign.db": nil, "empty.db": errForeign, "newer.db": callvault.ErrSchemaNewer} {
		_, err := OpenReadOnly(t.Context(), filepath.Join(at, name))
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantSame(t, folder(t, at), before, "nothing")
}

// A reader makes no new index beside a log that others write: the next writer would then
// open it, and two would write over each other's log.
func TestIndexIsGone(t *testing.T) {
	for gone, want := range map[string]string{"-shm": "-wal exists without ", "-wal": "-shm exists without "} {
		path, s := newStored(t, 3)
		if err := os.Remove(path + gone); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) { // it waits for withoutLog
			if _, err := OpenReadOnly(t.Context(), path); err == nil || !strings.Contains(err.Error(), path+want+path+gone+"; end every process that has "+path+" open") {
				t.Errorf("without %s: %v", gone, err)
			}
		})
		if isThere(path + gone) {
			t.Errorf("%s was made", gone)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
