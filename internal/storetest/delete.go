package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/callvault/callvault"
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
