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
