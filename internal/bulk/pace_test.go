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

// busy is a store that puts so many calls in a second, and to which others write while others
// is true. They wait for a tenth of a second before a yielding batch is given up.
type busy struct {
	*memory
	calls  int
	others func() bool
	took   []time.Duration // of batches that were kept
	lost   int             // batches that were not
}

func (b *busy) Put(ctx context.Context, batch callvault.Batch) (callvault.PutResult, error) {
	begun := time.Now()
	takes := time.Duration(batch.Len()) * time.Second / time.Duration(b.calls)
	const patience = time.Second / 10
	if batch.IsYielding() && takes > patience && b.others() {
		time.Sleep(patience)
		b.lost++
		return callvault.PutResult{}, callvault.ErrYielded
	}
	time.Sleep(takes)
	b.took = append(b.took, time.Since(begun))
	return b.memory.Put(ctx, batch)
}

// Others who write wait for a fraction of a second, the first one too. An import that is alone
// puts whole batches, and does again when the others have been gone for a while.
func TestOthersWaitForShortParts(t *testing.T) {
	const calls = 4*maxCalls + 10*leastCalls
	var text strings.Builder
	for i := range calls {
		fmt.Fprintf(&text, `{"id":"%d","started":"2026-03-04T12:00:00Z"}`+"\n", i+1)
	}
	source := []Source{{Name: "calls.ndjson", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text.String())), nil }}}
	for _, tt := range []struct {
		name    string
		calls   int // in a second
		others  func(since time.Duration) bool
		longest time.Duration // of a batch that is kept
		lost    int
		batches int // at least
		whole   int // of these
	}{
		{"alone", 10_000, func(time.Duration) bool { return false }, 5 * time.Second, 0, 5, 4},
		{"with others", 10_000, func(time.Duration) bool { return true }, shortPart, 1, 140, 0},
		{"with others and a slow disk", 2000, func(time.Duration) bool { return true }, time.Second / 2, 2, 210, 0},
		{"with others for a moment", 1000, func(since time.Duration) bool { return since < time.Second }, 50 * time.Second, 1, 60, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				var a acknowledged
				store := &busy{memory: &a.memory, calls: tt.calls, others: func() bool { return tt.others(time.Since(begun)) }}
				im := &Import{Calls: store, Report: &a}
				result, err := im.Run(t.Context(), source)
				if err != nil || result.Created != calls || len(a.documents) != calls {
					t.Fatalf("%+v, %v; %d calls", result, err, len(a.documents))
				}
				whole := 0
				for i, n := range a.batches {
					if n == maxCalls {
						whole++
					}
					if store.took[i] > tt.longest {
						t.Errorf("batch %d of %d calls takes %v", i+1, n, store.took[i])
					}
				}
				if len(a.batches) < tt.batches || whole < tt.whole || store.lost > tt.lost {
					t.Errorf("%d batches, %d whole, %d lost: %v", len(a.batches), whole, store.lost, a.batches)
				}
				if want := fmt.Sprintf("[calls.ndjson:%d] %d", maxCalls, maxCalls); a.lines[0] != want {
					t.Errorf("it acknowledges %s first, want %s", a.lines[0], want)
				}
			})
		})
	}
}

// Part of a batch has the calls whose ids another client has. The rest is put once.
func TestPartsLeaveOutOthers(t *testing.T) {
	const calls = 4 * leastCalls
	var text strings.Builder
	for i := range calls {
		fmt.Fprintf(&text, `{"id":"%d","started":"2026-03-04T12:00:00Z","clientUniqueId":"%d"}`+"\n", i+1, i%2)
	}
	source := []Source{{Name: "calls.ndjson", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text.String())), nil }}}
	synctest.Test(t, func(t *testing.T) {
		var a acknowledged
		if _, err := (&Import{Calls: &a.memory, Report: &a}).Run(t.Context(), source); err != nil {
			t.Fatal(err)
		}
		for i := 1; i < calls; i += 2 { // each second one is another's from now on
			a.documents[i] = strings.Replace(a.documents[i], `"clientUniqueId":"1"`, `"clientUniqueId":"2"`, 1)
		}
		a.batches = nil
		store := &busy{memory: &a.memory, calls: 5000, others: func() bool { return true }}
		result, err := (&Import{Calls: store, Report: &a}).Run(t.Context(), source)
		if err != nil || result.Skipped != calls/2 || result.Unchanged != calls/2 || store.lost != 1 {
			t.Errorf("%+v, %v; %d batches lost", result, err, store.lost)
		}
	})
}
