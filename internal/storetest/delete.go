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

func deleteLaws() []law {
	return []law{
		{"delete removes and counts", deleteRemovesAndCounts},
		{"delete of what is not there", deleteOfWhatIsNotThere},
		{"delete first removes in order", deleteFirstRemovesInOrder},
		{"a call can come back", callCanComeBack},
	}
}

// Delete removes the calls with the ids, tells how many there were, and leaves
// the others.
func deleteRemovesAndCounts(t *testing.T, open Open) {
	calls, batch := open(t).Calls(acme), census(t)
	put(t, calls, batch...)
	random := shuffled(batch)
	for len(random) > 0 {
		n := min(180, len(random))
		var ids []string
		for _, c := range random[:n] {
			ids = append(ids, c.ID.String())
		}
		if got := remove(t, calls, ids...); got != n {
			t.Errorf("deleted %d calls, want %d", got, n)
		}
		random = random[n:]
		holds(t, calls, random...)
		for _, workspace := range []string{"7", "70"} {
			q := in(t, workspace)
			sameRows(t, describe(q), list(t, calls, q), rows(random, q))
			if got, want := count(t, calls, q), len(matching(random, q)); got != want {
				t.Errorf("%s counts %d, want %d", describe(q), got, want)
			}
		}
	}
}

// An id that is not there is passed over, one that is given twice counts once,
// and neither takes a number.
func deleteOfWhatIsNotThere(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	if got := remove(t, calls, "1"); got != 0 {
		t.Errorf("deleted %d calls of no company, want 0", got)
	}
	batch := samples(t, Sample{ID: "1", Time: day}, Sample{ID: "2", Time: day}, Sample{ID: "3", Time: day})
	put(t, calls, batch...)
	for _, tt := range []struct {
		ids  []string
		want int
	}{
		{nil, 0}, {[]string{"4"}, 0}, {[]string{"10", "02", "1", "4"}, 2}, {[]string{"1", "2", "1"}, 0}, {[]string{"3", "3"}, 1}, {[]string{"3"}, 0},
	} {
		if got := remove(t, calls, tt.ids...); got != tt.want {
			t.Errorf("Delete(%q) deleted %d, want %d", tt.ids, got, tt.want)
		}
	}
	if got, err := calls.Delete(t.Context(), []callvault.ID{{}}); got != 0 || err != nil {
		t.Errorf("Delete of the zero ID: %d, %v", got, err)
	}
	holds(t, calls)
	if got := highest(t, calls); got != 6 {
		t.Errorf("the highest number is %d, want 6", got)
	}
}

// DeleteFirst removes the calls of a query that stand first, up to its limit;
// a negative one is none.
func deleteFirstRemovesInOrder(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	var left []callvault.Call
	for i, id := range numbers() {
		left = append(left, Sample{ID: id, Time: day + callvault.Time(i%5)*hour, Workspace: fmt.Sprint(i % 2)}.Call(t))
	}
	put(t, calls, shuffled(left)...)
	number := highest(t, calls)
	one := in(t, "1")
	for _, tt := range []struct {
		q     callvault.Query
		limit int
	}{
		{all(), 0}, {all(), 1}, {one, 3}, {between(day+hour, day+3*hour), 5}, {between(day+hour, day+hour), 5}, {between(day+hour, day), -1},
		{callvault.Query{Range: callvault.Range{From: day + 2*hour, To: day + 4*hour}, Workspace: ID(t, "1")}, 4}, {one, 1000}, {one, -1}, {all(), 2},
		{between(day+3*hour, callvault.MaxTime), -1}, {all(), -1}, {all(), 1},
	} {
		want := matching(left, tt.q)
		if tt.limit >= 0 {
			want = want[:min(tt.limit, len(want))]
		}
		got, err := calls.DeleteFirst(t.Context(), tt.q, tt.limit)
		if err != nil || got != len(want) {
			t.Errorf("DeleteFirst(%s, %d) deleted %d calls, %v, want %d", describe(tt.q), tt.limit, got, err, len(want))
		}
		left = slices.DeleteFunc(left, func(c callvault.Call) bool {
			return slices.ContainsFunc(want, func(w callvault.Call) bool { return c.ID == w.ID })
		})
		holds(t, calls, left...)
		number += int64(len(want))
		if got := highest(t, calls); got != number {
			t.Errorf("the highest number is %d, want %d", got, number)
		}
	}
}

// A call that was deleted and is put again is created, at its new place.
func callCanComeBack(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	for i := range 4 {
		c := Sample{ID: "1", Time: day + callvault.Time(i%2)*hour, Workspace: fmt.Sprint(i % 3), Title: "the same"}.Call(t)
		same(t, "result", put(t, calls, c), callvault.PutResult{Created: 1})
		holds(t, calls, c)
		if got := remove(t, calls, "1"); got != 1 {
			t.Errorf("deleted %d, want 1", got)
		}
		holds(t, calls)
		if got := count(t, calls, in(t, fmt.Sprint(i%3))); got != 0 {
			t.Errorf("its workspace counts %d, want 0", got)
		}
	}
}

// A call whose document is lost is there for who writes: Put changes it and Delete deletes
// it. It stays counted, because nobody knows what to take from the counts, so Check tells of
// the loss until it is accepted.
func lostDocumentIsThere(t *testing.T, open Open, damage Damage) {
	store := open(t)
	calls, batch := store.Calls(acme), fifty(t)
	there := batch[20]
	moved := Sample{ID: "20", Time: day + hour, Workspace: "7"}.Call(t)
	first := callvault.Query{Range: callvault.Range{From: there.Time, To: there.Time + 1}}
	for _, tt := range []struct {
		name    string
		write   func()
		counted int
	}{
		{"Put of the same", func() { same(t, "result", put(t, calls, there), callvault.PutResult{Changed: 1}) }, 51},
		{"Put at another place", func() { same(t, "result", put(t, calls, moved), callvault.PutResult{Changed: 1}) }, 51},
		{"Delete", func() {
			same(t, "deleted, and deleted again", []int{remove(t, calls, "20"), remove(t, calls, "20")}, []int{1, 0})
		}, 50},
		{"DeleteFirst", func() {
			n, err := calls.DeleteFirst(t.Context(), first, -1)
			same(t, "deleted", n, 0)
			same(t, "error", err, nil)
		}, 50},
		{"Load", func() { load(t, store, acme, []callvault.Record{{Number: 1_000, Call: there}}) }, 51},
		{"Load of a tombstone", func() {
			load(t, store, acme, []callvault.Record{{Number: 2_000, Deleted: true, Call: callvault.Call{ID: there.ID}}})
		}, 50},
	} {
		t.Log(tt.name)
		put(t, calls, batch...)
		damage(t, "DELETE FROM documents WHERE id = '"+there.ID.Key()+"'")
		tt.write()
		same(t, "count", count(t, calls, all()), tt.counted)
		found := 0
		if err := store.Check(t.Context(), func(string) { found++ }); err != nil || found == 0 {
			t.Errorf("%d differences, %v", found, err)
		}
		if err := store.Repair(t.Context(), callvault.NoLoss, func(string) {}); !errors.Is(err, callvault.ErrLoss) {
			t.Errorf("a repair: %v", err)
		}
		if err := store.Repair(t.Context(), callvault.AcceptLoss, func(string) {}); err != nil {
			t.Fatal(err)
		}
		if err := store.Check(t.Context(), func(difference string) { t.Errorf("after the repair: %s", difference) }); err != nil {
			t.Error(err)
		}
	}
}

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
