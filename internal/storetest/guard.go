package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

func guardLaws() []law {
	return []law{
		{"a guarded batch replaces no call of another client", guardedBatch},
		{"a guarded batch replaces calls of its clients", guardedReplaces},
		{"a large batch is guarded", guardedLargeBatch},
		{"a batch of new calls replaces none", onlyNew},
		{"of batches with one new call one adds it", onlyNewAtOnce},
		{"a guarded batch does not look into further fields", guardedFurther},
	}
}

// client is a call with a clientUniqueId, which may be nil.
func client(t testing.TB, id, title string, client *string) callvault.Call {
	t.Helper()
	c := Bare(id)
	c.Title, c.ClientUniqueID, c.CustomData = &title, client, new(`,"clientUniqueId":"x","customData":`)
	return NewCall(t, c)
}

// guarded is a guarded batch of all of these calls.
func guarded(t testing.TB, calls ...callvault.Call) callvault.Batch {
	t.Helper()
	batch, refused := callvault.NewGuardedBatch(slices.Clone(calls))
	if len(refused) > 0 {
		t.Fatalf("a batch refuses %v", refused)
	}
	return batch
}

// refuses puts a guarded batch, which is to be refused because of these calls.
func refuses(t testing.TB, calls callvault.Calls, batch []callvault.Call, ids ...string) {
	t.Helper()
	result, err := calls.Put(t.Context(), guarded(t, batch...))
	var refused *callvault.ClientError
	if !errors.As(err, &refused) {
		t.Fatalf("the error is %v", err)
	}
	same(t, "result", result, callvault.PutResult{})
	var got []string
	for _, id := range refused.IDs {
		got = append(got, id.String())
	}
	slices.Sort(got)
	same(t, "refused", got, ids)
}

// Of a guarded batch nothing is kept if a call would replace one whose clientUniqueId is
// another, and all of these are named; a batch that is not guarded replaces them.
func guardedBatch(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	texts := []string{"a", "A", "", `x","customData":"y`, `null`, `"`, `\`, ",", "ü", "a%b_c"}
	var there, others []callvault.Call
	var ids []string
	for i, text := range texts {
		id := fmt.Sprint(i + 1)
		ids = append(ids, id)
		there = append(there, client(t, id, "there", &text))
		others = append(others, client(t, id, "other", new(text+"2")))
	}
	slices.Sort(ids)
	put(t, calls, there...)
	before := changes(t, calls)
	fresh := client(t, "900", "new", new("a"))
	refuses(t, calls, append(slices.Clone(others), fresh), ids...)
	refuses(t, calls, []callvault.Call{fresh, others[3], there[4]}, "4")
	same(t, "changes", changes(t, calls), before)
	holds(t, calls, there...)

	same(t, "result", put(t, calls, others...), callvault.PutResult{Changed: len(others)})
	holds(t, calls, others...)
}

// Calls of the same client, of none, and calls that are gone may be replaced, and so may
// those of other companies.
func guardedReplaces(t *testing.T, open Open) {
	store := open(t)
	calls := store.Calls(acme)
	put(t, store.Calls(other), client(t, "1", "other's", new("z")))
	for _, batch := range [][]callvault.Call{
		{client(t, "1", "first", new("a")), client(t, "2", "first", nil)},
		{client(t, "1", "second", new("a")), client(t, "2", "second", new("b"))},
		{client(t, "1", "second", new("a")), client(t, "2", "third", nil)},
		{client(t, "1", "fourth", nil), client(t, "2", "fourth", new("c"))},
		{client(t, "1", "fifth", new("d")), client(t, "2", "fourth", new("c"))},
	} {
		if _, err := calls.Put(t.Context(), guarded(t, batch...)); err != nil {
			t.Fatal(err)
		}
		holds(t, calls, batch...)
	}
	remove(t, calls, "1")
	again := client(t, "1", "again", new("e"))
	if _, err := calls.Put(t.Context(), guarded(t, again)); err != nil {
		t.Fatal(err)
	}
	holds(t, calls, again, client(t, "2", "fourth", new("c")))
}

// A further field of a call that has a clientUniqueId is not the call's.
func guardedFurther(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	further := func(id, title string, client *string) callvault.Call {
		c := Bare(id)
		c.Title, c.ClientUniqueID = &title, client
		c.Further = []gong.Field{{Name: "before", Value: []byte(`{"a":1,"clientUniqueId":"z","customData":null}`)}}
		return NewCall(t, c)
	}
	put(t, calls, further("1", "there", nil), further("2", "there", new("a")))
	if _, err := calls.Put(t.Context(), guarded(t, further("1", "new", new("b")))); err != nil {
		t.Errorf("a call of no client: %v", err)
	}
	refuses(t, calls, []callvault.Call{further("2", "new", new("z"))}, "2")
}

// A batch of thousands of calls is guarded as a whole.
func guardedLargeBatch(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	there := client(t, "5999", "there", new("a"))
	put(t, calls, there)
	batch := make([]callvault.Call, 6000)
	for i := range batch {
		batch[i] = client(t, fmt.Sprint(i), "new", new(fmt.Sprint(i)))
	}
	refuses(t, calls, batch, "5999")
	holds(t, calls, there)
	result, err := calls.Put(t.Context(), guarded(t, batch[:5999]...))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "result", result, callvault.PutResult{Created: 5999})
}

// addNew puts calls that are to be new.
func addNew(t testing.TB, calls callvault.Calls, batch ...callvault.Call) callvault.PutResult {
	t.Helper()
	result, err := calls.Put(t.Context(), callvault.NewBatch(slices.Clone(batch)).OnlyNew())
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// A batch of new calls leaves those alone whose ids are there, whatever their clients are,
// and takes numbers for the others. An id of another company or of a deleted call is new.
func onlyNew(t *testing.T, open Open) {
	store := open(t)
	calls := store.Calls(acme)
	put(t, store.Calls(other), client(t, "1", "other's", new("a")))
	same(t, "result", addNew(t, calls, client(t, "1", "first", new("a"))), callvault.PutResult{Created: 1})
	put(t, calls, client(t, "2", "first", new("b")), client(t, "3", "first", nil))
	before := changes(t, calls)
	same(t, "result", addNew(t, calls, client(t, "1", "second", new("a"))), callvault.PutResult{Unchanged: 1})
	same(t, "changes", changes(t, calls), before)
	batch := []callvault.Call{client(t, "1", "first", new("a")), client(t, "2", "third", new("c")), client(t, "3", "third", nil), client(t, "4", "third", nil)}
	same(t, "result", addNew(t, calls, batch...), callvault.PutResult{Created: 1, Unchanged: 3})
	holds(t, calls, client(t, "1", "first", new("a")), client(t, "2", "first", new("b")), client(t, "3", "first", nil), client(t, "4", "third", nil))
	remove(t, calls, "1")
	same(t, "result", addNew(t, calls, client(t, "1", "fourth", new("a"))), callvault.PutResult{Created: 1})
	holds(t, store.Calls(other), client(t, "1", "other's", new("a")))
}

// Of several writers at once that add a call with one id, one does.
func onlyNewAtOnce(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	const writers, rounds = 4, 5
	for round := range rounds {
		id, results := fmt.Sprint(round+1), make([]callvault.PutResult, writers)
		var group sync.WaitGroup
		for i := range writers {
			batch := callvault.NewBatch([]callvault.Call{client(t, id, fmt.Sprint(i), new("a"))}).OnlyNew()
			group.Go(func() {
				var err error
				if results[i], err = calls.Put(t.Context(), batch); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		winner := slices.IndexFunc(results, func(r callvault.PutResult) bool { return r.Created == 1 })
		if winner < 0 {
			t.Fatalf("nobody added call %s", id)
		}
		sum := callvault.PutResult{}
		for _, r := range results {
			sum = sum.Add(r)
		}
		same(t, "results", sum, callvault.PutResult{Created: 1, Unchanged: writers - 1})
		var got []string
		err := calls.Get(t.Context(), []callvault.ID{ID(t, id)}, func(r callvault.Record) error {
			got = append(got, string(r.Document))
			return nil
		})
		if want := client(t, id, fmt.Sprint(winner), new("a")); err != nil || !slices.Equal(got, []string{string(want.Document)}) {
			t.Errorf("%q, %v, want %s", got, err, want.Document)
		}
	}
}
