package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/callvault/callvault"
)

func apartLaws() []law {
	return []law{
		{"calls stand apart", callsStandApart},
		{"weights are sums", weightsAreSums},
		{"a commit is a put and a delete", commitIsPutAndDelete},
		{"a commit is all or none", commitIsAllOrNone},
	}
}

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

// history is a mirrored company in a store too simple to be wrong, with its calls as a model
// has them.
type history struct {
	model
	apart   map[callvault.ID]callvault.Apart
	random  *rand.Rand
	changed []callvault.ID // by the last step
}

// call is one of a few, at one of a few times.
func (h *history) call(t testing.TB) callvault.Call {
	return Sample{ID: fmt.Sprint(h.random.IntN(30)), Time: day + callvault.Time(h.random.IntN(20)), Title: fmt.Sprint(h.random.IntN(3))}.Call(t)
}

func (h *history) ids(t testing.TB, most int) (ids []callvault.ID) {
	for range h.random.IntN(most + 1) {
		ids = append(ids, h.call(t).ID)
	}
	return ids
}

// here is where a call is, if it is.
func (h *history) here(id callvault.ID) (at callvault.Time, is bool) {
	for _, c := range h.calls {
		if c.ID == id {
			return c.Time, true
		}
	}
	return 0, false
}

// commit commits what an upstream might have listed.
func (h *history) commit(t testing.TB, m callvault.MirrorState, lease callvault.Lease) {
	t.Helper()
	strange := make(map[callvault.ID]callvault.Time)
	var listed []callvault.Call
	for range h.random.IntN(8) {
		listed = append(listed, h.call(t))
	}
	change := callvault.MirrorChange{Calls: callvault.NewBatch(listed), Strange: strange, Delete: h.ids(t, 3), Keep: h.ids(t, 3)}
	var fetched []callvault.Call
	var want callvault.PutResult
	for _, c := range change.Calls.Calls() {
		at := c.Time
		if h.random.IntN(4) == 0 {
			at = day + callvault.Time(h.random.IntN(20))
			strange[c.ID] = at
		}
		stands := callvault.Apart{ID: c.ID, Kind: callvault.Strange, Counted: true, At: at}
		if h.apart[c.ID].Kind == callvault.Withheld {
			stands.Kind = callvault.Withheld
			want.Unchanged++
		} else {
			fetched = append(fetched, c)
		}
		h.apart[c.ID] = stands
		if _, isStrange := strange[c.ID]; !isStrange && stands.Kind == callvault.Strange {
			delete(h.apart, c.ID)
		}
	}
	put, changed := h.put(fetched)
	removed := h.remove(callvault.SortIDs(change.Delete))
	for _, id := range change.Delete {
		h.gone(id)
	}
	for _, id := range change.Keep {
		h.gone(id)
		if at, is := h.here(id); is {
			h.apart[id] = callvault.Apart{ID: id, Kind: callvault.Kept, At: at}
		}
	}
	same(t, "result", commit(t, m, lease, change), want.Add(put))
	h.changed = append(changed, removed...)
}

// gone is a call that the upstream has no more.
func (h *history) gone(id callvault.ID) {
	if h.apart[id].Kind == callvault.Withheld {
		h.apart[id] = callvault.Apart{ID: id, Kind: callvault.Withheld}
	} else {
		delete(h.apart, id)
	}
}

// operate deletes what an operator might.
func (h *history) operate(t testing.TB, calls callvault.Calls) {
	t.Helper()
	ids, q := callvault.SortIDs(h.ids(t, 3)), between(day, day+callvault.Time(h.random.IntN(20)))
	first := h.random.IntN(3) == 0
	if first {
		ids = h.first(q, 2)
	}
	for _, id := range ids {
		at, is := h.here(id)
		if !is {
			continue
		}
		stands := callvault.Apart{ID: id, Kind: callvault.Withheld, Counted: true, At: at}
		if before, ok := h.apart[id]; ok {
			stands.Counted, stands.At = before.Counted, before.At
		}
		if !stands.Counted {
			stands.At = 0
		}
		h.apart[id] = stands
	}
	var err error
	if first {
		_, err = calls.DeleteFirst(t.Context(), q, 2)
	} else {
		_, err = calls.Delete(t.Context(), ids)
	}
	if err != nil {
		t.Fatal(err)
	}
	h.changed = h.remove(ids)
}

// check compares what stands apart, and its weights.
func (h *history) check(t testing.TB, store callvault.Store) {
	t.Helper()
	h.model.check(t, store.Calls(acme), h.changed)
	var want []callvault.Apart
	for _, a := range h.apart {
		want = append(want, a)
	}
	slices.SortFunc(want, func(a, b callvault.Apart) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), a.ID.Compare(b.ID)) })
	m := store.Mirror(acme)
	same(t, "apart", apart(t, m), want)
	kinds := make(map[callvault.Apartness]int)
	for _, a := range want {
		kinds[a.Kind]++
	}
	for kind := callvault.Own; kind <= callvault.Strange; kind++ {
		if n, err := m.CountApart(t.Context(), kind); n != kinds[kind] || err != nil {
			t.Errorf("%d calls of kind %d stand apart, want %d, %v", n, kind, kinds[kind], err)
		}
	}
	for range 10 {
		r := callvault.Range{From: day + callvault.Time(h.random.IntN(22)-1), To: day + callvault.Time(h.random.IntN(22)-1)}
		if h.random.IntN(5) == 0 {
			r = callvault.AllTime
		}
		sum := 0
		var in, got []callvault.Apart
		for id, a := range h.apart {
			at, is := h.here(id)
			isCounted, isHere := a.Counted && r.From <= a.At && a.At < r.To, is && r.From <= at && at < r.To
			if isCounted {
				sum++
			}
			if isHere {
				sum--
			}
			if isCounted || isHere {
				in = append(in, a)
			}
		}
		slices.SortFunc(in, func(a, b callvault.Apart) int { return a.ID.Compare(b.ID) })
		if err := m.ApartIn(t.Context(), r, func(a callvault.Apart) error { got = append(got, a); return nil }); err != nil {
			t.Fatal(err)
		}
		same(t, "apart in a range", got, in)
		if got := weight(t, m, r); got != sum {
			t.Errorf("from %d to %d weighs %d, want %d", r.From-day, r.To-day, got, sum)
		}
	}
}

// Whatever mirrors and operators do, in whatever order, calls stand apart as they must, and
// the weight of a range is the sum of their weights.
func weightsAreSums(t *testing.T, open Open) {
	store := open(t)
	calls, m := store.Calls(acme), store.Mirror(acme)
	h := &history{apart: make(map[callvault.ID]callvault.Apart), random: rand.New(rand.NewPCG(11, 12))}
	h.numbers = make(map[callvault.ID]int64)
	var lease callvault.Lease
	begin := func() {
		var batch []callvault.Call
		for range 12 {
			batch = append(batch, h.call(t))
		}
		put(t, calls, batch...)
		_, h.changed = h.put(batch)
		lease = takeLease(t, m)
		for _, c := range h.calls {
			h.apart[c.ID] = callvault.Apart{ID: c.ID, Kind: callvault.Own, At: c.Time}
		}
	}
	begin()
	h.check(t, store)
	for step := range 150 {
		h.changed = nil
		what := "commit"
		switch h.random.IntN(10) {
		case 0, 1, 2:
			what = "operate"
			h.operate(t, calls)
		case 3:
			what = "take"
			lease = takeLease(t, m)
		case 4:
			what = "end"
			if h.random.IntN(3) == 0 {
				if err := m.End(t.Context()); err != nil {
					t.Fatal(err)
				}
				clear(h.apart)
				begin()
			}
		default:
			h.commit(t, m, lease)
		}
		if h.check(t, store); t.Failed() {
			t.Fatalf("step %d: %s", step, what)
		}
	}
	wantSound(t, store)
}
