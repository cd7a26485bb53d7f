package demo

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

var opens = time.Date(2026, 3, 4, 11, 20, 0, 0, time.UTC) // a Wednesday

// rich is a script in which everything happens.
func rich(seed uint64) Script {
	s := Usual(seed, opens, 60)
	s.History, s.Retention, s.Workspaces, s.Tied = 90*day, 80*day, 12, 130
	s.Late, s.VeryLate, s.Unlisted, s.Edited, s.Moved = 0.2, 0.1, 0.01, 0.2, 0.1
	s.OldEdited, s.OldMoved, s.Purged = 0.1, 0.1, 0.05
	s.Outages = []Outage{{opens.Add(day), 10 * time.Hour, 0.05}, {opens.Add(3 * day), 2 * day, 1}}
	return s
}

func (w *World) bytes() []byte {
	var all []byte
	for c := range w.Calls() {
		all = append(append(all, c.Document...), '\n')
	}
	return all
}

// The same script gives the same bytes, however its clock advances, and another seed others.
func TestWorldIsItsScript(t *testing.T) {
	for seed := range uint64(3) {
		once, often := NewWorld(rich(seed)), NewWorld(rich(seed))
		r := rand.New(rand.NewPCG(seed, 0))
		for at, end := opens, opens.Add(12*day); at.Before(end); {
			at = at.Add(time.Duration(r.Int64N(int64(20 * time.Hour))))
			often.Advance(at)
			if r.IntN(5) == 0 {
				once.Advance(at)
				if got, want := often.bytes(), once.bytes(); !bytes.Equal(got, want) {
					t.Fatalf("seed %d: at %v the steps matter: %d bytes and %d", seed, at, len(got), len(want))
				}
			}
		}
		if other := NewWorld(rich(seed + 1)); bytes.Equal(other.bytes(), NewWorld(rich(seed)).bytes()) {
			t.Errorf("seeds %d and %d are the same world", seed, seed+1)
		}
	}
}

// Lists and totals are those of a model that looks at every call, at every time and through
// outages; a document is what the store would keep of it, at its place.
func TestWorldAgainstModel(t *testing.T) {
	w := NewWorld(rich(1))
	r := rand.New(rand.NewPCG(1, 1))
	ids := make(map[callvault.ID]bool)
	for step := range 80 {
		w.Advance(opens.Add(time.Duration(step) * 4 * time.Hour))
		q := callvault.Query{Range: callvault.AllTime}
		if step%4 > 0 {
			from := w.now - callvault.Time(r.Int64N(int64(95*day/time.Microsecond)))
			q.Range = callvault.Range{From: from, To: from + callvault.Time(r.Int64N(int64(40*day/time.Microsecond)))}
		}
		workspace := r.IntN(MaxWorkspaces) - 4
		if workspace >= 0 && workspace < len(w.writer.workspaces) {
			q.Workspace, _ = callvault.ParseID(w.writer.workspaces[workspace])
		}
		var want []callvault.Position
		total := 0
		for n := range w.calls {
			c, n := &w.calls[n], uint32(n)
			if c.state == announced || c.state == gone || w.isHidden(n) || c.at < q.From || c.at >= q.To || !q.Workspace.IsZero() && int(c.workspace) != workspace {
				continue
			}
			if total++; c.state == listing {
				want = append(want, callvault.Position{Time: c.at, ID: callID(n)})
			}
		}
		slices.SortFunc(want, callvault.Position.Compare)
		var got []callvault.Position
		after := q.Start()
		for _, limit := range []int{len(want) / 2, -1} { // a part, and what follows
			err := w.Scan(q, after, limit, func(c callvault.Call) error {
				read, err := callvault.ParseCall(c.Document)
				if err != nil || read.Position() != c.Position() || read.Workspace != c.Workspace || !bytes.Equal(read.Document, c.Document) || !q.Has(&c) {
					t.Fatalf("step %d: %v, and the call is %s", step, err, c.Document)
				}
				got, after = append(got, c.Position()), c.Position()
				ids[c.ID] = true
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(got, want) || w.Total(q) != total {
			t.Fatalf("step %d: it lists %d calls of %d, want %d of %d", step, len(got), w.Total(q), len(want), total)
		}
	}
	for id := range ids {
		n, ok := numberOf(id)
		if !ok || callID(n) != id {
			t.Fatalf("id %s has number %d", id, n)
		}
	}
	for _, digits := range []string{"0", "1", "4611686018427387904", "99999999999999999999"} {
		id, _ := callvault.ParseID(digits)
		if call, ok := w.Call(id); ok || w.Has(id) {
			t.Errorf("a stranger %s is %s", digits, call.Document)
		}
	}
}

// Each kind of change comes at about its rate.
func TestWorldRates(t *testing.T) {
	s := Usual(1, opens, 1000)
	s.History, s.Retention = 120*day, 100*day
	s.OldEdited, s.OldMoved, s.Unlisted = 0.005, 0.002, 0.0005
	w := NewWorld(s)
	seen := make(map[string]float64)
	expired := make(map[time.Duration]bool)
	w.Watch = func(c Change) {
		seen[string(c.Kind)]++
		switch {
		case c.Kind == Expired:
			expired[c.At.Sub(c.At.Truncate(day))] = true
		case c.Kind == Listed && c.Age > 40*time.Hour:
			seen["very late"]++
		case c.Kind == Listed && c.Age > 160*time.Minute:
			seen["late"]++
		case c.Kind == Listed && c.Age < 5*time.Minute, c.At.Before(opens):
			t.Fatalf("too early: %+v", c)
		}
	}
	const days = 84
	w.Advance(opens.Add(days * day))
	calls := 1000.0 * days * 5 / 7
	for kind, want := range map[string]float64{
		"listed": calls, "late": calls * 0.05 * 0.95, "very late": calls * 0.002, "edited": calls * 0.015, "moved": calls * 0.004,
		"purged": calls * 0.001, "expired": calls,
	} {
		if got := seen[kind]; got < want*0.75 || got > want*1.25 {
			t.Errorf("%s: %v times, want about %v", kind, got, want)
		}
	}
	if len(expired) != 1 || !expired[2*time.Hour] {
		t.Errorf("retention purges at %v", expired)
	}
	unlisted, tied := 0, 0
	for n := range w.calls {
		if w.calls[n].state == counting && w.calls[n].at < w.now-callvault.Time(35*day/time.Microsecond) {
			unlisted++
		}
		if w.calls[n].at%callvault.Time(30*time.Minute/time.Microsecond) == 0 {
			tied++
		}
	}
	if share := float64(tied) / float64(len(w.calls)); unlisted < 8 || unlisted > 50 || share < 0.3 || share > 0.4 {
		t.Errorf("%d calls are counted for ever, %.2f happen at full and half hours", unlisted, share)
	}
}

// A script that rests comes to rest: nothing happens any more but that a test makes it.
func TestWorldRests(t *testing.T) {
	s := rich(2)
	s.Rests = opens.Add(9 * day)
	w := NewWorld(s)
	w.Advance(s.Rests)
	changes := 0
	w.Watch = func(Change) { changes++ }
	rest, total := w.bytes(), w.Total(callvault.Query{Range: callvault.AllTime})
	if _, ok := w.Next(); ok {
		t.Error("something is still to happen")
	}
	w.Advance(s.Rests.Add(100 * day))
	if changes > 0 || !bytes.Equal(w.bytes(), rest) || w.Total(callvault.Query{Range: callvault.AllTime}) != total {
		t.Errorf("%d changes after the rest", changes)
	}
	at := s.Rests.Add(time.Hour)
	late := w.AddCounted(at)
	if _, ok := w.Call(late); ok || w.Total(callvault.Query{Range: callvault.AllTime}) != total+1 {
		t.Error("a call is not only counted")
	}
	w.List(late)
	w.Edit(late)
	w.Move(late, at.Add(-30*day))
	w.Move(late, at.Add(-20*day))
	if call, ok := w.Call(late); !ok || call.Time != callvault.FloorTime(at.Add(-20*day)) || changes != 4 {
		t.Errorf("it is %s after %d changes", call.Document, changes)
	}
	w.Purge(late)
	if _, ok := w.Call(late); ok || changes != 5 || !bytes.Equal(w.bytes(), rest) {
		t.Error("it is still there")
	}
}

// Retention that is switched on purges at once what is older, and nothing before.
func TestWorldRetentionFrom(t *testing.T) {
	s := Usual(1, opens, 40)
	s.History, s.Retention, s.RetentionFrom = 200*day, 100*day, opens.Add(5*day)
	w := NewWorld(s)
	oldest := func() time.Duration {
		for c := range w.Calls() {
			return w.Now().Sub(c.Time.UTC())
		}
		return 0
	}
	w.Advance(opens.Add(4 * day))
	if age := oldest(); age < 200*day {
		t.Errorf("the oldest call is %v old", age)
	}
	for d := 6; d < 12; d++ {
		w.Advance(opens.Add(time.Duration(d) * day))
		if age := oldest(); age < 96*day || age > 101*day {
			t.Errorf("the oldest call is %v old on day %d", age, d)
		}
	}
}

func inOrder(p, q place) int {
	return cmp.Or(cmp.Compare(p.at, q.at), cmp.Compare(idOf(p.call), idOf(q.call)))
}

// The places of an index are those of a sorted list, whatever is added and removed.
func TestIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var x index
	var want []place
	for range 30_000 {
		if len(want) > 0 && r.IntN(5) < 2 {
			i := r.IntN(len(want))
			x.remove(want[i])
			want = slices.Delete(want, i, i+1)
			continue
		}
		p := place{callvault.Time(r.IntN(500)), r.Uint32N(1 << 30), uint8(r.IntN(MaxWorkspaces))}
		if i, found := slices.BinarySearchFunc(want, p, inOrder); !found {
			x.add(p)
			want = slices.Insert(want, i, p)
		}
	}
	var got []place
	x.from(callvault.MinTime, 0, func(p place) bool { got = append(got, p); return true })
	if !slices.Equal(got, want) {
		t.Fatalf("it has %d places, want %d", len(got), len(want))
	}
	for range 300 {
		from, to := callvault.Time(r.IntN(520)-10), callvault.Time(r.IntN(520)-10)
		workspace := r.IntN(MaxWorkspaces+1) - 1
		n := 0
		for _, p := range want {
			if p.at >= from && p.at < to && (workspace == everyWorkspace || int(p.workspace) == workspace) {
				n++
			}
		}
		if got := x.count(from, to, workspace); got != n {
			t.Fatalf("from %d to %d there are %d, want %d", from, to, got, n)
		}
	}
}

// What `serve --demo --script late` promises: 10,000 calls, then one every five seconds.
func TestLate(t *testing.T) {
	w := NewWorld(Late(1, opens))
	if n := w.Total(callvault.Query{Range: callvault.AllTime}) - w.counted.count(callvault.MinTime, callvault.MaxTime, everyWorkspace); n < 9_000 || n > 11_000 {
		t.Errorf("it opens with %d calls", n)
	}
	seen := make(map[string]int)
	w.Watch = func(c Change) {
		seen[string(c.Kind)]++
		if c.Kind == Listed && c.Age > 3*time.Hour {
			seen["late"]++
		}
		if c.Kind == Listed && c.Age > 2*day {
			seen["very late"]++
		}
	}
	w.Advance(opens.Add(time.Hour))
	for kind, want := range map[string]int{"listed": 720, "late": 216, "very late": 36, "edited": 72, "moved": 14, "purged": 14} {
		if got := seen[kind]; got < want/2 || got > want*2 {
			t.Errorf("%s: %d in an hour, want about %d", kind, got, want)
		}
	}
}

func BenchmarkWorld(b *testing.B) {
	for b.Loop() {
		NewWorld(Usual(1, opens, 300)).Advance(opens.Add(60 * day))
	}
}

func BenchmarkWorldPage(b *testing.B) {
	w := NewWorld(Usual(1, opens, 300))
	at := callvault.FloorTime(opens.Add(-500 * day))
	for b.Loop() {
		q := callvault.Query{Range: callvault.Range{From: at, To: callvault.MaxTime}}
		w.Total(q)
		_ = w.Scan(q, q.Start(), 100, func(callvault.Call) error { return nil })
	}
}
