package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/callvault/callvault"
)

func readLaws() []law {
	return []law{
		{"a count is the length of the list", countIsLengthOfList},
		{"counts follow every write", countsFollowWrites},
		{"calls of one instant are counted", callsOfOneInstantAreCounted},
		{"first is a count and a scan", firstIsCountAndScan},
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

// census is calls at every instant that is likely to be counted wrongly, some
// of them alone, some together, in three workspaces and none.
func census(t testing.TB) []callvault.Call {
	random := rand.New(rand.NewPCG(3, 1))
	at := instants()
	var batch []callvault.Call
	for i := range 500 {
		s := Sample{ID: fmt.Sprint(i), Time: at[i%len(at)], Workspace: []string{"", "7", "70", "7"}[random.IntN(4)]}
		if i%5 == 0 {
			s.Time = day + callvault.Time(random.Int64N(int64(400*24*hour)))
		}
		batch = append(batch, s.Call(t))
	}
	return batch
}

// asker asks for what requests ask for: its bounds are calls and the
// microseconds beside them, round numbers, the ends of time. A few of its
// ranges are reversed.
type asker struct {
	*rand.Rand
	instants []callvault.Time
}

func newAsker(seed uint64) *asker { return &asker{rand.New(rand.NewPCG(3, seed)), instants()} }

func (a *asker) bound(calls []callvault.Call) callvault.Time {
	switch a.IntN(8) {
	case 0, 1:
		return a.instants[a.IntN(len(a.instants))]
	case 2, 3:
		return calls[a.IntN(len(calls))].Time + callvault.Time(a.IntN(3)-1)
	case 4:
		return callvault.Time(a.Int64()) >> a.IntN(40)
	case 5:
		return -callvault.Time(a.Int64()) >> a.IntN(40)
	case 6:
		return []callvault.Time{callvault.MinTime, callvault.MaxTime}[a.IntN(2)]
	}
	return day + callvault.Time(a.Int64N(int64(400*24*hour)))
}

func (a *asker) query(t testing.TB, calls []callvault.Call) callvault.Query {
	t.Helper()
	q := between(a.bound(calls), a.bound(calls))
	if q.From > q.To && a.IntN(8) > 0 {
		q.From, q.To = q.To, q.From
	}
	if a.IntN(2) == 0 {
		q.Workspace = ID(t, []string{"7", "70", "8"}[a.IntN(3)])
	}
	return q
}

// describe is a query as a report shows it.
func describe(q callvault.Query) string {
	return fmt.Sprintf("[%d, %d) of workspace %q", q.From, q.To, q.Workspace)
}

// checkCounts compares what is counted for many queries with the slow, obvious
// filter.
func (a *asker) checkCounts(t *testing.T, calls callvault.Calls, want []callvault.Call) {
	t.Helper()
	for range 300 {
		q := a.query(t, want)
		if got, want := count(t, calls, q), len(matching(want, q)); got != want {
			t.Errorf("%s counts %d calls, want %d", describe(q), got, want)
		}
	}
}

// Count is exactly how many calls a Scan would visit: for bounds anywhere in
// time, before 1970 too, for empty and for reversed ranges.
func countIsLengthOfList(t *testing.T, open Open) {
	calls, batch := open(t).Calls(acme), census(t)
	put(t, calls, shuffled(batch)...)
	holds(t, calls, batch...)
	a := newAsker(2)
	a.checkCounts(t, calls, batch)
	a.checkCounts(t, calls, batch)
	for range 150 {
		q := a.query(t, batch)
		sameRows(t, describe(q), list(t, calls, q), rows(batch, q))
	}
	for _, bound := range []callvault.Time{callvault.MinTime, -1, 0, day, callvault.MaxTime} {
		for _, q := range []callvault.Query{between(bound, bound), between(callvault.MaxTime, bound), between(bound, callvault.MinTime)} {
			if got := count(t, calls, q); got != 0 {
				t.Errorf("%s counts %d calls, want 0", describe(q), got)
			}
			same(t, describe(q), list(t, calls, q), nil)
		}
	}
}

// Counts are as exact after calls moved in time and between workspaces, were
// replaced, deleted and created again, as before.
func countsFollowWrites(t *testing.T, open Open) {
	calls, batch := open(t).Calls(acme), census(t)
	put(t, calls, batch...)
	a := newAsker(3)
	for range 4 {
		var moved []callvault.Call
		for _, i := range a.Perm(len(batch))[:len(batch)/3] {
			s := Sample{ID: batch[i].ID.String(), Time: batch[i].Time, Workspace: batch[i].Workspace.String(), Title: "changed"}
			if i%3 > 0 {
				s.Time = a.instants[a.IntN(len(a.instants))]
			}
			if i%4 > 0 {
				s.Workspace = []string{"", "7", "70"}[a.IntN(3)]
			}
			batch[i] = s.Call(t)
			moved = append(moved, batch[i])
		}
		put(t, calls, moved...)
		var gone []string
		for range 40 {
			last := len(batch) - 1
			gone = append(gone, batch[last].ID.String())
			batch = batch[:last]
		}
		remove(t, calls, gone...)
		holds(t, calls, batch...)
		a.checkCounts(t, calls, batch)
	}
	put(t, calls, census(t)...)
	a.checkCounts(t, calls, census(t))
}

// Any number of calls may share an instant.
func callsOfOneInstantAreCounted(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	var batch []callvault.Call
	for i := range 800 {
		batch = append(batch, Sample{ID: fmt.Sprint(i), Time: day + callvault.Time(i/799), Workspace: fmt.Sprint(i % 2)}.Call(t))
	}
	put(t, calls, batch...)
	holds(t, calls, batch...)
	for _, q := range []callvault.Query{between(day, day+1), between(day+1, day+2), between(day-1, day), between(day-hour, day+hour), in(t, "0"), in(t, "1")} {
		if got, want := count(t, calls, q), len(matching(batch, q)); got != want {
			t.Errorf("%s counts %d calls, want %d", describe(q), got, want)
		}
	}
}

// First says what Count says and visits what Scan visits from the range's
// start, up to the limit; a negative one is none.
func firstIsCountAndScan(t *testing.T, open Open) {
	calls, batch := open(t).Calls(acme), census(t)
	put(t, calls, batch...)
	a := newAsker(4)
	for i := range 150 {
		q, limit := a.query(t, batch), i%12-1
		sameFirst(t, calls, batch, q, limit)
	}
}

func sameFirst(t *testing.T, calls callvault.Calls, batch []callvault.Call, q callvault.Query, limit int) {
	t.Helper()
	matched := matching(batch, q)
	total := len(matched)
	if limit >= 0 {
		matched = matched[:min(limit, total)]
	}
	want := rows(matched, q)
	var got []row
	n, err := calls.First(t.Context(), q, limit, keep(&got))
	if err != nil || n != total {
		t.Errorf("%s: the total beside %d calls is %d, %v, want %d", describe(q), limit, n, err, total)
	}
	same(t, fmt.Sprintf("%s, %d calls", describe(q), limit), got, want)
}
