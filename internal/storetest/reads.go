package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/callvault/callvault"
)

func readLaws() []law {
	return []law{
		{"calls are found by their ids", callsAreFoundByIDs},
		{"a scan back is a scan the other way", scanBackIsAScanTheOtherWay},
		{"changes are read on from a number", changesAreReadOn},
		{"workspaces are those with calls", workspacesAreThoseWithCalls},
		{"every record has its number", everyRecordHasItsNumber},
	}
}

// backward is every call of q before a position, last ones first, up to a limit.
func backward(t testing.TB, calls callvault.Calls, q callvault.Query, before callvault.Position, limit int) (rows []row) {
	t.Helper()
	if err := calls.ScanBack(t.Context(), q, before, limit, keep(&rows)); err != nil {
		t.Fatal(err)
	}
	return rows
}

// Get visits the calls that are there, each once, in the order of ids; neither tombstones nor
// other companies' calls.
func callsAreFoundByIDs(t *testing.T, open Open) {
	store := open(t)
	calls, batch := store.Calls(acme), census(t)
	put(t, calls, batch...)
	put(t, store.Calls(other), Sample{ID: "777", Time: day}.Call(t))
	remove(t, calls, "3", "4")
	var ids []callvault.ID
	for _, id := range []string{"12", "2", "4", "777", "12", "499", "100000000000000000", "0"} {
		ids = append(ids, ID(t, id))
	}
	var got []callvault.Record
	visit := func(r callvault.Record) error { got = append(got, kept(r)); return nil }
	for _, asked := range [][]callvault.ID{append(ids, callvault.ID{}), nil} {
		if err := calls.Get(t.Context(), asked, visit); err != nil {
			t.Fatal(err)
		}
	}
	var want []callvault.Record
	for _, r := range records(t, store, acme, 0) {
		if !r.Deleted && slices.Contains(ids, r.ID) {
			want = append(want, r)
		}
	}
	slices.SortFunc(want, func(a, b callvault.Record) int { return a.ID.Compare(b.ID) })
	same(t, "calls", got, want)
	if err := store.Calls("nobody").Get(t.Context(), ids, visit); err != nil || len(got) != len(want) {
		t.Errorf("of a company that is not there: %d calls, %v", len(got)-len(want), err)
	}
	enough := errors.New("enough")
	if err := calls.Get(t.Context(), ids, func(callvault.Record) error { return enough }); err != enough {
		t.Errorf("got %v, want the visitor's error as it is", err)
	}
}

// ScanBack visits from any position what a Scan up to that visits, the other way round.
func scanBackIsAScanTheOtherWay(t *testing.T, open Open) {
	calls, batch := open(t).Calls(acme), census(t)
	put(t, calls, batch...)
	a := newAsker(5)
	for i := range 200 {
		q, limit := a.query(t, batch), i%12-1
		before := q.End()
		if at := batch[a.IntN(len(batch))].Position(); i%3 > 0 && at.Compare(before) < 0 {
			before = at
		}
		var want []row
		for _, c := range matching(batch, q) {
			if c.Position().Compare(before) < 0 {
				want = append(want, row{c.Time, c.ID.String(), string(c.Document)})
			}
		}
		slices.Reverse(want)
		if limit >= 0 {
			want = want[:min(limit, len(want))]
		}
		sameRows(t, fmt.Sprintf("%d before %v of %s", limit, before, describe(q)), backward(t, calls, q, before, limit), want)
	}
}

// Changes after a number, up to a limit, are those of a snapshot; and whoever reads on from
// the last number misses nothing.
func changesAreReadOn(t *testing.T, open Open) {
	store, batch := open(t), census(t)
	calls := store.Calls(acme)
	put(t, calls, batch[:300]...)
	remove(t, calls, "1", "2", "3")
	put(t, calls, batch[200:]...)
	want := records(t, store, acme, 0)
	for _, limit := range []int{1, 7, 100, 1000} {
		var got []callvault.Record
		for last := int64(0); ; {
			before := len(got)
			err := calls.Changes(t.Context(), last, limit, func(r callvault.Record) error { got = append(got, kept(r)); return nil })
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == before {
				break
			}
			if n := len(got) - before; n > limit {
				t.Fatalf("%d changes, want at most %d", n, limit)
			}
			last = got[len(got)-1].Number
		}
		same(t, fmt.Sprintf("changes by %d", limit), got, want)
	}
	if err := calls.Changes(t.Context(), 0, 0, func(callvault.Record) error { return errors.New("visited") }); err != nil {
		t.Errorf("none of the changes: %v", err)
	}
}

// A workspace is listed while it has calls, in order, and for its company alone.
func workspacesAreThoseWithCalls(t *testing.T, open Open) {
	store := open(t)
	calls := store.Calls(acme)
	expect := func(digits ...string) {
		t.Helper()
		var want []callvault.ID
		for _, d := range digits {
			want = append(want, ID(t, d))
		}
		got, err := calls.Workspaces(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		same(t, "workspaces", got, want)
	}
	expect()
	put(t, calls, samples(t,
		Sample{ID: "1", Time: day, Workspace: "70"}, Sample{ID: "2", Time: -day, Workspace: "70"},
		Sample{ID: "3", Time: firstTime, Workspace: "9"}, Sample{ID: "4", Time: lastTime, Workspace: "99999999999999999999"}, Sample{ID: "5", Time: day},
	)...)
	put(t, store.Calls(other), Sample{ID: "1", Time: day, Workspace: "8"}.Call(t))
	expect("9", "70", "99999999999999999999")
	remove(t, calls, "1", "3")
	expect("70", "99999999999999999999")
	put(t, calls, samples(t, Sample{ID: "2", Time: day, Workspace: "0"}, Sample{ID: "4", Time: lastTime})...)
	expect("0")
}

// Whichever way a call is read, it is the same record.
func everyRecordHasItsNumber(t *testing.T, open Open) {
	store, batch := open(t), census(t)
	calls := store.Calls(acme)
	put(t, calls, batch...)
	remove(t, calls, "7")
	put(t, calls, Sample{ID: "8", Time: day, Workspace: "7", Title: "changed"}.Call(t))
	var want []callvault.Record
	var ids []callvault.ID
	for _, r := range records(t, store, acme, 0) {
		if !r.Deleted {
			want, ids = append(want, r), append(ids, r.ID)
		}
	}
	byNumber := func(a, b callvault.Record) int { return int(a.Number - b.Number) }
	for name, read := range map[string]func(visit func(callvault.Record) error) error{
		"Get": func(visit func(callvault.Record) error) error { return calls.Get(t.Context(), ids, visit) },
		"Scan": func(visit func(callvault.Record) error) error {
			return calls.Scan(t.Context(), all(), all().Start(), -1, visit)
		},
		"ScanBack": func(visit func(callvault.Record) error) error {
			return calls.ScanBack(t.Context(), all(), all().End(), -1, visit)
		},
		"First": func(visit func(callvault.Record) error) error {
			_, err := calls.First(t.Context(), all(), -1, visit)
			return err
		},
		"Salvage": func(visit func(callvault.Record) error) error {
			return store.Salvage(t.Context(), acme, all(), visit, func(d *callvault.DamageError) { t.Error(d) })
		},
	} {
		var got []callvault.Record
		if err := read(func(r callvault.Record) error { got = append(got, kept(r)); return nil }); err != nil {
			t.Fatal(err)
		}
		if name == "Salvage" && !slices.IsSortedFunc(got, func(a, b callvault.Record) int { return a.Position().Compare(b.Position()) }) {
			t.Error("what is salvaged is not in order")
		}
		slices.SortFunc(got, byNumber)
		same(t, name, got, want)
	}
	var rows []row
	q := callvault.Query{Range: callvault.Range{From: day - hour, To: day + 100*24*hour}, Workspace: ID(t, "7")}
	if err := store.Salvage(t.Context(), acme, q, keep(&rows), func(d *callvault.DamageError) { t.Error(d) }); err != nil {
		t.Error(err)
	}
	sameRows(t, "salvage of a query", rows, list(t, calls, q))
}
