package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

func putLaws() []law {
	return []law{
		{"put replaces", putReplaces},
		{"put moves in time", putMovesInTime},
		{"put moves between workspaces", putMovesBetweenWorkspaces},
		{"put changes places", putChangesPlaces},
		{"the place alone is a change", placeAloneIsAChange},
		{"a put that changes nothing takes no number", putOfTheSameTakesNoNumber},
		{"the later of two records wins", laterOfTwoWins},
		{"an empty batch", emptyBatch},
		{"a large batch", largeBatch},
	}
}

// A call with a known id replaces the one that is there, whole.
func putReplaces(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	same(t, "result", put(t, calls, NewCall(t, Filled("1")), NewCall(t, Filled("2"))), callvault.PutResult{Created: 2})
	bare := Bare("1")
	bare.Scheduled, bare.Started = Filled("1").Scheduled, nil
	same(t, "result", put(t, calls, NewCall(t, bare)), callvault.PutResult{Changed: 1})
	holds(t, calls, NewCall(t, bare), NewCall(t, Filled("2")))
	for _, title := range []string{"longer than before", "short", "Short", "", "a"} {
		c := Sample{ID: "1", Time: day, Title: title}.Call(t)
		same(t, "result", put(t, calls, c), callvault.PutResult{Changed: 1})
		holds(t, calls, c, NewCall(t, Filled("2")))
	}
}

// A call whose time differs moves: it is counted and found where it went, and
// nowhere else.
func putMovesInTime(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	still := samples(t, Sample{ID: "8", Time: day}, Sample{ID: "90", Time: day, Workspace: "7"}, Sample{ID: "10", Time: -day, Workspace: "7"})
	put(t, calls, still...)
	before := day
	for i, at := range append(shuffled(instants())[:80], day, day+1, day-1, day) {
		c := Sample{ID: "9", Time: at, Workspace: "7"}.Call(t)
		result := put(t, calls, c)
		want := callvault.PutResult{Changed: 1}
		if i == 0 {
			want = callvault.PutResult{Created: 1}
		}
		same(t, "result", result, want)
		now := append(still[:3:3], c)
		for _, q := range []callvault.Query{between(before, before+1), between(at, at+1), in(t, "7"), between(0, callvault.MaxTime), between(callvault.MinTime, at), between(at, callvault.MaxTime)} {
			if got, want := count(t, calls, q), len(matching(now, q)); got != want {
				t.Errorf("after a move from %d to %d, %s counts %d, want %d", before, at, describe(q), got, want)
			}
		}
		if i%16 == 0 {
			holds(t, calls, now...)
		}
		before = at
	}
}

// A call whose workspace differs leaves the old one, in its lists and in its
// counts.
func putMovesBetweenWorkspaces(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	still := samples(t, Sample{ID: "8", Time: day, Workspace: "7"}, Sample{ID: "10", Time: day, Workspace: "70"})
	put(t, calls, still...)
	for _, workspace := range []string{"7", "70", "", "0", "", "7", "99999999999999999999", "7"} {
		c := Sample{ID: "9", Time: day, Workspace: workspace, Title: "of " + workspace}.Call(t)
		put(t, calls, c)
		now := append(still[:2:2], c)
		holds(t, calls, now...)
		for _, w := range []string{"0", "7", "70", "99999999999999999999"} {
			q := in(t, w)
			sameRows(t, describe(q), list(t, calls, q), rows(now, q))
			for _, q.Range = range []callvault.Range{callvault.AllTime, {From: day, To: day + 1}, {From: day - 3*hour, To: day + 3*hour}} {
				if got, want := count(t, calls, q), len(matching(now, q)); got != want {
					t.Errorf("%s counts %d, want %d", describe(q), got, want)
				}
			}
		}
	}
}

// Two calls may change places in one batch, and several may move around.
func putChangesPlaces(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	ids := []string{"1", "2", "30", "4"}
	for turn := range 5 {
		var batch []callvault.Call
		for i, id := range ids {
			place := (i + turn) % len(ids)
			batch = append(batch, Sample{ID: id, Time: day + callvault.Time(place)*hour, Workspace: fmt.Sprint(place)}.Call(t))
		}
		put(t, calls, batch...)
		holds(t, calls, batch...)
		for place := range ids {
			q := in(t, fmt.Sprint(place))
			sameRows(t, describe(q), list(t, calls, q), rows(batch, q))
			if got := count(t, calls, q); got != 1 {
				t.Errorf("%s counts %d calls, want 1", describe(q), got)
			}
		}
	}
}

// A call with the same document still moves if its time or workspace differs, as a later
// version of the program may read them.
func placeAloneIsAChange(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	c := Sample{ID: "1", Time: day, Workspace: "7"}.Call(t)
	put(t, calls, c)
	for i, move := range []func(){
		func() { c.Time += hour },
		func() { c.Workspace = ID(t, "8") },
		func() { c.Workspace = callvault.ID{} },
		func() { c.Time, c.Workspace = -day, ID(t, "7") },
	} {
		move()
		same(t, "result", put(t, calls, c), callvault.PutResult{Changed: 1})
		holds(t, calls, c)
		for _, workspace := range []string{"7", "8"} {
			q := in(t, workspace)
			sameRows(t, describe(q), list(t, calls, q), rows([]callvault.Call{c}, q))
			if got, want := count(t, calls, q), len(matching([]callvault.Call{c}, q)); got != want {
				t.Errorf("%s counts %d, want %d", describe(q), got, want)
			}
		}
		if got, want := highest(t, calls), int64(i+2); got != want {
			t.Errorf("the highest number is %d, want %d", got, want)
		}
	}
}

// A call that is there to the byte is left alone and keeps its number.
func putOfTheSameTakesNoNumber(t *testing.T, open Open) {
	store := open(t)
	calls, batch := store.Calls(acme), fifty(t)
	put(t, calls, batch...)
	before := changes(t, calls)
	for range 2 {
		same(t, "result", put(t, calls, batch...), callvault.PutResult{Unchanged: 50})
		same(t, "result", put(t, open(t).Calls(acme), batch[7]), callvault.PutResult{Unchanged: 1})
	}
	same(t, "changes", changes(t, calls), before)
	holds(t, calls, batch...)

	batch[20] = Sample{ID: "20", Time: batch[20].Time, Title: "another"}.Call(t)
	batch = append(batch, Sample{ID: "2000", Time: day}.Call(t))
	same(t, "result", put(t, calls, batch...), callvault.PutResult{Created: 1, Changed: 1, Unchanged: 49})
	holds(t, calls, batch...)
	after := changes(t, calls)
	for _, c := range after[:49] {
		if id := c.ID.String(); id == "20" || id == "2000" || c.Number > 50 {
			t.Errorf("change %d is of call %s", c.Number, id)
		}
	}
	if got := highest(t, calls); got != 52 {
		t.Errorf("the highest number is %d, want 52", got)
	}
}

// Of several records with one id in a batch the last wins and takes the one
// number; the others were never there.
func laterOfTwoWins(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	batch := samples(t,
		Sample{ID: "1", Time: day, Workspace: "7", Title: "first"},
		Sample{ID: "2", Time: day},
		Sample{ID: "1", Time: day + hour, Workspace: "8", Title: "second"},
		Sample{ID: "1", Time: day - hour, Workspace: "9", Title: "third"},
	)
	same(t, "result", put(t, calls, batch...), callvault.PutResult{Created: 2})
	holds(t, calls, batch[1], batch[3])
	for workspace, want := range map[string]int{"7": 0, "8": 0, "9": 1} {
		if got := count(t, calls, in(t, workspace)); got != want {
			t.Errorf("workspace %s counts %d, want %d", workspace, got, want)
		}
	}
	same(t, "result", put(t, calls, batch[0], batch[3]), callvault.PutResult{Unchanged: 1})
	same(t, "result", put(t, calls, batch[3], batch[0]), callvault.PutResult{Changed: 1})
	if got := highest(t, calls); got != 3 {
		t.Errorf("the highest number is %d, want 3", got)
	}
}

// A batch of no calls changes no call and takes no number.
func emptyBatch(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	same(t, "result", put(t, calls), callvault.PutResult{})
	holds(t, calls)
	c := Sample{ID: "1", Time: day}.Call(t)
	put(t, calls, c)
	same(t, "result", put(t, calls), callvault.PutResult{})
	holds(t, calls, c)
	if got := highest(t, calls); got != 1 {
		t.Errorf("the highest number is %d, want 1", got)
	}
}

// A batch may have thousands of calls, in any order, new ones among known ones.
func largeBatch(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	const n = 2000
	var batch []callvault.Call
	for i := range n {
		batch = append(batch, Sample{ID: fmt.Sprint(i * i), Time: day + callvault.Time(i%1500)*minute, Workspace: fmt.Sprint(i % 3)}.Call(t))
	}
	same(t, "result", put(t, calls, shuffled(batch[:n*3/4])...), callvault.PutResult{Created: n * 3 / 4})
	for i := range n / 2 {
		batch[i] = Sample{ID: fmt.Sprint(i * i), Time: day - callvault.Time(1+i%700)*minute, Workspace: fmt.Sprint(i % 4)}.Call(t)
	}
	same(t, "result", put(t, calls, shuffled(batch)...), callvault.PutResult{Created: n / 4, Changed: n / 2, Unchanged: n / 4})
	holds(t, calls, batch...)
	for _, workspace := range []string{"0", "1", "2", "3"} {
		q := in(t, workspace)
		if got, want := count(t, calls, q), len(matching(batch, q)); got != want {
			t.Errorf("%s counts %d calls, want %d", describe(q), got, want)
		}
	}
}

func atomicLaws() []law {
	return []law{
		{"put is all or none", putIsAllOrNone},
		{"delete is all or none", deleteIsAllOrNone},
		{"a write that was refused took nothing", refusedWriteTookNothing},
		{"a company that was not made after all", companyThatWasNotMade},
	}
}

// beforeAndAfter are two states of a company: between them calls come, move in
// time and between workspaces, and stay.
func beforeAndAfter(t testing.TB) (before, after []callvault.Call) {
	for i := range 200 {
		s := Sample{ID: fmt.Sprint(i), Time: day + callvault.Time(i)*minute, Workspace: fmt.Sprint(i % 2)}
		if i < 140 {
			before = append(before, s.Call(t))
		}
		if i%3 > 0 {
			s.Time -= callvault.Time(i) * hour
			s.Workspace = fmt.Sprint(i % 4)
		}
		after = append(after, s.Call(t))
	}
	return before, after
}

// A batch whose context ends while it is written is there whole or not at all,
// and whole when Put said so.
func putIsAllOrNone(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	before, after := beforeAndAfter(t)
	put(t, calls, before...)
	allOrNone(t, calls, before, after, func(ctx context.Context) error {
		_, err := calls.Put(ctx, callvault.NewBatch(slices.Clone(after)))
		return err
	})
}

// Calls whose deletion is cut short are all gone or all there.
func deleteIsAllOrNone(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	before, _ := beforeAndAfter(t)
	after := before[100:]
	ids := make([]callvault.ID, 100)
	for i := range ids {
		ids[i] = before[i].ID
	}
	put(t, calls, before...)
	allOrNone(t, calls, before, after, func(ctx context.Context) error {
		_, err := calls.Delete(ctx, ids)
		return err
	})
	allOrNone(t, calls, before, after, func(ctx context.Context) error {
		_, err := calls.DeleteFirst(ctx, all(), len(ids))
		return err
	})
}

// allOrNone cuts a write short at many moments and looks at what it left. The
// moments are parts of the time that the write takes when it is let be; where
// they fall is chance, what holds is not.
func allOrNone(t *testing.T, calls callvault.Calls, before, after []callvault.Call, write func(context.Context) error) {
	t.Helper()
	var gone []string
	for _, c := range after {
		if !slices.ContainsFunc(before, func(b callvault.Call) bool { return b.ID == c.ID }) {
			gone = append(gone, c.ID.String())
		}
	}
	const cuts = 16
	var took time.Duration
	for i := range cuts {
		number := highest(t, calls)
		ctx, cancel := context.Background(), context.CancelFunc(func() {})
		if i > 0 {
			ctx, cancel = context.WithTimeout(ctx, took*time.Duration(i)/(cuts-2))
		}
		begun := time.Now()
		err := write(ctx)
		if i == 0 {
			took = time.Since(begun)
		}
		cancel()
		got := list(t, calls, all())
		is := before
		if err == nil || len(got) == len(after) {
			is = after
		}
		holds(t, calls, is...)
		for _, workspace := range []string{"0", "1", "2", "3"} {
			q := in(t, workspace)
			if got, want := count(t, calls, q), len(matching(is, q)); got != want {
				t.Errorf("%s counts %d, want %d", describe(q), got, want)
			}
		}
		if now := highest(t, calls); (now == number) != (len(is) == len(before)) {
			t.Errorf("the highest number went from %d to %d, and %d calls became %d", number, now, len(before), len(got))
		}
		if t.Failed() {
			t.Fatalf("after a write that was cut short at %v of %v: %v", took*time.Duration(i)/(cuts-2), took, err)
		}
		remove(t, calls, gone...)
		put(t, calls, before...)
	}
}

// A write under a context that is done takes no number, makes no company and
// leaves no trace.
func refusedWriteTookNothing(t *testing.T, open Open) {
	store := open(t)
	c := Sample{ID: "1", Time: day}.Call(t)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		if _, err := store.Calls(acme).Put(done, callvault.NewBatch([]callvault.Call{c})); err == nil {
			t.Error("a put under a context that is done succeeded")
		}
	}
	names, err := store.Companies(t.Context())
	if err != nil || len(names) > 0 {
		t.Errorf("companies %q, %v, want none", names, err)
	}
	put(t, store.Calls(acme), c)
	if _, err := store.Calls(acme).Delete(done, []callvault.ID{c.ID}); err == nil {
		t.Error("a delete under a context that is done succeeded")
	}
	holds(t, store.Calls(acme), c)
	put(t, store.Calls(acme), Sample{ID: "2", Time: day}.Call(t))
	if got := highest(t, store.Calls(acme)); got != 2 {
		t.Errorf("the highest number is %d, want 2", got)
	}
}

// A company whose first write failed is not there, and one that is made next is
// not taken for it.
func companyThatWasNotMade(t *testing.T, open Open) {
	store := open(t)
	addKeys(t, store, key("K", acme))
	if err := store.AddKey(t.Context(), key("K", "unmade")); err == nil {
		t.Fatal("a key was added whose id was taken")
	}
	c := Sample{ID: "1", Time: day, Workspace: "7"}.Call(t)
	put(t, store.Calls(other), c)
	holds(t, store.Calls("unmade"))
	if got := remove(t, store.Calls("unmade"), "1"); got != 0 {
		t.Errorf("deleted %d calls of a company that is not there", got)
	}
	same(t, "companies", names(t, store), []string{acme, other})
	same(t, "result", put(t, store.Calls("unmade"), c), callvault.PutResult{Created: 1})
	holds(t, store.Calls(other), c)
	same(t, "companies", names(t, open(t)), []string{acme, other, "unmade"})
}
