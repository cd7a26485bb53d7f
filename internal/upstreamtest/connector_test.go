package upstreamtest

import (
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/demo"
)

// follow runs the usual connector hourly for some days, and returns its ledger.
func follow(t *testing.T, s demo.Script, days int) (l *Ledger, now time.Time) {
	t.Helper()
	f := start(t, Config{Script: s})
	l = NewLedger(f.Server)
	for c := range f.World.Calls() { // it has read everything once
		l.Has(c.ID, c.Document, opens)
	}
	connector := &Connector{Server: f.Server, Back: 7 * day, Ledger: l}
	for range days * 24 {
		f.Advance(time.Hour)
		connector.Run(f.Now())
	}
	return l, f.Now()
}

// The usual connector finds what happens to the last seven days within the hour, and loses
// nearly all of the rest.
func TestUsualConnector(t *testing.T) {
	s := demo.Usual(1, opens, 40)
	s.History, s.Retention, s.VeryLate, s.Edited, s.OldEdited, s.Moved, s.OldMoved, s.Purged = 60*day, 50*day, 0.1, 0.5, 0.2, 0.2, 0.1, 0.1
	l, now := follow(t, s, 20)
	seen := make(map[Class]Line)
	for _, line := range l.Lines(now) {
		seen[line.Class] = line
	}
	for _, class := range Classes() {
		line := seen[class]
		switch {
		case line.Changes < 20:
			t.Errorf("%s: only %d changes", class, line.Changes)
		case class == Normal || class == Late || class == EditDay:
			if line.Unnoticed > 0 || line.Max > time.Hour || line.Median < 10*time.Minute {
				t.Errorf("%+v", line)
			}
		case class == EditMonth || class == EditOld || class == Purge || class == Retention:
			if line.Unnoticed < line.Changes*8/10 {
				t.Errorf("%+v", line)
			}
		case class == VeryLate || class == Move:
			if line.Unnoticed < line.Changes/5 || line.Unnoticed == line.Changes {
				t.Errorf("%+v", line)
			}
		}
	}
}

// What is noticed counts once, what can't be noticed not at all.
func TestLedger(t *testing.T) {
	f := start(t, Config{Script: demo.Script{Opens: opens}})
	l := NewLedger(f.Server)
	has := func(id callvault.ID) {
		if call, ok := f.World.Call(id); ok {
			l.Has(id, call.Document, f.Now())
		}
	}
	after := func(d time.Duration) { f.Advance(d); f.Do(func(*demo.World) {}) }
	one := f.World.Add(opens.Add(-time.Hour))
	two := f.World.Add(opens.Add(-time.Hour))
	after(time.Minute)
	has(one)
	f.World.Edit(one)
	f.World.Edit(two)
	stale, _ := f.World.Call(two)
	f.World.Move(two, opens.Add(-2*time.Hour))
	after(2 * time.Minute)
	has(one)
	l.Has(two, stale.Document, f.Now()) // before it moved
	three := f.World.Add(opens.Add(-time.Hour))
	f.World.Move(three, opens.Add(-3*time.Hour))
	has(three) // where it moved to
	f.World.Purge(one)
	after(3 * time.Minute)
	l.Lacks(one, f.Now())
	after(25 * time.Hour)
	f.World.Purge(f.World.Add(opens)) // nobody noticed it
	want := []Line{
		{Normal, 2, 0, 3 * time.Minute, 3 * time.Minute, 3 * time.Minute},
		{EditDay, 2, 1, 2 * time.Minute, 2 * time.Minute, 2 * time.Minute},
		{Move, 2, 1, 0, 0, 0},
		{Purge, 1, 0, 3 * time.Minute, 3 * time.Minute, 3 * time.Minute},
	}
	got := l.Lines(f.Now())
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
	}
	has(two)
	if lines := l.Lines(f.Now()); lines[1].Unnoticed != 0 || lines[2].Unnoticed != 0 || lines[2].Max < 25*time.Hour {
		t.Errorf("after another reading: %+v", lines)
	}
}
