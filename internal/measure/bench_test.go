package measure

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callvault/callvault"
)

// BenchmarkOperation is what measuring adds to an operation that does nothing.
func BenchmarkOperation(b *testing.B) {
	for name, store := range map[string]callvault.Store{
		"bare":    nothing{},
		"counted": Store(nothing{}, prometheus.NewRegistry()),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := store.Companies(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// nothing is a store whose companies cost nothing.
type nothing struct{ callvault.Store }

func (nothing) Companies(context.Context) ([]string, error) { return nil, nil }
