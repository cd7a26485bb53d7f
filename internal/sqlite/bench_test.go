package sqlite

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/storetest"
)

// BenchmarkRead is what the read path costs in this room: a total, a page, a later one, and
// a total with its page, of random ranges over 100,000 calls that came in no order.
func BenchmarkRead(b *testing.B) {
	const n, spacing = 100_000, 60_000_000
	s := open(b, filepath.Join(b.TempDir(), "bench.db"))
	random := rand.New(rand.NewPCG(1, 1))
	batch := make([]callvault.Call, n)
	for i := range batch {
		batch[i] = callvault.Call{
			ID:        mustID(b, fmt.Sprint(1+random.Uint64N(1<<60))),
			Time:      callvault.Time(i) * spacing,
			Workspace: mustID(b, fmt.Sprint(1+random.IntN(3))),
			Document:  bytes.Repeat([]byte("x"), 600),
		}
	}
	positions := make([]callvault.Position, n)
	for i := range batch {
		positions[i] = batch[i].Position()
	}
	random.Shuffle(n, func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
	for len(batch) > 0 {
		if _, err := s.Calls("default").Put(b.Context(), callvault.NewBatch(batch[:n/10])); err != nil {
			b.Fatal(err)
		}
		batch = batch[n/10:]
	}
	calls := s.Calls("default")
	visit := func(callvault.Record) error { return nil }
	for _, workspace := range []string{"all", "1"} {
		query := func() (q callvault.Query) {
			from := callvault.Time(random.Int64N(n / 2 * spacing))
			q.Range = callvault.Range{From: from, To: from + 1 + callvault.Time(random.Int64N(n/2*spacing))}
			if workspace != "all" {
				q.Workspace = mustID(b, workspace)
			}
			return q
		}
		for name, read := range map[string]func(callvault.Query) error{
			"total": func(q callvault.Query) error { _, err := calls.Count(b.Context(), q); return err },
			"page":  func(q callvault.Query) error { return calls.Scan(b.Context(), q, q.Start(), 101, visit) },
			"later": func(q callvault.Query) error {
				return calls.Scan(b.Context(), q, positions[q.From/spacing+1], 101, visit)
			},
			"first": func(q callvault.Query) error { _, err := calls.First(b.Context(), q, 101, visit); return err },
		} {
			b.Run(name+"/workspace="+workspace, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := read(query()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkMirror(b *testing.B) {
	path := filepath.Join(b.TempDir(), "bench.db")
	storetest.BenchMirror(b, func(t testing.TB) callvault.Store { return open(t, path) })
}

// BenchmarkView is what a view costs, of a million calls in range but for the first.
func BenchmarkView(b *testing.B) { storetest.BenchView(b, fresh(b)) }
