package measure

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/callvault/callvault"
)

// BenchmarkOperation is what measuring adds to an operation that does nothing.
func BenchmarkOperation(b *testing.B) {
	traces := sdktrace.NewTracerProvider()
	within, span := traces.Tracer("").Start(b.Context(), "request")
	defer span.End()
	for _, bench := range []struct {
		name   string
		ctx    context.Context
		config Config
	}{
		{"bare", b.Context(), Config{}},
		{"counted", b.Context(), Config{Metrics: prometheus.NewRegistry()}},
		{"traced", within, Config{Metrics: prometheus.NewRegistry(), Traces: traces}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			store := Store(nothing{}, bench.config)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := store.CursorSecret(bench.ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// nothing is a store whose secret costs nothing.
type nothing struct{ callvault.Store }

func (nothing) CursorSecret(context.Context) ([]byte, error) { return nil, nil }
