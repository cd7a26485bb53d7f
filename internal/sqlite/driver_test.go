package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"zombiezen.com/go/sqlite"
)

// errorOf is an error of SQLite's of a kind.
func errorOf(k kind) error {
	return map[kind]sqlite.ResultCode{
		busy: sqlite.ResultBusy, cantOpen: sqlite.ResultReadOnly, diskFails: sqlite.ResultIOErr, full: sqlite.ResultFull,
		corrupt: sqlite.ResultCorrupt, interrupted: sqlite.ResultInterrupt, notSQLite: sqlite.ResultNotADB, cantGrow: sqlite.ResultIOErrWrite,
	}[k].ToError()
}

func TestKindOf(t *testing.T) {
	for _, k := range []kind{busy, cantOpen, diskFails, full, corrupt, interrupted, notSQLite, cantGrow} {
		if got := kindOf(errorOf(k)); got != k {
			t.Errorf("kind %d is taken for %d", k, got)
		}
	}
	if got := kindOf(nil); got != other {
		t.Errorf("no error is taken for %d", got)
	}
}

// A store that could not be locked may be in use, unless opening it fails and says why.
func TestMayBeInUse(t *testing.T) {
	for k, want := range map[kind]bool{busy: true, diskFails: true, full: true, interrupted: true, cantGrow: true, cantOpen: false, corrupt: false, notSQLite: false} {
		if got := mayBeInUse(errorOf(k)); got != want {
			t.Errorf("kind %d: %t", k, got)
		}
	}
	if mayBeInUse(nil) {
		t.Error("a store that could be locked may be in use")
	}
}

// A context that is done ends what the connection does, and nothing that it does later.
func TestInterruptible(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	open(t, path)
	c, err := openFile(path, path, toRead)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const endless = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n WHERE i < 0`
	count := func() error { _, err := c.number("SELECT count(*) FROM companies"); return err }
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		err := c.interruptible(ctx, func() error { cancel(); return c.run(endless) })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
		if err := c.interruptible(ctx, func() error { t.Error("it runs when the context is done"); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("done before: %v", err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		if err := c.interruptible(ctx, count); err != nil {
			t.Errorf("after an interruption: %v", err)
		}
		cancel()
		if err := count(); err != nil {
			t.Errorf("the context of what is over is done: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	func() {
		defer func() { recover() }()
		c.interruptible(ctx, func() error { panic("a visit") })
	}()
	cancel()
	if err := c.interruptible(t.Context(), count); err != nil {
		t.Errorf("the context of what panicked is done: %v", err)
	}
	failed := errors.New("failed")
	ctx, cancel = context.WithCancel(t.Context())
	if err := c.interruptible(ctx, func() error { cancel(); return failed }); err != failed {
		t.Errorf("failed for another reason: %v", err)
	}
	if err := c.interruptible(t.Context(), func() error { return errorOf(interrupted) }); kindOf(err) != interrupted {
		t.Errorf("interrupted, but not by the context: %v", err)
	}
}
