package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
)

// replacements are what others may do to the files of a store that is open, and what is
// said then.
var replacements = []struct {
	name string
	do   func(path string) error
	want string
}{
	{"all files are moved", func(path string) error { return moveAll(path, path+".old") }, "stored.db was moved or removed; start again"},
	{"all files are removed", func(path string) error {
		return errors.Join(os.Remove(path), os.Remove(path+"-wal"), os.Remove(path+"-shm"))
	}, "stored.db was moved or removed; start again"},
	{"the file is removed", os.Remove, "stored.db was moved or removed; start again"},
	{"a copy takes its place", copyInPlace, "stored.db was replaced by another file; start again"},
	{"another store takes its place", func(path string) error {
		if err := moveAll(path, path+".old"); err != nil {
			return err
		}
		s, err := Open(context.Background(), path)
		if err != nil {
			return err
		}
		return s.Close()
	}, "stored.db was replaced by another file; start again"},
	{"the log is removed", func(path string) error { return os.Remove(path + "-wal") }, "stored.db-wal was moved or removed; end everything that has "},
	{"the index of the log is removed", func(path string) error { return os.Remove(path + "-shm") }, "stored.db-shm was moved or removed; end everything that has "},
	{"another log takes its place", func(path string) error {
		return errors.Join(os.WriteFile(path+"-other", nil, 0o600), os.Rename(path+"-other", path+"-wal"))
	}, "stored.db-wal was replaced by another file; end everything that has "},
}

func moveAll(from, to string) error {
	var errs []error
	for i, name := range Files(from) {
		err := os.Rename(name, Files(to)[i])
		if !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func copyInPlace(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(path+".copy", content, 0o600), os.Rename(path+".copy", path))
}

// readsOnly let time pass: what they answer is at most glanceEvery old.
var readsOnly = map[string]bool{"Count": true, "Scan": true, "First": true, "Latest": true, "Changes": true, "Companies": true, "CursorSecret": true, "Check": true, "TakeSecond": true}

// asked are the methods of a store, each with arguments that change something.
func asked(s *Store) map[string]func(context.Context) error {
	calls, all := s.Calls("default"), callvault.Query{Range: callvault.AllTime}
	visit := func(callvault.Record) error { return nil }
	key, _ := callvault.NewKey(callvault.BasicKey)
	key.Company = "default"
	batch := callvault.NewBatch([]callvault.Call{{ID: callvault.ID([]byte("00000000000000000777")), Document: []byte(`{"id":"777"}`)}})
	day := callvault.QuotaDay{Company: "default", Day: 1, Limit: 10}
	return map[string]func(context.Context) error{
		"Companies":    func(ctx context.Context) error { _, err := s.Companies(ctx); return err },
		"MakeCompany":  func(ctx context.Context) error { _, err := s.MakeCompany(ctx, "new"); return err },
		"AddKey":       func(ctx context.Context) error { return s.AddKey(ctx, key) },
		"RevokeKey":    func(ctx context.Context) error { return s.RevokeKey(ctx, "default", "K", time.Unix(1, 0)) },
		"Keys":         func(ctx context.Context) error { _, _, err := s.Keys(ctx, callvault.KeysVersion{}); return err },
		"Identity":     func(ctx context.Context) error { _, err := s.Identity(ctx); return err },
		"Size":         func(ctx context.Context) error { _, err := s.Size(ctx); return err },
		"CursorSecret": func(ctx context.Context) error { _, err := s.CursorSecret(ctx); return err },
		"Inherit":      func(ctx context.Context) error { return s.Inherit(ctx, make([]byte, 32), nil) },
		"Empty":        func(ctx context.Context) error { return s.Empty(ctx) },
		"TakeQuota":    func(ctx context.Context) error { _, err := s.TakeQuota(ctx, day, 1); return err },
		"ReturnQuota":  func(ctx context.Context) error { return s.ReturnQuota(ctx, day, 1) },
		"TakeSecond": func(ctx context.Context) error {
			_, _, err := s.TakeSecond(ctx, callvault.QuotaSecond{Company: "default", Limit: 10}, 1)
			return err
		},
		"Purge":    func(ctx context.Context) error { return s.Purge(ctx) },
		"Snapshot": func(ctx context.Context) error { return s.Snapshot(ctx, func(callvault.Snapshot) error { return nil }) },
		"Load":     func(ctx context.Context) error { return s.Load(ctx, "default", nil) },
		"Check":    func(ctx context.Context) error { return s.Check(ctx, func(string) {}) },
		"Repair":   func(ctx context.Context) error { return s.Repair(ctx, callvault.NoLoss, func(string) {}) },
		"Put":      func(ctx context.Context) error { _, err := calls.Put(ctx, batch); return err },
		"Delete":   func(ctx context.Context) error { _, err := calls.Delete(ctx, []callvault.ID{{}}); return err },
		"DeleteFirst": func(ctx context.Context) error {
			_, err := calls.DeleteFirst(ctx, callvault.Query{}, 1)
			return err
		},
		"Count": func(ctx context.Context) error { _, err := calls.Count(ctx, all); return err },
		"Scan":  func(ctx context.Context) error { return calls.Scan(ctx, all, all.Start(), 1, visit) },
		"First": func(ctx context.Context) error { _, err := calls.First(ctx, all, 1, visit); return err },
		"Latest": func(ctx context.Context) error {
			_, err := calls.Latest(ctx)
			return err
		},
		"Changes": func(ctx context.Context) error {
			return calls.Changes(ctx, 0, -1, func(callvault.Record) error { return nil })
		},
	}
}

// laterBy lets a store see a later time.
func (s *Store) laterBy(d time.Duration) {
	now := s.held.now
	s.held.now = func() time.Time { return now().Add(d) }
}

// Every method of a store whose files were replaced fails and says so, once glanceEvery
// is over, and those that refresh or acknowledge anything at once; also when the files
// are put back. Whoever wants to know is told once.
func TestReplaced(t *testing.T) {
	for _, r := range replacements {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for name := range asked(new(Store)) {
				path, s := newStored(t, 3)
				told := 0
				s.WhenReplaced(func(err error) {
					if told++; !errors.Is(err, callvault.ErrReplaced) {
						t.Errorf("told of %v", err)
					}
				})
				if err := r.do(path); err != nil {
					t.Fatal(err)
				}
				if readsOnly[name] {
					s.laterBy(glanceEvery)
				}
				method := asked(s)[name]
				err := method(t.Context())
				if !errors.Is(err, callvault.ErrReplaced) || !strings.Contains(err.Error(), r.want) || strings.Count(err.Error(), "replaced while") != 1 {
					t.Errorf("%s: %v, want … %s", name, err, r.want)
				}
				// Put back, it stays so for all.
				_ = moveAll(path+".old", path)
				for name, method := range asked(s) {
					if again := method(t.Context()); !errors.Is(again, callvault.ErrReplaced) {
						t.Errorf("later, %s: %v", name, again)
					}
				}
				if told != 1 {
					t.Errorf("%s: told %d times", name, told)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// What was committed to files that were replaced meanwhile is not acknowledged, and what
// was read from them is not believed.
func TestReplacedMeanwhile(t *testing.T) {
	for _, r := range replacements {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			path, s := newStored(t, 3)
			err := s.write(t.Context(), func(c *conn) error {
				return errors.Join(c.run(`UPDATE companies SET number = number`), r.do(path))
			})
			if !errors.Is(err, callvault.ErrReplaced) {
				t.Errorf("write: %v", err)
			}
			path, s = newStored(t, 3)
			err = s.Snapshot(t.Context(), func(callvault.Snapshot) error { return r.do(path) })
			if !errors.Is(err, callvault.ErrReplaced) {
				t.Errorf("read: %v", err)
			}
		})
	}
}

// Another store with the same place is told by its id: it was written over the file.
func TestOverwritten(t *testing.T) {
	path, s := newStored(t, 3)
	if err := s.onWriter(func(c *conn) error { return c.run(`UPDATE store SET id = randomblob(16)`) }); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.Keys(t.Context(), callvault.KeysVersion{})
	if !errors.Is(err, callvault.ErrReplaced) || !strings.Contains(err.Error(), path+" was overwritten with another store; start again") {
		t.Errorf("%v", err)
	}
}

// An identity is of the store and its place: a copy has another one, though it has the
// same id.
func TestIdentity(t *testing.T) {
	path, s := newStored(t, 3)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err = errors.Join(err, os.WriteFile(path+".copy", content, 0o600)); err != nil {
		t.Fatal(err)
	}
	other, _ := newStored(t, 3)
	seen := make(map[string]string)
	for _, path := range []string{path, path + ".copy", other} {
		text, err := open(t, path).Identity(t.Context())
		if before, ok := seen[text]; ok || err != nil || len(text) != 32 {
			t.Errorf("the identity of %s is %q, %v, as of %s", path, text, err, before)
		}
		seen[text] = path
	}
	looked, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer looked.Close()
	if text, err := looked.Identity(t.Context()); seen[text] != path || err != nil {
		t.Errorf("to who looks at it %s is %q, %v", path, text, err)
	}
}

// A read that takes long is not believed of files that were replaced meanwhile.
func TestReplacedDuringALongRead(t *testing.T) {
	path, s := newStored(t, 3)
	all := callvault.Query{Range: callvault.AllTime}
	if _, err := s.Calls("default").Count(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	err := s.Calls("default").Scan(t.Context(), all, all.Start(), -1, func(callvault.Record) error {
		s.laterBy(glanceEvery)
		_ = os.Remove(path)
		return nil
	})
	if !errors.Is(err, callvault.ErrReplaced) {
		t.Errorf("%v", err)
	}
}

// A link that comes to lead to another store is a replacement too.
func TestLinkLeadsElsewhere(t *testing.T) {
	path, s := newStored(t, 3)
	other, _ := newStored(t, 5)
	link := path + "-link"
	if err := errors.Join(s.Close(), os.Symlink(path, link)); err != nil {
		t.Fatal(err)
	}
	s = open(t, link)
	if _, err := s.Identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(link), os.Symlink(other, link)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Identity(t.Context()); !errors.Is(err, callvault.ErrReplaced) || !strings.HasSuffix(err.Error(), link+" was replaced by another file; start again") {
		t.Errorf("%v", err)
	}
}

// A log that SQLite removes, because the last process closed the store, and makes again
// is no replacement; nor is one that others use meanwhile, or that a purge empties.
func TestLogComesAndGoes(t *testing.T) {
	path, s := newStored(t, 3)
	for range 3 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if isThere(path + "-wal") {
			t.Error("a log was left")
		}
		s = open(t, path)
		for range 2 {
			other := open(t, path)
			if err := errors.Join(other.Purge(t.Context()), other.Close()); err != nil {
				t.Fatal(err)
			}
			s.laterBy(glanceEvery)
			if n, err := s.Calls("default").Count(t.Context(), callvault.Query{Range: callvault.AllTime}); n != 3 || err != nil {
				t.Errorf("%d calls, %v", n, err)
			}
		}
	}
}

// Where the log was removed under a process, another one does not begin a new log, which
// the first would write over; what the first has acknowledged is in the file when it ends.
func TestLogIsGone(t *testing.T) {
	for _, suffixes := range [][]string{{"-wal", "-shm"}, {"-wal"}, {"-shm"}} {
		t.Run(strings.Join(suffixes, " "), func(t *testing.T) {
			path, s := newStored(t, 3)
			for _, suffix := range suffixes {
				if err := os.Remove(path + suffix); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Test(t, func(t *testing.T) { // it waits for withoutLog
				for name, open := range map[string]func() error{
					"open":   func() error { _, err := Open(t.Context(), path); return err },
					"backup": func() error { return Backup(t.Context(), path, path+".backup", unwatched) },
				} {
					if err := open(); err == nil || !strings.Contains(err.Error(), suffixes[0]+" was removed while another process has "+path+" open; end that process") {
						t.Errorf("%s: %v", name, err)
					}
				}
			})
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			again := open(t, path)
			if n, err := again.Calls("default").Count(t.Context(), callvault.Query{Range: callvault.AllTime}); n != 3 || err != nil {
				t.Errorf("%d calls, %v", n, err)
			}
			if found := told(t, again.Check); found != "" {
				t.Error(found)
			}
		})
	}
}

// A store that is closed removes no log that is another's, with what is in it.
func TestStrangersLogStays(t *testing.T) {
	path, s := newStored(t, 3)
	if err := errors.Join(os.Remove(path+"-wal"), os.WriteFile(path+"-wal", []byte("of another process"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if content, err := os.ReadFile(path + "-wal"); string(content) != "of another process" {
		t.Errorf("the log has %q, %v", content, err)
	}
	// And when the file was moved away, the log of what took its place.
	path, s = newStored(t, 3)
	if err := moveAll(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	other := open(t, path)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := other.Identity(t.Context()); err != nil || !isThere(path+"-wal") {
		t.Errorf("%v; there is a log: %t", err, isThere(path+"-wal"))
	}
}

// A new store does not take the log of one that is not there for its own: a process may
// have it open.
func TestNewStoreBesideALog(t *testing.T) {
	for _, suffix := range []string{"-wal", "-shm", journal} {
		path, _ := newStored(t, 3)
		if suffix == journal {
			if err := os.WriteFile(path+journal, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range Files(path) {
			if name != path+suffix {
				_ = os.Remove(name)
			}
		}
		_, err := Open(t.Context(), path)
		if err == nil || !strings.Contains(err.Error(), path+suffix+" belongs to a "+filepath.Base(path)+" that was moved without it, and may hold its latest calls; move it to where that file is now, do not delete it, then run this again") {
			t.Errorf("%v", err)
		}
		if err := Restore(t.Context(), "backup", path, unwatched); err == nil || !strings.Contains(err.Error(), "that was moved without it") {
			t.Errorf("%v", err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("a store was made")
		}
	}
}
