package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

func pageLaws() []law {
	return []law{
		{"pages cover exactly", pagesCoverExactly},
		{"first pages of a crowd are counted", firstPagesOfACrowdAreCounted},
		{"pages under deletes", pagesUnderDeletes},
		{"pages under writes", pagesUnderWrites},
	}
}

// The pages of a walk put together are the list, whatever the size of a page:
// each call once, in order. Every page says how many calls the walk has.
func pagesCoverExactly(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	var batch []callvault.Call
	for i, id := range numbers() {
		batch = append(batch, Sample{ID: id, Time: day + callvault.Time(i/9)*minute, Workspace: fmt.Sprint(i % 3)}.Call(t))
	}
	put(t, calls, batch...)
	for _, q := range []callvault.Query{all(), in(t, "1"), in(t, "9"), between(day+minute, day+4*minute), between(day, day)} {
		want := matching(batch, q)
		for size := 1; size <= len(batch)+1; size++ {
			pages := 0
			next := callvault.PageQuery{Query: q, Size: size}
			for rest := want; ; pages++ {
				got, p, err := page(t.Context(), calls, next)
				if err != nil {
					t.Fatal(err)
				}
				n := min(size, len(rest))
				var documents []string
				wantPage := callvault.Page{Total: len(want), Number: pages, Size: n, More: len(rest) > n}
				for _, c := range rest[:n] {
					documents = append(documents, string(c.Document))
					wantPage.Last = c.Position()
				}
				same(t, fmt.Sprintf("page %d of size %d", pages, size), p, wantPage)
				same(t, fmt.Sprintf("page %d of size %d", pages, size), got, documents)
				if rest = rest[n:]; !p.More || t.Failed() {
					break
				}
				next.Number, next.After, next.Total = pages+1, p.Last, p.Total
			}
		}
	}
}

// The total of a first page is exact wherever the page ends: within the first calls of its
// range, behind them, or among many of one instant. Scans from there visit what they should.
func firstPagesOfACrowdAreCounted(t *testing.T, open Open) {
	calls, a := open(t).Calls(acme), newAsker(5)
	const begin = day - hour // of buckets of every width but the widest
	var batch []callvault.Call
	for i := range 2500 {
		at := begin + callvault.Time(a.Int64N(int64(20*minute)))
		if i%5 == 0 { // some instants have hundreds
			at = begin + callvault.Time(a.IntN(3))*7*minute
		}
		if i%2 == 0 { // others are hours apart
			at += callvault.Time(a.IntN(5)-2) * 2 * hour
		}
		batch = append(batch, Sample{ID: fmt.Sprint(i), Time: at, Workspace: []string{"", "", "7", "8"}[a.IntN(4-i%2)]}.Call(t))
	}
	put(t, calls, shuffled(batch)...)
	bound := func() callvault.Time {
		if a.IntN(3) == 0 {
			return begin + callvault.Time(a.IntN(5)-1)*5*minute + callvault.Time(a.IntN(3)-1)
		}
		return batch[a.IntN(len(batch))].Time + callvault.Time(a.IntN(3)-1)
	}
	for range 250 {
		q := between(bound(), bound())
		if q.From > q.To {
			q.From, q.To = q.To, q.From
		}
		if a.IntN(2) == 0 {
			q.Workspace = ID(t, []string{"7", "8"}[a.IntN(2)])
		}
		limit, from := 1+a.IntN([]int{3, 101, 1001}[a.IntN(3)]), batch[a.IntN(len(batch))].Position()
		sameFirst(t, calls, batch, q, limit)
		if a.IntN(3) == 0 {
			from.ID = callvault.ID{}
		}
		if q.From <= from.Time && from.Time < q.To {
			sameScans(t, calls, batch, q, from, limit)
		}
	}
}

// A walk goes on from a call that was deleted, and ends with an empty page
// when what it had left was deleted.
func pagesUnderDeletes(t *testing.T, open Open) {
	calls, batch := open(t).Calls(acme), fifty(t)
	put(t, calls, batch...)
	_, first, err := page(t.Context(), calls, callvault.PageQuery{Query: all(), Size: 20})
	if err != nil {
		t.Fatal(err)
	}
	remove(t, calls, "18", "19", "20")
	next := callvault.PageQuery{Query: all(), Size: 20, Number: 1, After: first.Last, Total: first.Total}
	got, second, err := page(t.Context(), calls, next)
	if err != nil {
		t.Fatal(err)
	}
	want := callvault.Page{Total: 50, Number: 1, Size: 20, Last: batch[40].Position(), More: true}
	same(t, "the second page", second, want)
	if len(got) != 20 || got[0] != string(batch[21].Document) {
		t.Errorf("the second page has %d calls and begins with %.60s", len(got), got[0])
	}
	remove(t, calls, "41", "42", "43", "44", "45", "46", "47", "48", "49")
	next.Number, next.After = 2, second.Last
	got, third, err := page(t.Context(), calls, next)
	if err != nil || len(got) > 0 {
		t.Errorf("the third page has %d calls, %v", len(got), err)
	}
	same(t, "the third page", third, callvault.Page{Total: 50, Number: 2})
}

// While others put, change, move and delete calls, a walk meets no place twice,
// and misses no call that was there throughout, in one place, even if it
// changed.
func pagesUnderWrites(t *testing.T, open Open) {
	reader, writer := open(t).Calls(acme), open(t).Calls(acme)
	const steady, moving = 60, 40
	var batch []callvault.Call
	for i := range steady {
		batch = append(batch, Sample{ID: fmt.Sprint(1000 + i), Time: day + callvault.Time(i/2)*minute, Workspace: "1"}.Call(t))
	}
	put(t, reader, batch...)

	written, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		defer stop()
		for round := range 60 {
			var batch []callvault.Call
			var gone []callvault.ID
			for i := range moving {
				s := Sample{ID: fmt.Sprint(980 + i*7), Time: day + callvault.Time((i*13+round*17)%31)*minute, Workspace: fmt.Sprint(1 + (i+round)%2)}
				if i*7 >= 20 && i*7 < 20+steady {
					s = Sample{ID: s.ID, Time: day + callvault.Time((i*7-20)/2)*minute, Workspace: "1", Title: fmt.Sprint("round ", round)}
				} else if (i+round)%3 == 0 {
					gone = append(gone, ID(t, s.ID))
					continue
				}
				batch = append(batch, s.Call(t))
			}
			if _, err := writer.Put(t.Context(), callvault.NewBatch(batch)); err != nil {
				t.Error(err)
			}
			if _, err := writer.Delete(t.Context(), gone); err != nil {
				t.Error(err)
			}
		}
	})
	for i := 0; written.Err() == nil; i++ {
		q := callvault.Query{Range: callvault.AllTime}
		if i%2 == 1 {
			q = in(t, "1")
		}
		walked, err := walk(t.Context(), reader, q, 1+i%17)
		if err != nil {
			t.Errorf("walk %d: %v", i, err)
			break
		}
		if !slices.IsSortedFunc(walked, callvault.Position.Compare) || len(slices.Compact(slices.Clone(walked))) < len(walked) {
			t.Errorf("walk %d is not in order", i)
		}
		for _, c := range batch {
			if !slices.Contains(walked, c.Position()) {
				t.Errorf("walk %d misses call %s", i, c.ID)
			}
		}
	}
	group.Wait()
}

// walk is the places of the calls that a walk meets, page by page.
func walk(ctx context.Context, calls callvault.Calls, q callvault.Query, size int) (places []callvault.Position, err error) {
	next := callvault.PageQuery{Query: q, Size: size}
	for {
		documents, p, err := page(ctx, calls, next)
		if err != nil {
			return nil, err
		}
		for _, document := range documents {
			c, err := gong.ParseCall([]byte(document))
			if err != nil {
				return nil, err
			}
			id, err := callvault.ParseID(c.ID)
			if err != nil {
				return nil, err
			}
			places = append(places, callvault.Position{Time: callvault.TimeOf(&c), ID: id})
		}
		if !p.More {
			return places, nil
		}
		if next.Number > 0 && p.Last.Compare(next.After) <= 0 {
			return nil, fmt.Errorf("the page after %v ends at %v", next.After, p.Last)
		}
		next.Number, next.After, next.Total = p.Number+1, p.Last, p.Total
	}
}

func orderLaws() []law {
	return []law{
		{"bounds are half-open", boundsAreHalfOpen},
		{"order is by time, then by number", orderIsByTimeThenNumber},
		{"a scan begins after a position", scanBeginsAfterPosition},
		{"scheduled or started", scheduledOrStarted},
		{"a workspace holds its own calls", workspaceHoldsItsOwn},
		{"calls of every age", callsOfEveryAge},
	}
}

// From is within a range and To is not, to the microsecond.
func boundsAreHalfOpen(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	var batch []callvault.Call
	for i := range 7 {
		batch = append(batch, Sample{ID: fmt.Sprint(i), Time: day + callvault.Time(i), Workspace: fmt.Sprint(i % 2)}.Call(t))
	}
	put(t, calls, batch...)
	for from := day - 1; from <= day+8; from++ {
		for to := day - 1; to <= day+8; to++ {
			for _, workspace := range []callvault.ID{{}, ID(t, "1")} {
				q := between(from, to)
				q.Workspace = workspace
				want := rows(batch, q)
				same(t, fmt.Sprintf("[%d, %d) of workspace %q", from-day, to-day, workspace), list(t, calls, q), want)
				if got := count(t, calls, q); got != len(want) {
					t.Errorf("[%d, %d) of workspace %q counts %d, want %d", from-day, to-day, workspace, got, len(want))
				}
			}
		}
	}
}

// Calls stand by time, and those of one instant by their ids as numbers, in
// whatever order they came.
func orderIsByTimeThenNumber(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	var batch []callvault.Call
	for i, id := range numbers() {
		batch = append(batch, Sample{ID: id, Time: day - callvault.Time(i%4/3), Workspace: "1"}.Call(t))
	}
	for _, c := range shuffled(batch) {
		put(t, calls, c)
	}
	for _, q := range []callvault.Query{all(), in(t, "1"), between(day, day+1), between(day-1, day)} {
		sameRows(t, fmt.Sprint("calls of ", q.Range), list(t, calls, q), rows(batch, q))
	}
}

// Scan visits the calls after a position, whether a call stands there or not,
// and no more than its limit; a negative one is none.
func scanBeginsAfterPosition(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	var batch []callvault.Call
	ids := []string{"3", "20", "100", "99999999999999999999"}
	for i := range 4 {
		at := day + callvault.Time(i)*10
		for j, id := range ids {
			batch = append(batch, Sample{ID: id[:len(id)-1] + fmt.Sprint(i), Time: at, Workspace: fmt.Sprint(j % 2)}.Call(t))
		}
	}
	put(t, calls, batch...)
	for _, q := range []callvault.Query{all(), in(t, "1"), between(day, day+30), between(day+5, day+30)} {
		var places []callvault.Position
		for _, i := range []callvault.Time{-1, 0, 1, 5, 10, 11, 29, 30, 31, 40} {
			for _, id := range []string{"0", "2", "3", "21", "103", "99999999999999999998", "99999999999999999999"} {
				places = append(places, callvault.Position{Time: day + i, ID: ID(t, id)})
			}
			places = append(places, callvault.Position{Time: day + i})
		}
		for i, after := range append(places, q.Start()) {
			if after.Compare(q.Start()) < 0 {
				continue
			}
			want := rows(matchingAfter(batch, after), q)
			limit := i%8 - 1
			if limit >= 0 {
				want = want[:min(limit, len(want))]
			}
			var got []row
			if err := calls.Scan(t.Context(), q, after, limit, keep(&got)); err != nil {
				t.Fatal(err)
			}
			same(t, fmt.Sprintf("%d calls after %v", limit, after), got, want)
		}
	}
}

// matchingAfter are the calls that stand after a position.
func matchingAfter(calls []callvault.Call, after callvault.Position) (rest []callvault.Call) {
	for _, c := range calls {
		if c.Position().Compare(after) > 0 {
			rest = append(rest, c)
		}
	}
	return rest
}

// A conference stands at its scheduled time, every other call at the time it
// started, and each at the time it has when it has but one.
func scheduledOrStarted(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	scheduled, started := gong.TimeOf(day.UTC()), gong.TimeOf((day + 30*hour).UTC().Add(time.Nanosecond))
	var batch []callvault.Call
	want := make(map[string]callvault.Time)
	add := func(direction *gong.Direction, scheduled, started *gong.Time, at callvault.Time) {
		c := gong.Call{ID: fmt.Sprint(len(batch)), Direction: direction, Scheduled: scheduled, Started: started}
		batch = append(batch, NewCall(t, c))
		want[c.ID] = at
	}
	add(new(gong.Conference), &scheduled, &started, day)
	add(new(gong.Conference), nil, &started, day+30*hour)
	add(new(gong.Conference), &scheduled, nil, day)
	for _, direction := range []*gong.Direction{nil, new(gong.Inbound), new(gong.Outbound), new(gong.DirectionUnknown)} {
		add(direction, &scheduled, &started, day+30*hour)
		add(direction, nil, &started, day+30*hour)
		add(direction, &scheduled, nil, day)
	}
	put(t, calls, batch...)
	got := make(map[string]callvault.Time)
	for _, r := range append(list(t, calls, between(day, day+1)), list(t, calls, between(day+30*hour, day+30*hour+1))...) {
		got[r.ID] = r.Time
	}
	same(t, "times", got, want)
}

// A query with a workspace selects the calls of that workspace and no other;
// one without selects all calls, those without a workspace too.
func workspaceHoldsItsOwn(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	workspaces := []string{"", "0", "7", "70", "17", "9", "10", "18446744073709551616", "18446744073709551617", "99999999999999999999"}
	var batch []callvault.Call
	for i := range 66 {
		s := Sample{ID: fmt.Sprint(i), Time: day + callvault.Time(i/5)*minute, Workspace: workspaces[i%len(workspaces)]}
		batch = append(batch, s.Call(t))
	}
	put(t, calls, batch...)
	for _, workspace := range append(workspaces, "1", "8", "700") {
		for _, q := range []callvault.Query{all(), between(day+minute, day+9*minute), between(day, day+1)} {
			if workspace != "" {
				q.Workspace = ID(t, workspace)
			}
			want := rows(batch, q)
			same(t, fmt.Sprintf("workspace %q", workspace), list(t, calls, q), want)
			if got := count(t, calls, q); got != len(want) {
				t.Errorf("workspace %q counts %d calls, want %d", workspace, got, len(want))
			}
		}
	}
}

// A call may be of any of the years that its document can write.
func callsOfEveryAge(t *testing.T, open Open) {
	calls := open(t).Calls(acme)
	var batch []callvault.Call
	for i, at := range instants() {
		batch = append(batch, Sample{ID: fmt.Sprint(i), Time: at}.Call(t))
	}
	put(t, calls, shuffled(batch)...)
	holds(t, calls, batch...)
	for i, at := range instants() {
		q := between(at, at+1)
		sameRows(t, at.String(), list(t, calls, q), rows(batch[i:i+1], q))
	}
}
