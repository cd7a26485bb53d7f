package storetest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/callvault/callvault"
)

func modelLaws() []law {
	return []law{{"random operations", randomOperations}}
}

// Whatever is done to a store, in whatever order, it has what the model has.
func randomOperations(t *testing.T, open Open) {
	program := make([]byte, 3500)
	random := rand.New(rand.NewPCG(7, 1))
	for i := range program {
		program[i] = byte(random.Uint32())
	}
	RunModel(t, open, program)
}

// RunModel does what a program says to a new store and to a model, and compares
// them after each step. Every program is a sound one, so that a fuzzer can
// write it.
func RunModel(t testing.TB, open Open, program []byte) {
	t.Helper()
	r := &run{
		open: open, store: open(t), program: program, instants: instants(),
		companies: [...]string{acme, other},
	}
	for i := range r.models {
		r.models[i] = &model{numbers: make(map[callvault.ID]int64)}
	}
	for step := 0; len(r.program) > 0; step++ {
		what := r.step(t)
		if t.Failed() {
			t.Fatalf("step %d: %s", step, what)
		}
	}
	wantSound(t, r.store)
}

// run is a program under way on two companies of a store.
type run struct {
	open      Open
	store     callvault.Store
	program   []byte // what is left of it
	instants  []callvault.Time
	companies [2]string
	models    [2]*model
}

// choose takes the next byte of the program for a number below n, which is at
// most 256.
func (r *run) choose(n int) int {
	if len(r.program) == 0 {
		return 0
	}
	b := r.program[0]
	r.program = r.program[1:]
	return int(b) % n
}

// step does one thing and tells what.
func (r *run) step(t testing.TB) string {
	t.Helper()
	i := r.choose(len(r.models))
	calls, m := r.store.Calls(r.companies[i]), r.models[i]
	var changed []callvault.ID
	what := ""
	switch r.choose(14) {
	case 0, 1, 2, 3:
		what, changed = r.put(t, calls, m)
	case 4, 5:
		what, changed = r.remove(t, calls, m)
	case 6:
		what, changed = r.removeFirst(t, calls, m)
	case 7:
		what = r.count(t, calls, m)
	case 8:
		what = r.scan(t, calls, m)
	case 9:
		what = r.walk(t, calls, m)
	case 12:
		what = r.scanBack(t, calls, m)
	case 13:
		what = r.get(t, calls, m)
	case 10:
		what = "refused"
		r.refuse(t, calls)
	case 11:
		what = "opened again"
		if r.choose(2) == 0 { // and so the handle before stays open
			closeStore(t, r.store)
		}
		r.store = r.open(t)
	}
	m.check(t, r.store.Calls(r.companies[i]), changed)
	r.models[1-i].check(t, r.store.Calls(r.companies[1-i]), nil)
	return r.companies[i] + ": " + what
}

// id is one of a few, of any length.
func (r *run) id() string {
	return []string{
		"0", "1", "2", "9", "10", "11", "99", "100", "20", "9223372036854775808", "18446744073709551615", "18446744073709551616",
		"18446744073709551617", "10000000000000000000", "99999999999999999999", "99999999999999999998",
	}[r.choose(16)]
}

// time is one of many instants, or one of a few.
func (r *run) time() callvault.Time {
	if r.choose(2) == 0 {
		return day + callvault.Time(r.choose(3))
	}
	return r.instants[r.choose(256)%len(r.instants)]
}

func (r *run) workspace() string { return []string{"", "7", "70", "0"}[r.choose(4)] }

func (r *run) query(t testing.TB) callvault.Query {
	t.Helper()
	bounds := []callvault.Time{r.time() + callvault.Time(r.choose(2)), r.time() + callvault.Time(r.choose(2))}
	switch r.choose(8) {
	case 0:
		bounds[0] = callvault.MinTime
	case 1:
		bounds[1] = callvault.MaxTime
	case 2:
		bounds = []callvault.Time{callvault.MinTime, callvault.MaxTime}
	case 3: // as they are, and so reversed in many cases
	default:
		slices.Sort(bounds)
	}
	q := between(bounds[0], bounds[1])
	if w := r.workspace(); w != "" {
		q.Workspace = ID(t, w)
	}
	return q
}

func (r *run) put(t testing.TB, calls callvault.Calls, m *model) (what string, changed []callvault.ID) {
	t.Helper()
	var batch []callvault.Call
	for range r.choose(8) {
		s := Sample{ID: r.id(), Time: r.time(), Workspace: r.workspace(), Title: []string{"", "a", padding(300)}[r.choose(3)],
			Host: []string{"", "1", "22", `a"b`}[r.choose(4)], System: []string{"", "Zoom", "Teams"}[r.choose(3)]}
		if len(m.calls) > 0 && r.choose(3) == 0 { // the same again
			batch = append(batch, m.calls[r.choose(256)%len(m.calls)])
			continue
		}
		batch = append(batch, s.Call(t))
	}
	want, changed := m.put(batch)
	got := put(t, calls, batch...)
	what = fmt.Sprintf("put of %d calls", len(batch))
	same(t, what, got, want)
	return what, changed
}

func (r *run) remove(t testing.TB, calls callvault.Calls, m *model) (what string, changed []callvault.ID) {
	t.Helper()
	var ids []callvault.ID
	for range r.choose(5) {
		ids = append(ids, ID(t, r.id()))
	}
	changed = m.remove(ids)
	got, err := calls.Delete(t.Context(), ids)
	what = fmt.Sprintf("delete of %v", ids)
	if err != nil || got != len(changed) {
		t.Errorf("%s: %d, %v, want %d", what, got, err, len(changed))
	}
	return what, changed
}

func (r *run) removeFirst(t testing.TB, calls callvault.Calls, m *model) (what string, changed []callvault.ID) {
	t.Helper()
	q, limit := r.query(t), r.choose(4)-1
	changed = m.remove(m.first(q, limit))
	got, err := calls.DeleteFirst(t.Context(), q, limit)
	what = fmt.Sprintf("delete of the first %d of %s", limit, describe(q))
	if err != nil || got != len(changed) {
		t.Errorf("%s: %d, %v, want %d", what, got, err, len(changed))
	}
	return what, changed
}

func (r *run) count(t testing.TB, calls callvault.Calls, m *model) (what string) {
	t.Helper()
	q, limit := r.query(t), r.choose(8)-1
	want := rows(m.calls, q)
	what = fmt.Sprintf("the first %d of %s", limit, describe(q))
	if got := count(t, calls, q); got != len(want) {
		t.Errorf("%s: counted %d, want %d", what, got, len(want))
	}
	var got []row
	total, err := calls.First(t.Context(), q, limit, keep(&got))
	if err != nil || total != len(want) {
		t.Errorf("%s: the total is %d, %v, want %d", what, total, err, len(want))
	}
	if limit >= 0 {
		want = want[:min(limit, len(want))]
	}
	same(t, what, got, want)
	return what
}

func (r *run) scan(t testing.TB, calls callvault.Calls, m *model) (what string) {
	t.Helper()
	q, limit := r.query(t), r.choose(8)-1
	after := callvault.Position{Time: r.time(), ID: ID(t, r.id())}
	if after.Compare(q.Start()) < 0 {
		after = q.Start()
	}
	want := rows(matchingAfter(m.calls, after), q)
	if limit >= 0 {
		want = want[:min(limit, len(want))]
	}
	what = fmt.Sprintf("%d after %v of %s", limit, after, describe(q))
	var got []row
	if err := calls.Scan(t.Context(), q, after, limit, keep(&got)); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	same(t, what, got, want)
	return what
}

func (r *run) scanBack(t testing.TB, calls callvault.Calls, m *model) (what string) {
	t.Helper()
	q, limit := r.query(t), r.choose(8)-1
	before := callvault.Position{Time: r.time(), ID: ID(t, r.id())}
	if before.Compare(q.End()) > 0 {
		before = q.End()
	}
	var want []row
	for _, c := range matching(m.calls, q) {
		if c.Position().Compare(before) < 0 {
			want = append(want, row{c.Time, c.ID.String(), string(c.Document)})
		}
	}
	slices.Reverse(want)
	if limit >= 0 {
		want = want[:min(limit, len(want))]
	}
	what = fmt.Sprintf("%d before %v of %s", limit, before, describe(q))
	same(t, what, backward(t, calls, q, before, limit), want)
	return what
}

func (r *run) get(t testing.TB, calls callvault.Calls, m *model) (what string) {
	t.Helper()
	var ids []callvault.ID
	for range r.choose(6) {
		ids = append(ids, ID(t, r.id()))
	}
	var want, got []row
	for _, c := range m.calls {
		if slices.Contains(ids, c.ID) {
			want = append(want, row{c.Time, c.ID.String(), string(c.Document)})
		}
	}
	slices.SortFunc(want, func(a, b row) int { return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID)) })
	what = fmt.Sprintf("calls of %v", ids)
	if err := calls.Get(t.Context(), ids, keep(&got)); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	same(t, what, got, want)
	return what
}

func (r *run) walk(t testing.TB, calls callvault.Calls, m *model) (what string) {
	t.Helper()
	q, size := r.query(t), 1+r.choose(6)
	what = fmt.Sprintf("pages of %d of %s", size, describe(q))
	got, err := walk(t.Context(), calls, q, size)
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	var want []callvault.Position
	for _, c := range matching(m.calls, q) {
		want = append(want, c.Position())
	}
	same(t, what, got, want)
	return what
}

// refuse tries writes under a context that is done.
func (r *run) refuse(t testing.TB, calls callvault.Calls) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	batch := samples(t, Sample{ID: r.id(), Time: r.time(), Title: "refused"})
	if _, err := calls.Put(ctx, callvault.NewBatch(batch)); err == nil {
		t.Error("a put under a context that is done succeeded")
	}
	if _, err := calls.Delete(ctx, []callvault.ID{ID(t, r.id())}); err == nil {
		t.Error("a delete under a context that is done succeeded")
	}
}
