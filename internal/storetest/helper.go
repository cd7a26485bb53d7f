package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/callvault/callvault"
)

// row is a callvault.Record that can be kept, and read in a report.
type row struct {
	Time         callvault.Time
	ID, Document string
}

// keep returns a visitor that adds what it meets to rows.
func keep(rows *[]row) func(callvault.Record) error {
	return func(r callvault.Record) error {
		*rows = append(*rows, row{r.Time, r.ID.String(), string(r.Document)})
		return nil
	}
}

// all selects every call.
func all() callvault.Query { return callvault.Query{Range: callvault.AllTime} }

// between selects the calls of a range.
func between(from, to callvault.Time) callvault.Query {
	return callvault.Query{Range: callvault.Range{From: from, To: to}}
}

// in selects the calls of a workspace.
func in(t testing.TB, workspace string) callvault.Query {
	t.Helper()
	return callvault.Query{Range: callvault.AllTime, Workspace: ID(t, workspace)}
}

// list is every call of q in one Scan.
func list(t testing.TB, calls callvault.Calls, q callvault.Query) (rows []row) {
	t.Helper()
	if err := calls.Scan(t.Context(), q, q.Start(), -1, keep(&rows)); err != nil {
		t.Fatal(err)
	}
	return rows
}

// count is how many calls of q the store counts.
func count(t testing.TB, calls callvault.Calls, q callvault.Query) int {
	t.Helper()
	n, err := calls.Count(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// put puts calls in one batch and leaves the slice alone.
func put(t testing.TB, calls callvault.Calls, batch ...callvault.Call) callvault.PutResult {
	t.Helper()
	result, err := calls.Put(t.Context(), callvault.NewBatch(slices.Clone(batch)))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// remove deletes calls by their ids and tells how many there were.
func remove(t testing.TB, calls callvault.Calls, ids ...string) int {
	t.Helper()
	list := make([]callvault.ID, len(ids))
	for i, id := range ids {
		list[i] = ID(t, id)
	}
	deleted, err := calls.Delete(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	return deleted
}

// change is what numbers tell of a record.
type change struct {
	Number  int64
	ID      callvault.ID
	Deleted bool
}

// changes is every call and tombstone.
func changes(t testing.TB, calls callvault.Calls) (changes []change) {
	t.Helper()
	err := calls.Changes(t.Context(), 0, -1, func(r callvault.Record) error {
		changes = append(changes, change{r.Number, r.ID, r.Deleted})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// highest is the number of the latest change, 0 when there was none, as the
// changes have it and as the store says it.
func highest(t testing.TB, calls callvault.Calls) (number int64) {
	t.Helper()
	if all := changes(t, calls); len(all) > 0 {
		number = all[len(all)-1].Number
	}
	latest, err := calls.Latest(t.Context())
	if err != nil || latest != number {
		t.Errorf("the latest number is %d, %v, and that of the changes %d", latest, err, number)
	}
	return number
}

// matching is what q selects of calls, in the one order: the slow, obvious
// filter.
func matching(calls []callvault.Call, q callvault.Query) []callvault.Call {
	var match []callvault.Call
	for _, c := range calls {
		if c.Time < q.From || c.Time >= q.To {
			continue
		}
		if !q.Workspace.IsZero() && c.Workspace != q.Workspace {
			continue
		}
		match = append(match, c)
	}
	slices.SortFunc(match, func(a, b callvault.Call) int { return a.Position().Compare(b.Position()) })
	return match
}

// rows is what a Scan of q shows of calls.
func rows(calls []callvault.Call, q callvault.Query) []row {
	var rows []row
	for _, c := range matching(calls, q) {
		rows = append(rows, row{c.Time, c.ID.String(), string(c.Document)})
	}
	return rows
}

// same reports the difference between what a store said and what it should
// have said; nil and empty are the same.
func same[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if reflect.DeepEqual(want, got) { // a hundred times as fast on documents
		return
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// sameRows is same for rows, of which there are many.
func sameRows(t testing.TB, what string, got, want []row) {
	t.Helper()
	if !slices.Equal(got, want) {
		same(t, what, got, want)
	}
}

// holds reports when a company has other calls than these, or counts them
// otherwise.
func holds(t testing.TB, calls callvault.Calls, want ...callvault.Call) {
	t.Helper()
	sameRows(t, "calls", list(t, calls, all()), rows(want, all()))
	if got := count(t, calls, all()); got != len(want) {
		t.Errorf("counts %d calls, want %d", got, len(want))
	}
}

// shuffled is a slice in another order, the same at every run.
func shuffled[T any](s []T) []T {
	s = slices.Clone(s)
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
	return s
}

// page reads one page and keeps its documents.
func page(ctx context.Context, calls callvault.Reads, q callvault.PageQuery) (documents []string, p callvault.Page, err error) {
	p, err = callvault.ListPage(ctx, calls, q, func(document []byte) error {
		documents = append(documents, string(document))
		return nil
	})
	return documents, p, err
}

// model is a company's calls in a store too simple to be wrong: one slice, in
// no order.
type model struct {
	calls   []callvault.Call
	numbers map[callvault.ID]int64 // of each call and tombstone, as the store gave them
	last    int64                  // how many changes there were
}

// put does what Calls.Put does with calls in the order they came, and tells
// which ids it changed.
func (m *model) put(batch []callvault.Call) (result callvault.PutResult, changed []callvault.ID) {
	done := make(map[callvault.ID]bool)
	for _, c := range slices.Backward(batch) { // the later of two records wins
		if done[c.ID] {
			continue
		}
		done[c.ID] = true
		i := slices.IndexFunc(m.calls, func(there callvault.Call) bool { return there.ID == c.ID })
		switch {
		case i < 0:
			result.Created++
			m.calls = append(m.calls, c)
		case string(m.calls[i].Document) == string(c.Document):
			result.Unchanged++
			continue
		default:
			result.Changed++
			m.calls[i] = c
		}
		changed = append(changed, c.ID)
	}
	return result, changed
}

// remove does what Calls.Delete does, and tells which ids were there.
func (m *model) remove(ids []callvault.ID) (removed []callvault.ID) {
	for _, id := range ids {
		i := slices.IndexFunc(m.calls, func(there callvault.Call) bool { return there.ID == id })
		if i < 0 {
			continue
		}
		m.calls = slices.Delete(m.calls, i, i+1)
		removed = append(removed, id)
	}
	return removed
}

// first are the ids of the calls of q that stand first, all when limit is
// negative.
func (m *model) first(q callvault.Query, limit int) (ids []callvault.ID) {
	for _, c := range matching(m.calls, q) {
		if len(ids) == limit {
			break
		}
		ids = append(ids, c.ID)
	}
	return ids
}

// check compares everything that a company has with the model, after a commit
// that changed some ids and no others.
func (m *model) check(t testing.TB, calls callvault.Calls, changed []callvault.ID) {
	t.Helper()
	holds(t, calls, m.calls...)
	wantNames(t, calls, m.calls)
	if err := m.checkNumbers(changes(t, calls), changed); err != nil {
		t.Error(err)
	}
}

// checkNumbers tells what is wrong with the numbers after a commit, and learns
// which the changes took.
func (m *model) checkNumbers(got []change, changed []callvault.ID) error {
	before, last := m.last, int64(0)
	m.last += int64(len(changed))
	for _, c := range got {
		there := slices.ContainsFunc(m.calls, func(there callvault.Call) bool { return there.ID == c.ID })
		isChanged := slices.Contains(changed, c.ID)
		switch {
		case c.Number <= last:
			return fmt.Errorf("call %s has number %d, and stands after number %d", c.ID, c.Number, last)
		case c.Deleted == there:
			return fmt.Errorf("call %s is deleted: %t, want %t", c.ID, c.Deleted, !there)
		case isChanged && (c.Number <= before || c.Number > m.last):
			return fmt.Errorf("call %s took number %d, want one from %d to %d", c.ID, c.Number, before+1, m.last)
		case !isChanged && c.Number != m.numbers[c.ID]:
			return fmt.Errorf("call %s has number %d, want %d as before", c.ID, c.Number, m.numbers[c.ID])
		}
		last = c.Number
		m.numbers[c.ID] = c.Number
	}
	if last != m.last || len(got) != len(m.numbers) {
		return fmt.Errorf("%d ids up to number %d, want %d up to %d", len(got), last, len(m.numbers), m.last)
	}
	return nil
}

// sameScans compares the scans in both directions from a position with the obvious ones.
func sameScans(t *testing.T, calls callvault.Calls, batch []callvault.Call, q callvault.Query, from callvault.Position, limit int) {
	t.Helper()
	var got []row
	if err := calls.Scan(t.Context(), q, from, limit, keep(&got)); err != nil {
		t.Fatal(err)
	}
	after := matching(matchingAfter(batch, from), q)
	same(t, fmt.Sprintf("%s, %d calls after %v", describe(q), limit, from), got, rows(after[:min(limit, len(after))], q))
	got = nil
	if err := calls.ScanBack(t.Context(), q, from, limit, keep(&got)); err != nil {
		t.Fatal(err)
	}
	q.To = min(q.To, from.Time+1)
	before := slices.DeleteFunc(matching(batch, q), func(c callvault.Call) bool { return c.Position().Compare(from) >= 0 })
	want := rows(before[max(0, len(before)-limit):], q)
	slices.Reverse(want)
	same(t, fmt.Sprintf("%s, %d calls before %v", describe(q), limit, from), got, want)
}
