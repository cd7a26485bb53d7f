package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

func cancelLaws() []law {
	return []law{
		{"nothing is done under a context that is done", nothingIsDoneUnderADoneContext},
		{"a context that ends ends the reading", contextEndsReading},
		{"cancelled use leaves a store that works", cancelledUseLeavesAStoreThatWorks},
	}
}

// Every method returns the error of a context that is done, visits nothing and
// changes nothing.
func nothingIsDoneUnderADoneContext(t *testing.T, open Open) {
	store := open(t)
	calls, batch := store.Calls(acme), fifty(t)
	put(t, calls, batch...)
	addKeys(t, store, key("K", acme))
	take(t, store, today(acme, 10), 5, 5)
	before := changes(t, calls)

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for _, ctx := range []context.Context{cancelled, late} {
		for _, m := range methods(store, calls) {
			if err := m.call(ctx); !errors.Is(err, ctx.Err()) {
				t.Errorf("%s: %v, want %v", m.name, err, ctx.Err())
			}
		}
		for _, r := range readings(calls) {
			if err := r.read(ctx, func(int) error { t.Errorf("%s visits", r.name); return nil }); !errors.Is(err, ctx.Err()) {
				t.Errorf("%s: %v, want %v", r.name, err, ctx.Err())
			}
		}
	}
	holds(t, calls, batch...)
	same(t, "changes", changes(t, calls), before)
	same(t, "companies", names(t, store), []string{acme})
	(&follower{store: store}).expect(t, key("K", acme))
	take(t, store, today(acme, 10), 10, 5)
}

// A context that ends during a reading ends it, with the context's error.
func contextEndsReading(t *testing.T, open Open) {
	store := open(t)
	calls := store.Calls(acme)
	batch := census(t)
	put(t, calls, batch...)
	for _, r := range readings(calls) {
		for _, at := range []int{0, 1, 100, 300} {
			ctx, cancel := context.WithCancel(t.Context())
			visits := 0
			err := r.read(ctx, func(n int) error {
				visits++
				if n == at {
					cancel()
				}
				return nil
			})
			cancel()
			if !errors.Is(err, context.Canceled) || visits == len(batch) {
				t.Errorf("%s made %d visits and returned %v, want %v", r.name, visits, err, context.Canceled)
			}
		}
	}
	holds(t, calls, batch...)
	same(t, "result", put(t, calls, batch...), callvault.PutResult{Unchanged: len(batch)})
}

// Readers and writers that give up at any moment take nothing with them: the
// next ones find a store that works, and nothing is held.
func cancelledUseLeavesAStoreThatWorks(t *testing.T, open Open) {
	store := open(t)
	calls, batch := store.Calls(acme), fifty(t)
	put(t, calls, batch...)
	var group sync.WaitGroup
	for worker := range 6 {
		group.Go(func() {
			for i := range 60 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*worker)*10*time.Microsecond)
				var err error
				switch worker % 3 {
				case 0:
					_, err = calls.Put(ctx, callvault.NewBatch(append(batch[:0:0], batch...)))
				case 1:
					_, err = calls.First(ctx, all(), -1, func(callvault.Record) error { return nil })
				case 2:
					_, err = calls.Count(ctx, all())
				}
				if err != nil && !errors.Is(err, ctx.Err()) {
					t.Errorf("worker %d: %v, want %v", worker, err, ctx.Err())
				}
				cancel()
			}
		})
	}
	group.Wait()
	for range 40 { // more readers than any store has idle connections for
		holds(t, calls, batch...)
	}
	same(t, "result", put(t, calls, batch...), callvault.PutResult{Unchanged: 50})
	if got := highest(t, calls); got != 50 {
		t.Errorf("the highest number is %d, want 50", got)
	}
	closeStore(t, store)
}
