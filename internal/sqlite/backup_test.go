package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/file"
)

func unwatched(int64, int64) {}

// newStored is a store in a file with n calls.
func newStored(t *testing.T, n int) (path string, s *Store) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "stored.db")
	s = open(t, path)
	batch := make([]callvault.Call, n)
	for i := range batch {
		batch[i] = callvault.Call{ID: mustID(t, fmt.Sprint(i+1)), Time: callvault.Time(i), Document: fmt.Appendf(nil, `{"id":"%d","title":"first%060d"}`, i+1, i)}
	}
	if _, err := s.Calls("default").Put(t.Context(), callvault.NewBatch(batch)); err != nil {
		t.Fatal(err)
	}
	return path, s
}

func names(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " ")
}

// A backup is one file with all calls, for its owner alone; restored it is a
// store. Nothing is overwritten, and nothing is left beside either.
func TestBackupAndRestore(t *testing.T) {
	path, s := newStored(t, 2000)
	folder := t.TempDir()
	file, again := filepath.Join(folder, "backup"), filepath.Join(folder, "again.db")
	if err := Backup(t.Context(), path, file, unwatched); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := Restore(t.Context(), file, again, unwatched); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(again); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if got := names(t, folder); got != "again.db backup" {
		t.Errorf("in the folder are %s", got)
	}
	// A store that is open is not replaced, and one that is not is.
	if err := Restore(t.Context(), file, path, unwatched); err == nil || !strings.Contains(err.Error(), path+" has a log, "+path+"-wal: a program has it open or was killed; ") {
		t.Errorf("%v", err)
	}
	if err := errors.Join(Backup(t.Context(), path, again, unwatched), Restore(t.Context(), file, again, unwatched)); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the backup was changed, %v", err)
	}
	want, err := s.CursorSecret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	restored := open(t, again)
	if n, err := restored.Calls("default").Count(t.Context(), callvault.Query{Range: callvault.AllTime}); n != 2000 || err != nil {
		t.Errorf("%d calls, %v", n, err)
	}
	if got, err := restored.CursorSecret(t.Context()); !bytes.Equal(got, want) || err != nil {
		t.Errorf("the cursor secret is another, %v", err)
	}
	if found := told(t, restored.Check); found != "" {
		t.Error(found)
	}
}

// What was deleted is not in a backup, although it is in the store's file still.
func TestBackupHasNothingDeleted(t *testing.T) {
	path, s := newStored(t, 1)
	if _, err := s.Calls("default").Delete(t.Context(), putDoomed(t, s.Calls("default"))); err != nil {
		t.Fatal(err)
	}
	if err := s.onWriter(func(c *conn) error { return c.emptyLog(emptyWithin) }); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup")
	if err := Backup(t.Context(), path, file, unwatched); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{path: true, file: false} {
		content, err := os.ReadFile(path)
		if err != nil || bytes.Contains(content, []byte("mustgo")) != want || !bytes.Contains(content, []byte("stays")) {
			t.Errorf("%s has titles that were deleted: %v, or none at all (%v)", path, !want, err)
		}
	}
}

// A backup that is interrupted leaves nothing.
func TestBackupInterrupted(t *testing.T) {
	path, _ := newStored(t, 2000)
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Backup(ctx, path, filepath.Join(folder, "backup"), unwatched); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	err := writeStore(filepath.Join(folder, "other"), func(d *file.Draft) error {
		if names(t, folder) == "" || d.Name() == "" {
			t.Error("nothing is being written")
		}
		return context.Canceled
	})
	if !errors.Is(err, context.Canceled) || names(t, folder) != "" {
		t.Errorf("%v; left is %q", err, names(t, folder))
	}
}

// No file is made that SQLite would take for the log of another, and none whose log
// would be another's.
func TestBackupBesideOthers(t *testing.T) {
	path, _ := newStored(t, 1)
	folder := t.TempDir()
	other := filepath.Join(folder, "other.db")
	for _, name := range []string{"other.db", "none.db-wal"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		other + "-wal":                      "for the log of " + other + "; name another file",
		other + "-journal":                  "for the log of " + other + "; name another file",
		filepath.Join(folder, "none.db"):    "none.db that was moved without it, and may hold its latest calls; move it",
		folder:                              "is a folder; name a file in it",
		folder + string(filepath.Separator): "names a folder; name a file in it",
		"":                                  "the name of the file is empty",
	} {
		if err := Backup(t.Context(), path, name, unwatched); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := names(t, folder); got != "none.db-wal other.db" {
		t.Errorf("there are %s", got)
	}
}

// Only a sound store is restored, and nothing comes of anything else.
func TestRestoreRefuses(t *testing.T) {
	path, s := newStored(t, 2000)
	folder := t.TempDir()
	backup := func(name string) string {
		file := filepath.Join(folder, name)
		if err := Backup(t.Context(), path, file, unwatched); err != nil {
			t.Fatal(err)
		}
		return file
	}
	overwrite := func(file string, at int64) string {
		f, err := os.OpenFile(file, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xA5}, 16384), at); err != nil {
			t.Fatal(err)
		}
		return file
	}
	truncated := backup("truncated")
	if err := os.Truncate(truncated, 5*16384); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(folder, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	order := backup("order")
	content, err := os.ReadFile(order)
	if err != nil {
		t.Fatal(err)
	}
	content = bytes.ReplaceAll(content, []byte(mustID(t, "7").Key()), []byte(mustID(t, "777").Key()))
	if err := os.WriteFile(order, content, 0o600); err != nil {
		t.Fatal(err)
	}
	middle, header := overwrite(backup("middle"), 8*16384), overwrite(backup("header"), 0)
	sound := backup("sound")
	if err := s.onWriter(func(c *conn) error { return c.run("PRAGMA user_version = 99") }); err != nil {
		t.Fatal(err)
	}
	if err := Backup(t.Context(), path, filepath.Join(folder, "newer"), unwatched); !errors.Is(err, callvault.ErrSchemaNewer) {
		t.Errorf("a backup of a newer store: %v", err)
	}
	for _, tt := range []struct{ file, want string }{
		{truncated, "it is damaged"},
		{middle, "it is damaged"},
		{order, "is damaged: SQLite: row not in PRIMARY KEY order"},
		{header, "it is not a SQLite file"},
		{empty, errForeign.Error()},
		{folder, "it is a folder"},
		{filepath.Join(folder, "none"), "no such file"},
	} {
		target := filepath.Join(t.TempDir(), "restored.db")
		err := Restore(t.Context(), tt.file, target, unwatched)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.file) {
			t.Errorf("%v, want %s: %s", err, tt.file, tt.want)
		}
		if got := names(t, filepath.Dir(target)); got != "" {
			t.Errorf("%s: left is %s", tt.file, got)
		}
	}
	target := filepath.Join(t.TempDir(), "restored.db")
	if err := os.WriteFile(target+"-wal", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), sound, target, unwatched); err == nil || !strings.Contains(err.Error(), "that was moved without it") {
		t.Errorf("beside the log of another store: %v", err)
	}
}

// Two stores that one backup was restored to share no timeline of what they write, and the
// leases of their mirrors are given back.
func TestRestoreTwice(t *testing.T) {
	folder := t.TempDir()
	path, backup := filepath.Join(folder, "calls.db"), filepath.Join(folder, "backup.db")
	put := func(s *Store, id string) {
		t.Helper()
		batch := callvault.NewBatch([]callvault.Call{{ID: mustID(t, id), Document: []byte("{}")}})
		if _, err := s.Calls("acme").Put(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	timelines := func(s *Store) []callvault.Timeline {
		t.Helper()
		all, err := s.Calls("acme").Timelines(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	s := open(t, path)
	put(s, "1")
	put(s, "2")
	if _, err := s.Mirror("mirrored").Take(t.Context(), callvault.Lease{}, "https://api.example.com", "somebody"); err != nil {
		t.Fatal(err)
	}
	if err := Backup(t.Context(), path, backup, unwatched); err != nil {
		t.Fatal(err)
	}
	original := timelines(s)
	seen := map[[8]byte]bool{original[0].ID: true}
	for _, name := range []string{"one.db", "two.db"} {
		restored := filepath.Join(folder, name)
		if err := Restore(t.Context(), backup, restored, unwatched); err != nil {
			t.Fatal(err)
		}
		s := open(t, restored)
		if lease, err := s.Mirror("mirrored").Lease(t.Context()); err != nil || lease.Holder != "" || lease.Number != 1 {
			t.Errorf("the lease in %s is %+v, %v", name, lease, err)
		}
		if got := timelines(s); !slices.Equal(got, original) {
			t.Errorf("before it is written to, %s has %v, want %v", name, got, original)
		}
		put(s, "3")
		put(s, "4")
		got := timelines(s)
		if len(got) != 2 || got[0] != original[0] || got[1].From != 2 || seen[got[1].ID] {
			t.Fatalf("%s has the timelines %v", name, got)
		}
		seen[got[1].ID] = true
	}
	put(s, "3")
	if got := timelines(s); !slices.Equal(got, original) {
		t.Errorf("the original has %v, want %v", got, original)
	}
}
