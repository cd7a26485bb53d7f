package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

func momentLaws() []law {
	return []law{
		{"a reading is of one moment", readingIsOfOneMoment},
		{"a total and its calls are of one moment", totalIsOfOneMoment},
		{"an error of the visitor ends the reading", visitorEndsReading},
	}
}

// reading is a call of a method that visits. Its visitor is called with the
// number of visits before.
type reading struct {
	name string
	read func(ctx context.Context, visit func(n int) error) error
}

// readings are the methods that visit, asked for all there is.
func readings(calls callvault.Calls) []reading {
	type visitor = func(n int) error
	rows := func(visit visitor) func(callvault.Record) error {
		n := -1
		return func(callvault.Record) error { n++; return visit(n) }
	}
	return []reading{
		{"Scan", func(ctx context.Context, visit visitor) error {
			return calls.Scan(ctx, all(), all().Start(), -1, rows(visit))
		}},
		{"First", func(ctx context.Context, visit visitor) error {
			_, err := calls.First(ctx, all(), -1, rows(visit))
			return err
		}},
		{"Changes", func(ctx context.Context, visit visitor) error {
			return calls.Changes(ctx, 0, -1, rows(visit))
		}},
		{"ScanBack", func(ctx context.Context, visit visitor) error {
			return calls.ScanBack(ctx, all(), all().End(), -1, rows(visit))
		}},
		{"Get", func(ctx context.Context, visit visitor) error {
			var ids []callvault.ID
			err := calls.Scan(ctx, all(), all().Start(), -1, func(r callvault.Record) error { ids = append(ids, r.ID); return nil })
			if err != nil {
				return err
			}
			return calls.Get(ctx, ids, rows(visit))
		}},
	}
}

// fifty are calls enough to be in the midst of.
func fifty(t testing.TB) []callvault.Call {
	var batch []callvault.Call
	for i := range 50 {
		batch = append(batch, Sample{ID: fmt.Sprint(i), Time: day + callvault.Time(i)*minute, Workspace: "1", Title: padding(500)}.Call(t))
	}
	return batch
}

// What is written while a reading goes on, even by its visitor, is not seen by
// it: neither a call that is new or gone, nor one that changed or moved.
func readingIsOfOneMoment(t *testing.T, open Open) {
	store := open(t)
	calls, before := store.Calls(acme), fifty(t)
	put(t, calls, before...)
	after := append(before[:0:0], before[:40]...)
	for i := range after[30:] {
		after[30+i] = Sample{ID: fmt.Sprint(30 + i), Time: day + 90*minute, Title: "moved"}.Call(t)
	}
	after = append(after, Sample{ID: "51", Time: day + 45*minute, Title: "new"}.Call(t))

	var got []row
	err := calls.Scan(t.Context(), all(), all().Start(), -1, func(r callvault.Record) error {
		if len(got) == 5 {
			put(t, calls, after...)
			remove(t, calls, "40", "41", "42", "43", "44", "45", "46", "47", "48", "49")
		}
		return keep(&got)(r)
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "a scan that was under way", got, rows(before, all()))
	holds(t, calls, after...)

	written := changes(t, calls)
	var seen []change
	err = calls.Changes(t.Context(), 0, -1, func(r callvault.Record) error {
		if len(seen) == 5 {
			put(t, calls, before...)
		}
		seen = append(seen, change{r.Number, r.ID, r.Deleted})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "changes that were under way", seen, written)
}

// First counts the calls that it would visit, while others write.
func totalIsOfOneMoment(t *testing.T, open Open) {
	reader, writer := open(t).Calls(acme), open(t).Calls(acme)
	batch := fifty(t)
	ids := make([]callvault.ID, len(batch))
	for i := range batch {
		ids[i] = batch[i].ID
	}
	written, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		defer stop()
		for i := range 60 {
			if _, err := writer.Put(t.Context(), callvault.NewBatch(append(batch[:0:0], batch[i*7%50:]...))); err != nil {
				t.Error(err)
			}
			if _, err := writer.Delete(t.Context(), ids[i*11%50:]); err != nil {
				t.Error(err)
			}
		}
	})
	for written.Err() == nil {
		n := 0
		total, err := reader.First(t.Context(), all(), -1, func(callvault.Record) error { n++; return nil })
		if err != nil || n != total {
			t.Errorf("First counted %d calls and visited %d, %v", total, n, err)
			break
		}
	}
	group.Wait()
}

// An error of the visitor ends the reading at once and is returned as it is,
// and the store goes on working.
func visitorEndsReading(t *testing.T, open Open) {
	store := open(t)
	calls, batch := store.Calls(acme), fifty(t)
	put(t, calls, batch...)
	for _, r := range readings(calls) {
		for _, want := range []error{errors.New("enough"), context.Canceled, callvault.ErrNotFound} {
			for _, last := range []int{0, 1, 17, 49} {
				visits := 0
				got := r.read(t.Context(), func(n int) error {
					visits++
					if n == last {
						return want
					}
					return nil
				})
				if got != want { // not errors.Is: nothing is to be wrapped around it
					t.Errorf("%s returned %#v, want the visitor's %#v", r.name, got, want)
				}
				if visits != last+1 {
					t.Errorf("%s made %d visits, want %d", r.name, visits, last+1)
				}
			}
		}
	}
	holds(t, calls, batch...)
	put(t, calls, Sample{ID: "1000", Time: day}.Call(t))
	if got := remove(t, calls, "1000"); got != 1 {
		t.Errorf("deleted %d calls, want 1", got)
	}
}

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
