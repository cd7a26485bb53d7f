package bulk

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
)

// slow is a store whose batches take a second for so many calls, and to which somebody else
// writes with each batch while others is true.
type slow struct {
	*memory
	calls  int
	others func(batches int) bool
	took   []time.Duration
}

func (s *slow) Put(ctx context.Context, batch callvault.Batch) (callvault.PutResult, error) {
	begun := time.Now()
	time.Sleep(time.Duration(batch.Len()) * time.Second / time.Duration(s.calls))
	s.took = append(s.took, time.Since(begun))
	result, err := s.memory.Put(ctx, batch)
	if s.others(len(s.took)) {
		s.latest++
	}
	return result, err
}

// While others write to the company they wait for a fraction of a second, but for the first
// batches, which are filled before the others are seen. An import that is alone puts whole batches, and does
// again when the others have gone.
func TestOthersWaitForShortBatches(t *testing.T) {
	const calls = 4*maxCalls + 10*leastCalls
	var text strings.Builder
	for i := range calls {
		fmt.Fprintf(&text, `{"id":"%d","started":"2026-03-04T12:00:00Z"}`+"\n", i+1)
	}
	source := []Source{{Name: "calls.ndjson", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text.String())), nil }}}
	for _, tt := range []struct {
		name   string
		calls  int // in a second
		others func(batches int) bool
		check  func(t *testing.T, batches int, took time.Duration)
		fewest int // batches
		most   int
	}{
		{"alone", 10_000, func(int) bool { return false }, func(*testing.T, int, time.Duration) {}, 5, 5},
		{"with others", 10_000, func(int) bool { return true }, func(t *testing.T, batch int, took time.Duration) {
			if batch > 3 && took > shortBatch {
				t.Errorf("batch %d takes %v", batch, took)
			}
		}, 20, 1000},
		{"with one for a moment", 1000, func(batches int) bool { return batches == 1 }, func(*testing.T, int, time.Duration) {}, 10, 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &slow{memory: new(memory), calls: tt.calls, others: tt.others}
				im := &Import{Calls: store, Report: new(recorder)}
				if _, err := im.Run(t.Context(), source); err != nil {
					t.Fatal(err)
				}
				for i, took := range store.took {
					tt.check(t, i+1, took)
				}
				if n := len(store.took); n < tt.fewest || n > tt.most || len(store.documents) != calls {
					t.Errorf("%d batches, %d calls: %v", n, len(store.documents), store.batches)
				}
			})
		})
	}
}
