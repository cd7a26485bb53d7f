package sqlite

import (
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
