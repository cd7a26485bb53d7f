package storetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/callvault/callvault"
)

func timelineLaws() []law {
	return []law{
		{"a company begins with a timeline", companyBeginsWithATimeline},
		{"a fork begins a timeline with the next change", forkBeginsATimeline},
		{"a copy has the timelines of its original", copyHasItsTimelines},
	}
}

func timelines(t testing.TB, store callvault.Store, company string) []callvault.Timeline {
	t.Helper()
	got, err := store.Calls(company).Timelines(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = store.Snapshot(t.Context(), func(s callvault.Snapshot) error {
		all, err := s.Calls(company).Timelines(t.Context())
		same(t, "timelines of a snapshot", all, got)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// starts are the numbers that timelines begin at.
func starts(timelines []callvault.Timeline) (from []int64) {
	for _, t := range timelines {
		from = append(from, t.From)
	}
	return from
}

// The first timeline begins with the company, whatever made it, and ordinary use begins no
// other. No two companies share one.
func companyBeginsWithATimeline(t *testing.T, open Open) {
	store := open(t)
	same(t, "timelines of nobody", timelines(t, store, "nobody"), nil)
	put(t, store.Calls(acme), fifty(t)...)
	if _, err := store.MakeCompany(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	addKeys(t, store, key("K", "keyed"))
	seen := make(map[[8]byte]bool)
	for _, company := range []string{acme, other, "keyed"} {
		all := timelines(t, store, company)
		same(t, company, starts(all), []int64{0})
		seen[all[0].ID] = true
	}
	if len(seen) != 3 || seen[[8]byte{}] {
		t.Errorf("the timelines of three companies are %v", seen)
	}
	before := timelines(t, store, acme)
	remove(t, store.Calls(acme), "1")
	put(t, open(t).Calls(acme), fifty(t)...)
	same(t, "timelines", timelines(t, store, acme), before)
}

// After a fork the next change that takes a number begins a timeline there, and no other
// change does. A second fork before that begins no more; one after it, where the numbers went
// no further, does not come about.
func forkBeginsATimeline(t *testing.T, open Open) {
	store := open(t)
	calls := store.Calls(acme)
	fork := func() {
		t.Helper()
		if err := open(t).Fork(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want ...int64) {
		t.Helper()
		same(t, "starts", starts(timelines(t, store, acme)), want)
	}
	batch := fifty(t)
	put(t, calls, batch[:3]...)
	first := timelines(t, store, acme)
	fork()
	fork()
	put(t, calls, batch[:3]...)
	remove(t, calls, "777")
	expect(0)
	put(t, calls, batch[3])
	expect(0, 3)
	remove(t, calls, "0")
	expect(0, 3)
	fork()
	remove(t, calls, "1")
	expect(0, 3, 5)
	all := timelines(t, store, acme)
	same(t, "the first", all[:1], first)
	if all[1].ID == all[0].ID || all[2].ID == all[1].ID {
		t.Errorf("two timelines are one: %x", all)
	}
	// A company without a change replaces the timeline that it began with.
	if _, err := store.MakeCompany(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	before := timelines(t, store, other)
	fork()
	put(t, store.Calls(other), batch[0])
	after := timelines(t, store, other)
	same(t, "starts of the other company", starts(after), []int64{0})
	if after[0].ID == before[0].ID {
		t.Error("a fork at the first number began no timeline")
	}
}

// A copy goes on with the timelines of its original until it is written to: two copies that
// are written to share none of what comes then.
func copyHasItsTimelines(t *testing.T, open Open) {
	store := open(t)
	put(t, store.Calls(acme), fifty(t)...)
	original := timelines(t, store, acme)
	written := make(map[[8]byte]bool)
	for _, name := range []string{"one", "two"} {
		if err := store.Adopt(t.Context(), name, original); err != nil {
			t.Fatal(err)
		}
		load(t, store, name, records(t, store, acme, 0))
		same(t, "timelines of the copy", timelines(t, store, name), original)
		put(t, store.Calls(name), Sample{ID: "777", Time: day}.Call(t))
		forked := timelines(t, store, name)
		same(t, "starts", starts(forked), []int64{0, 50})
		same(t, "the first", forked[:1], original)
		written[forked[1].ID] = true
		put(t, store.Calls(name), Sample{ID: "778", Time: day}.Call(t))
		same(t, "timelines", timelines(t, store, name), forked)
	}
	if len(written) != 2 {
		t.Error("two copies that were written to share a timeline")
	}
	same(t, "timelines of the original", timelines(t, store, acme), original)
	if err := store.Adopt(t.Context(), "no company", original); err == nil {
		t.Error("a company with a bad name adopted timelines")
	}
}

// Whoever has read all changes before a repair, or before the damage, has after the repair
// what the company has by following on, at once and after the next change. Damage of one
// company makes nobody read another's calls again.
func repairTellsWhoFollows(t *testing.T, open Open, damage Damage) {
	store := open(t)
	batch := fifty(t)
	id := "'" + batch[20].ID.Key() + "'"
	for _, broken := range [][]string{
		{"DELETE FROM ids WHERE id = " + id},
		{"DELETE FROM documents WHERE id = " + id},
		{"DELETE FROM ids WHERE id = " + id, "DELETE FROM documents WHERE id = " + id},
		{"UPDATE documents SET document = '{ }' WHERE id = " + id},
		{"UPDATE ids SET number = 1 WHERE id = " + id},
		{"UPDATE ids SET time = time + 1 WHERE id = " + id},
		{"UPDATE companies SET number = 2"},
		{"DELETE FROM ids"},
	} {
		put(t, store.Calls(acme), batch...)
		remove(t, store.Calls(acme), "3")
		put(t, store.Calls(other), batch[0])
		early, late := newFeedReader(), newFeedReader()
		early.follow(t, store)
		before := timelines(t, store, other)
		for _, statement := range broken {
			damage(t, statement)
		}
		late.follow(t, store)
		if err := store.Repair(t.Context(), callvault.AcceptLoss, func(string) {}); err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			if i > 0 {
				put(t, store.Calls(acme), Sample{ID: "777", Time: day, Title: broken[0]}.Call(t))
			}
			now := newFeedReader()
			now.follow(t, open(t))
			for name, f := range map[string]*feedReader{"before the damage": early, "before the repair": late} {
				if f.follow(t, store) || !maps.Equal(f.has, now.has) {
					t.Errorf("%q: %d changes later, who had read everything %s has %d ids, want %d", broken, i, name, len(f.has), len(now.has))
				}
			}
		}
		if broken[0] != "DELETE FROM ids" && broken[0] != "UPDATE companies SET number = 2" {
			same(t, "timelines of the other company", timelines(t, store, other), before)
		}
	}
}

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
