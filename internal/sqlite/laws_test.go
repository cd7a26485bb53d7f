package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/storetest"
)

func TestLaws(t *testing.T) { storetest.Run(t, fresh) }

// fresh makes a new store, which each handle opens with connections of its own.
func fresh(t testing.TB) storetest.Open {
	path := filepath.Join(t.TempDir(), "laws.db")
	return func(t testing.TB) callvault.Store { return open(t, path) }
}
