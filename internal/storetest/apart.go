package storetest

import (
	"slices"
	"testing"

	"github.com/callvault/callvault"
)

// apart are the calls that stand apart, by kind and id.
func apart(t testing.TB, m callvault.MirrorReads) (all []callvault.Apart) {
	t.Helper()
	for kind := callvault.Own; kind <= callvault.Strange; kind++ {
		err := m.Apart(t.Context(), kind, func(a callvault.Apart) error {
			all = append(all, a)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func weight(t testing.TB, m callvault.MirrorReads, r callvault.Range) int {
	t.Helper()
	n, err := m.Weight(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Calls stand apart from when the mirror begins, by what it commits and by what operators
// delete; and no more when the upstream has listed them.
func callsStandApart(t *testing.T, open Open) {
	store := open(t)
	calls, m := store.Calls(acme), store.Mirror(acme)
	batch := samples(t, Sample{ID: "1", Time: day}, Sample{ID: "2", Time: day + 1}, Sample{ID: "3", Time: day + 2}, Sample{ID: "4", Time: day + 3}, Sample{ID: "5", Time: day + 4})
	put(t, calls, batch[:2]...)
	remove(t, calls, "2")
	lease := takeLease(t, m)
	the := func(id string, kind callvault.Apartness, at callvault.Time) callvault.Apart {
		return callvault.Apart{ID: ID(t, id), Kind: kind, Counted: kind >= callvault.Withheld, At: at}
	}
	want := func(what string, want ...callvault.Apart) {
		t.Helper()
		same(t, what, apart(t, m), want)
		wantSound(t, store)
	}
	list := func(strange map[callvault.ID]callvault.Time, calls ...callvault.Call) callvault.PutResult {
		t.Helper()
		return commit(t, m, lease, callvault.MirrorChange{Calls: callvault.NewBatch(slices.Clone(calls)), Strange: strange})
	}
	want("before the mirror", the("1", callvault.Own, day))
	same(t, "result", list(map[callvault.ID]callvault.Time{batch[4].ID: day - 1}, batch...), callvault.PutResult{Created: 4, Unchanged: 1})
	want("all are listed", the("5", callvault.Strange, day-1))

	// The mirror's own deletions leave nothing, and are undone when the call is listed again.
	commit(t, m, lease, callvault.MirrorChange{Delete: []callvault.ID{batch[0].ID, batch[4].ID}})
	holds(t, calls, batch[1:4]...)
	want("two are gone")
	same(t, "result", list(nil, batch[0]), callvault.PutResult{Created: 1})
	holds(t, calls, batch[:4]...)
	want("one is back")

	// Those that are kept.
	commit(t, m, lease, callvault.MirrorChange{Keep: []callvault.ID{batch[0].ID, batch[4].ID, ID(t, "777")}})
	want("one is kept", the("1", callvault.Kept, day))
	list(map[callvault.ID]callvault.Time{batch[2].ID: day + 9}, batch[2])
	want("and one strange", the("1", callvault.Kept, day), the("3", callvault.Strange, day+9))

	// What an operator deletes.
	if n, err := calls.DeleteFirst(t.Context(), between(day+1, day+2), -1); n != 1 || err != nil {
		t.Errorf("deleted %d calls, %v", n, err)
	}
	remove(t, calls, "1", "3", "777")
	uncounted := callvault.Apart{ID: batch[0].ID, Kind: callvault.Withheld}
	want("three are withheld", uncounted, the("2", callvault.Withheld, day+1), the("3", callvault.Withheld, day+9))
	before := changes(t, calls)
	moved := Sample{ID: "2", Time: day + 50}.Call(t)
	same(t, "result", list(map[callvault.ID]callvault.Time{batch[2].ID: day + 8}, batch[0], moved, batch[2]), callvault.PutResult{Unchanged: 3})
	same(t, "changes", changes(t, calls), before)
	holds(t, calls, batch[3])
	want("they are listed and stay away", the("1", callvault.Withheld, day), the("2", callvault.Withheld, day+50), the("3", callvault.Withheld, day+8))
	commit(t, m, lease, callvault.MirrorChange{Delete: []callvault.ID{batch[0].ID}, Keep: []callvault.ID{batch[1].ID}})
	want("two are gone there too", uncounted, callvault.Apart{ID: batch[1].ID, Kind: callvault.Withheld}, the("3", callvault.Withheld, day+8))

	_, err := m.Commit(t.Context(), lease, callvault.MirrorChange{Strange: map[callvault.ID]callvault.Time{batch[3].ID: day}})
	if err == nil {
		t.Error("a call that is not in the change was listed")
	}
}
