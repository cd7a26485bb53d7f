//go:build unix

package postgres

import (
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/storetest"
)

// TestLaws runs the laws as statements are sent by default, prepared, and as they
// are for poolers that can't have that. Every statement is recorded.
func TestLaws(t *testing.T) {
	for _, mode := range []string{"cache_statement", "exec"} {
		t.Run(mode, func(t *testing.T) {
			r := &recorder{statements: make(map[string]bool)}
			t.Run("law", func(t *testing.T) {
				storetest.Run(t, func(t testing.TB) storetest.Open {
					url := database(t) + "&default_query_exec_mode=" + mode
					return func(t testing.TB) callvault.Store { return openTraced(t, url, r) }
				})
			})
			r.check(t)
			r.keep(t)
		})
	}
}

// TestLawsOfDamage runs the laws of damaged stores.
func TestLawsOfDamage(t *testing.T) {
	storetest.RunDamaged(t, func(t testing.TB) (storetest.Open, storetest.Damage) { return damaged(database(t)) })
}

// damaged is a store, and what changes its rows.
func damaged(url string) (storetest.Open, storetest.Damage) {
	return func(t testing.TB) callvault.Store { return open(t, url) }, func(t testing.TB, statement string) {
		execute(t, open(t, url+"&search_path=callvault"), statement)
	}
}

func FuzzStore(f *testing.F) {
	f.Add([]byte("a program is any bytes; these make a few calls and look at them"))
	f.Fuzz(func(t *testing.T, program []byte) { storetest.RunModel(t, fresh(t), program) })
}

// fresh makes a new store, which each handle opens with connections of its own.
func fresh(t testing.TB) storetest.Open {
	url := database(t)
	return func(t testing.TB) callvault.Store { return open(t, url) }
}

// BenchmarkView is what a view costs this process, of a million calls in range but for the first.
func BenchmarkView(b *testing.B) { storetest.BenchView(b, fresh(b)) }

func BenchmarkMirror(b *testing.B) { storetest.BenchMirror(b, fresh(b)) }
