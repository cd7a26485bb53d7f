package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

func countLaws() []law {
	return []law{
		{"a count is the length of the list", countIsLengthOfList},
		{"counts follow every write", countsFollowWrites},
		{"calls of one instant are counted", callsOfOneInstantAreCounted},
		{"first is a count and a scan", firstIsCountAndScan},
	}
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
		want := rows(batch, q)
		total := len(want)
		if limit >= 0 {
			want = want[:min(limit, total)]
		}
		var got []row
		n, err := calls.First(t.Context(), q, limit, keep(&got))
		if err != nil || n != total {
			t.Errorf("%s: the total is %d, %v, want %d", describe(q), n, err, total)
		}
		same(t, fmt.Sprintf("%s, %d calls", describe(q), limit), got, want)
	}
}

// A commit takes the numbers, and leaves the counts and names, of a put and a delete of the
// same.
func commitIsPutAndDelete(t *testing.T, open Open) {
	store := open(t)
	m, random := store.Mirror(acme), rand.New(rand.NewPCG(13, 14))
	lease := takeLease(t, m)
	for range 25 {
		var batch []callvault.Call
		for range random.IntN(30) {
			batch = append(batch, Sample{
				ID: fmt.Sprint(random.IntN(60)), Time: day + callvault.Time(random.IntN(9))*hour, Title: fmt.Sprint(random.IntN(3)),
				Workspace: []string{"", "7", "70"}[random.IntN(3)], Host: fmt.Sprint(random.IntN(4)),
			}.Call(t))
		}
		var gone []callvault.ID
		for range random.IntN(6) {
			gone = append(gone, ID(t, fmt.Sprint(random.IntN(60))))
		}
		got := commit(t, m, lease, callvault.MirrorChange{Calls: callvault.NewBatch(slices.Clone(batch)), Delete: gone})
		same(t, "result", got, put(t, store.Calls(other), batch...))
		if _, err := store.Calls(other).Delete(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		same(t, "records", records(t, store, acme, 0), records(t, store, other, 0))
		var there []callvault.Call
		for _, r := range records(t, store, other, 0) {
			if !r.Deleted {
				there = append(there, r.Call)
			}
		}
		wantNames(t, store.Calls(acme), there)
		if t.Failed() {
			return
		}
	}
	same(t, "apart", apart(t, m), nil)
	wantSound(t, store)
}

// A commit whose context ends while it writes is there whole or not at all, and whole when
// Commit said so.
func commitIsAllOrNone(t *testing.T, open Open) {
	store := open(t)
	m := store.Mirror(acme)
	lease := takeLease(t, m)
	before, after := beforeAndAfter(t)
	ids := make([]callvault.ID, len(after))
	for i := range after {
		ids[i] = after[i].ID
	}
	users := map[callvault.Kind][]callvault.Entry{callvault.Users: {entry(t, callvault.Users, "1", "Ada")}}
	back := callvault.MirrorChange{
		Calls: callvault.NewBatch(slices.Clone(before)), Delete: ids[len(before):], Entries: users,
		Values: map[string][]byte{"a": []byte("1"), "b": nil},
	}
	forth := callvault.MirrorChange{
		Calls: callvault.NewBatch(slices.Clone(after)), Delete: ids[:20], Keep: ids[20:40], Strange: map[callvault.ID]callvault.Time{ids[90]: day},
		Entries: map[callvault.Kind][]callvault.Entry{callvault.Users: nil}, Values: map[string][]byte{"a": nil, "b": []byte("2")},
	}
	commit(t, m, lease, forth)
	whole := state(t, store)
	commit(t, m, lease, back)
	none := state(t, store)
	const cuts = 16
	var took time.Duration
	for i := range cuts {
		ctx, cancel := context.WithTimeout(t.Context(), took*time.Duration(i)/(cuts-2))
		if i == 0 {
			ctx = t.Context()
		}
		begun := time.Now()
		_, err := m.Commit(ctx, lease, forth)
		if i == 0 {
			took = time.Since(begun)
		}
		cancel()
		got := state(t, store)
		if err == nil || len(got.Calls) == len(whole.Calls) {
			same(t, fmt.Sprintf("after %v", err), got, whole)
		} else {
			same(t, fmt.Sprintf("after %v", err), got, none)
		}
		if t.Failed() {
			return
		}
		commit(t, m, lease, back)
	}
	wantSound(t, store)
}
