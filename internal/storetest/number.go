package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/callvault/callvault"
)

func numberLaws() []law {
	return []law{
		{"every change has a number", everyChangeHasANumber},
		{"a tombstone keeps id and number", tombstoneKeepsIDAndNumber},
		{"numbers are a company's own", numbersAreACompanysOwn},
	}
}

// Each commit raises the highest number by exactly the number of its changes,
// and these are the numbers of what it changed; whatever it left alone keeps
// its own. Numbers are unique.
func everyChangeHasANumber(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	batch := fifty(t)
	numbers := make(map[callvault.ID]int64)
	var last int64
	commit := func(what string, write func() int, changed ...callvault.Call) {
		t.Helper()
		if got := write(); got != len(changed) {
			t.Errorf("%s: %d changes, want %d", what, got, len(changed))
		}
		seen := changes(t, calls)
		if !slices.IsSortedFunc(seen, func(a, b change) int { return int(a.Number - b.Number) }) {
			t.Errorf("%s: changes are not in the order of their numbers", what)
		}
		taken := make(map[int64]bool)
		for _, c := range seen {
			if taken[c.Number] {
				t.Errorf("%s: number %d is there twice", what, c.Number)
			}
			taken[c.Number] = true
			isNew := slices.ContainsFunc(changed, func(w callvault.Call) bool { return w.ID == c.ID })
			if isNew && (c.Number <= last || c.Number > last+int64(len(changed))) {
				t.Errorf("%s: call %s took number %d after %d", what, c.ID, c.Number, last)
			}
			if !isNew && c.Number != numbers[c.ID] {
				t.Errorf("%s: the number of call %s went from %d to %d", what, c.ID, numbers[c.ID], c.Number)
			}
			numbers[c.ID] = c.Number
		}
		last += int64(len(changed))
		if got := highest(t, calls); got != last || len(seen) != len(numbers) {
			t.Errorf("%s: %d ids up to number %d, want %d up to %d", what, len(seen), got, len(numbers), last)
		}
	}
	puts := func(batch ...callvault.Call) func() int {
		return func() int { r := put(t, calls, batch...); return r.Created + r.Changed }
	}
	removes := func(ids ...string) func() int { return func() int { return remove(t, calls, ids...) } }
	first := func(q callvault.Query, limit int) func() int {
		return func() int {
			n, err := calls.DeleteFirst(t.Context(), q, limit)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	renamed := slices.Clone(batch)
	for i := range renamed {
		renamed[i] = Sample{ID: fmt.Sprint(i), Time: day - callvault.Time(i)*hour, Title: "renamed"}.Call(t)
	}
	commit("create", puts(batch[:30]...), batch[:30]...)
	commit("create one", puts(batch[30]), batch[30])
	commit("create some", puts(batch...), batch[31:]...)
	commit("nothing new", puts(batch...))
	commit("change", puts(renamed[10], renamed[3], batch[4]), renamed[10], renamed[3])
	commit("change of several kinds", puts(append(batch[40:], renamed[:20]...)...), slices.Concat(renamed[:3], renamed[4:10], renamed[11:20])...)
	commit("delete", removes("5", "6", "5", "777"), batch[5], batch[6])
	commit("delete again", removes("5", "6"))
	commit("delete the first", first(all(), 2), renamed[19], renamed[18])
	commit("delete the first of none", first(between(0, 1), 2))
	commit("delete one of these", removes("18"))
	commit("put of the deleted", puts(renamed[5], batch[6], renamed[19], renamed[0]), renamed[5], batch[6], renamed[19])
	commit("put of the same", puts(renamed[5], batch[6], renamed[19]))
	commit("delete all", first(all(), -1), slices.Concat(batch[:18], batch[19:])...)
	commit("put of all", puts(batch...), batch...)
}

// A tombstone is the id of a call that was deleted, with the number of the
// deletion; it is gone when the call is put again.
func tombstoneKeepsIDAndNumber(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	one, two := Sample{ID: "1", Time: day}.Call(t), Sample{ID: "20", Time: day}.Call(t)
	put(t, calls, one)
	put(t, calls, two)
	remove(t, calls, "1")
	same(t, "changes", changes(t, calls), []change{{Number: 2, ID: two.ID}, {Number: 3, ID: one.ID, Deleted: true}})
	remove(t, calls, "20")
	same(t, "changes", changes(t, open(t).Calls(acme)), []change{{Number: 3, ID: one.ID, Deleted: true}, {Number: 4, ID: two.ID, Deleted: true}})
	same(t, "result", put(t, calls, one), callvault.PutResult{Created: 1})
	same(t, "changes", changes(t, calls), []change{{Number: 4, ID: two.ID, Deleted: true}, {Number: 5, ID: one.ID}})
	holds(t, calls, one)
	put(t, calls, two)
	remove(t, calls, "20", "1")
	same(t, "changes", changes(t, calls), []change{{Number: 7, ID: one.ID, Deleted: true}, {Number: 8, ID: two.ID, Deleted: true}})
}

// Every company counts for itself, from 1.
func numbersAreACompanysOwn(t *testing.T, open Open) {
	store := open(t)
	c := Sample{ID: "1", Time: day}.Call(t)
	put(t, store.Calls(acme), c)
	put(t, store.Calls(other), fifty(t)...)
	remove(t, store.Calls(acme), "1")
	put(t, store.Calls(acme), c)
	if got := highest(t, store.Calls(acme)); got != 3 {
		t.Errorf("the highest number is %d, want 3", got)
	}
	if got := highest(t, store.Calls(other)); got != 50 {
		t.Errorf("the highest number of the other company is %d, want 50", got)
	}
}
