package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

func TestOpenRefusesWhatIsNotOurs(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text.db")
	if err := os.WriteFile(text, bytes.Repeat([]byte("id,title\n"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(folder, "foreign.db")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := openFile(foreign, foreign, toWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.once("CREATE TABLE theirs (a)"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(folder, "newer.db")
	s := open(t, newer)
	if err := s.onWriter(func(c *conn) error { return c.run("PRAGMA user_version = 99") }); err != nil {
		t.Fatal(err)
	}

	for _, tt := range []struct {
		path string
		want error
	}{
		{foreign, errForeign},
		{newer, callvault.ErrSchemaNewer},
		{text, nil},
		{filepath.Join(folder, "no", "such", "folder.db"), nil},
		{folder, nil},
	} {
		before, _ := os.ReadFile(tt.path)
		s, err := Open(t.Context(), tt.path)
		if err == nil {
			s.Close()
			t.Errorf("%s was opened", tt.path)
			continue
		}
		if tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.path, err, tt.want)
		}
		if !strings.Contains(err.Error(), tt.path) {
			t.Errorf("the error does not name %s: %v", tt.path, err)
		}
		if after, _ := os.ReadFile(tt.path); tt.path != newer && !bytes.Equal(before, after) {
			t.Errorf("%s was changed", tt.path)
		}
	}
}

// Several processes make the same store at the same moment; each has its own
// connections here, which is what SQLite's locks see.
func TestOpenTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "together.db")
	const openers = 8
	secrets := make([]string, openers)
	var group sync.WaitGroup
	for i := range openers {
		group.Go(func() {
			s, err := Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			secret, err := s.CursorSecret(t.Context())
			if err != nil {
				t.Error(err)
			}
			secrets[i] = string(secret)
		})
	}
	group.Wait()
	for _, secret := range secrets {
		if secret != secrets[0] || len(secret) != 32 {
			t.Fatal("the openers do not share one store")
		}
	}
}

func TestPageSize(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "pages.db"))
	for name, want := range map[string]int{"page_size": 16384, "synchronous": 2, "secure_delete": 1} {
		err := s.onWriter(func(c *conn) error {
			got, err := c.pragma(name)
			if got != want {
				t.Errorf("%s = %d, want %d", name, got, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The view for people shows every field of the contract, typed.
func TestView(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "view.db"))
	c, err := gong.ParseCall([]byte(`{"id":"10","title":"A \"call\"","started":"2026-01-31T10:00:00+01:00","duration":61,"isPrivate":true,"direction":"Inbound","workspaceId":"7","more":{"a":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	call, err := callvault.NewCall(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Calls("acme").Put(t.Context(), callvault.NewBatch([]callvault.Call{call})); err != nil {
		t.Fatal(err)
	}
	const query = `SELECT company, id, title, started, typeof(duration), duration + 1, is_private, direction, workspace_id, typeof(purpose), document ->> '$.more.a' FROM calls`
	want := []string{"acme", "10", `A "call"`, "2026-01-31T10:00:00+01:00", "integer", "62", "1", "Inbound", "7", "null", "1"}
	var got []string
	columns := 0
	err = s.onWriter(func(c *conn) error {
		err := c.each(func(st *stmt) error {
			for i := range want {
				got = append(got, st.ColumnText(i))
			}
			return nil
		}, query)
		return errors.Join(err, c.each(func(st *stmt) error { columns = st.ColumnCount(); return nil }, "SELECT * FROM calls"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
	if want := len(gong.FieldNames()) + 3; columns != want { // company, time, document
		t.Errorf("the view has %d columns, want %d", columns, want)
	}
}

// The C library that the engine was translated with must be the one it is
// built with: modernc.org/libc makes no promise between versions.
func TestLibcIsTheEngines(t *testing.T) {
	list := func(module, format string) string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-mod=mod", "-m", "-f", format, module).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	mod, err := os.ReadFile(list("modernc.org/sqlite", "{{.GoMod}}"))
	if err != nil {
		t.Fatal(err)
	}
	if want := list("modernc.org/libc", "{{.Path}} {{.Version}}"); !strings.Contains(string(mod), want) {
		t.Errorf("modernc.org/sqlite does not ask for %s", want)
	}
}

// Stores are opened and closed all the time by commands beside a server; none
// of them meets a lock, or takes a store in the making for a foreign file.
func TestOpenAndCloseTogether(t *testing.T) {
	for round := range 20 {
		path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.db", round))
		var group sync.WaitGroup
		for range 6 {
			group.Go(func() {
				for range 3 {
					s, err := Open(t.Context(), path)
					if err != nil {
						t.Error(err)
						return
					}
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
	}
}

// The store is its owner's alone, and so are the files beside it.
func TestMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mode.db")
	open(t, path)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s%s has mode %v", path, suffix, got)
		}
	}
}

// A log that a reader kept from restarting is restarted.
func TestRestartLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	s := open(t, path)
	fill := func(batch int) {
		t.Helper()
		calls := make([]callvault.Call, 100)
		for i := range calls {
			calls[i] = callvault.Call{ID: mustID(t, fmt.Sprint(batch*len(calls)+i)), Document: bytes.Repeat([]byte("x"), 60_000)}
		}
		if _, err := s.Calls("default").Put(t.Context(), callvault.NewBatch(calls)); err != nil {
			t.Fatal(err)
		}
	}
	size := func() int64 {
		info, err := os.Stat(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	everything := callvault.Query{Range: callvault.AllTime}
	fill(0)
	err := s.Calls("default").Scan(t.Context(), everything, everything.Start(), 1, func(callvault.Record) error {
		fill(1)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	grown := size()
	for _, tt := range []struct {
		limit int64
		grows bool
	}{{grown, true}, {grown - 1, false}} {
		before := size()
		if err := s.onWriter(func(c *conn) error { return c.restartLog(tt.limit, restartWithin) }); err != nil {
			t.Fatal(err)
		}
		fill(2)
		if after := size(); (after > before) != tt.grows {
			t.Errorf("limit %d: the log had %d bytes, now %d", tt.limit, before, after)
		}
	}
}

// A file that another process keeps from being opened, because it was written over while
// that had it open, ends the wait, and the error says what to do.
func TestOpenEndsItsWait(t *testing.T) {
	busy := func() error { return errorOf(busy) }
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		err := waitBusyWithin(t.Context(), openWithin, "s.db", busy)
		if took := time.Since(begun); err == nil || !strings.Contains(err.Error(), "another process has kept s.db locked for a minute") || took < openWithin || took > openWithin+lockPoll {
			t.Errorf("%v after %v", err, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := waitBusyWithin(ctx, openWithin, "s.db", busy); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller's own time-out: %v", err)
		}
	})
}

// A store that can't be made leaves no file, unless another process has made one of it.
func TestOpenThatFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Open(stopped, path); !errors.Is(err, context.Canceled) {
		t.Errorf("opened: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file: %v", err)
	}
	other := open(t, path)
	for range 2 {
		if err := removeUnused(path); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
