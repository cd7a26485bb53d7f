package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

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
