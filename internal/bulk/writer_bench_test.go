package bulk

import (
	"io"
	"math/rand/v2"
	"testing"
)

// A writer takes a call to the operation.
func BenchmarkWriter(b *testing.B) {
	documents := randomDocuments(rand.New(rand.NewPCG(9, 10)), 10_000)
	for _, f := range []Format{NDJSON, JSON, CSV, Parquet} {
		b.Run(string(f), func(b *testing.B) {
			w, err := NewWriter(io.Discard, f, nil)
			if err != nil {
				b.Fatal(err)
			}
			var bytes int
			buf := make([]byte, 0, 64<<10)
			for i := 0; b.Loop(); i++ {
				buf = append(buf[:0], documents[i%len(documents)]...)
				bytes += len(buf)
				if err := w.Write(buf); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(bytes / b.N))
		})
	}
}
