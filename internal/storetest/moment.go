package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/callvault/callvault"
)

func momentLaws() []law {
	return []law{
		{"a reading is of one moment", readingIsOfOneMoment},
		{"a total and its calls are of one moment", totalIsOfOneMoment},
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
	err := calls.Scan(t.Context(), all(), all().Start(), -1, func(r callvault.Row) error {
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
	var seen []callvault.Change
	err = calls.Changes(t.Context(), func(c callvault.Change) error {
		if len(seen) == 5 {
			put(t, calls, before...)
		}
		seen = append(seen, c)
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
		total, err := reader.First(t.Context(), all(), -1, func(callvault.Row) error { n++; return nil })
		if err != nil || n != total {
			t.Errorf("First counted %d calls and visited %d, %v", total, n, err)
			break
		}
	}
	group.Wait()
}
