package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/storetest"
)

func TestLaws(t *testing.T) { storetest.Run(t, fresh) }

// TestLawsOfDamage runs the laws of damaged stores.
func TestLawsOfDamage(t *testing.T) { storetest.RunDamaged(t, damaged) }

// damaged is a store, and what changes its rows.
func damaged(t testing.TB) (storetest.Open, storetest.Damage) {
	path := filepath.Join(t.TempDir(), "laws.db")
	return func(t testing.TB) callvault.Store { return open(t, path) }, func(t testing.TB, statement string) {
		if err := open(t, path).onWriter(func(c *conn) error { return c.script(statement) }); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzStore(f *testing.F) {
	f.Add([]byte("a program is any bytes; these make a few calls and look at them"))
	f.Fuzz(func(t *testing.T, program []byte) { storetest.RunModel(t, fresh(t), program) })
}

// fresh makes a new store, which each handle opens with connections of its own.
func fresh(t testing.TB) storetest.Open {
	path := filepath.Join(t.TempDir(), "laws.db")
	return func(t testing.TB) callvault.Store { return open(t, path) }
}
