package upstreamtest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/demo"
)

// Ledger measures how long a reader of an upstream takes to notice each change, from the
// moment when its key could see it. The reader says what it has learnt by Has and Lacks.
type Ledger struct {
	server  *Server
	has     map[callvault.ID]bool
	waiting map[callvault.ID][]waiting
	noticed map[Class][]time.Duration
}

// Class is a class of changes that are measured together.
type Class string

// The classes, in the order of the table in docs/mirror.md. Edits are classed by the age of the
// call.
const (
	Normal    Class = "normal"
	Late      Class = "late, up to 36 h"
	VeryLate  Class = "very late, 2 to 30 d"
	EditDay   Class = "edit, call under 1 d"
	EditWeek  Class = "edit, 1 to 7 d"
	EditMonth Class = "edit, 7 to 30 d"
	EditOld   Class = "edit, over 30 d"
	Move      Class = "move"
	Purge     Class = "purge"
	Retention Class = "purge by retention"
)

const (
	day        = 24 * time.Hour
	normalTime = 160 * time.Minute // the longest time from a call to its listing that is not late
)

// Classes are the classes, in the order of the table.
func Classes() []Class {
	return []Class{Normal, Late, VeryLate, EditDay, EditWeek, EditMonth, EditOld, Move, Purge, Retention}
}

// classOf is the class of a change.
func classOf(c demo.Change) Class {
	switch {
	case c.Kind == demo.Moved:
		return Move
	case c.Kind == demo.Purged:
		return Purge
	case c.Kind == demo.Expired:
		return Retention
	case c.Kind == demo.Listed && c.Age < normalTime:
		return Normal
	case c.Kind == demo.Listed && c.Age < 2*day:
		return Late
	case c.Kind == demo.Listed:
		return VeryLate
	case c.Age < day:
		return EditDay
	case c.Age < 7*day:
		return EditWeek
	case c.Age < 30*day:
		return EditMonth
	}
	return EditOld
}

// waiting is a change that the reader has not noticed.
type waiting struct {
	class Class
	since time.Time
}

// NewLedger begins to measure at the world's time. The reader has nothing yet: a call that was
// there before is no change, so that a backfill is not measured.
func NewLedger(s *Server) *Ledger {
	l := &Ledger{
		server: s, has: make(map[callvault.ID]bool),
		waiting: make(map[callvault.ID][]waiting), noticed: make(map[Class][]time.Duration),
	}
	s.World.Watch = l.happened
	return l
}

// happened notes a change, while a request is answered or Server.Do runs.
func (l *Ledger) happened(c demo.Change) {
	class := classOf(c)
	if class == Purge || class == Retention {
		delete(l.waiting, c.ID) // nobody can notice any more
		if !l.has[c.ID] {
			return
		}
	}
	l.waiting[c.ID] = append(l.waiting[c.ID], waiting{class, c.At})
}

// Has says that the reader has a call with this document now. It has noticed what happened to
// the call if that is how the call is listed, and otherwise only that the call is there. A call
// that moved before it was noticed was noticed as a move alone.
func (l *Ledger) Has(id callvault.ID, document []byte, now time.Time) {
	l.server.serving.Lock()
	defer l.server.serving.Unlock()
	l.has[id] = true
	left := l.waiting[id]
	if len(left) == 0 {
		return
	}
	call, ok := l.server.World.Call(id)
	isCurrent := ok && bytes.Equal(call.Document, document)
	moved := isCurrent && slices.ContainsFunc(left, func(w waiting) bool { return w.class == Move })
	left = slices.DeleteFunc(left, func(w waiting) bool {
		isListing := w.class == Normal || w.class == Late || w.class == VeryLate
		if w.class == Purge || w.class == Retention || !isCurrent && !isListing {
			return false
		}
		if !moved || !isListing {
			l.noticed[w.class] = append(l.noticed[w.class], now.Sub(w.since))
		}
		return true
	})
	l.keep(id, left)
}

// Lacks says that the reader has removed a call.
func (l *Ledger) Lacks(id callvault.ID, now time.Time) {
	l.server.serving.Lock()
	defer l.server.serving.Unlock()
	delete(l.has, id)
	for _, w := range l.waiting[id] {
		if w.class == Purge || w.class == Retention {
			l.noticed[w.class] = append(l.noticed[w.class], now.Sub(w.since))
		}
	}
	l.keep(id, nil)
}

func (l *Ledger) keep(id callvault.ID, left []waiting) {
	if len(left) == 0 {
		delete(l.waiting, id)
		return
	}
	l.waiting[id] = left
}

// Line is what a reader made of one class of changes.
type Line struct {
	Class            Class
	Changes          int           // in all
	Unnoticed        int           // more than a day old, and not noticed
	Median, P99, Max time.Duration // of those noticed
}

// Lines are the lines of every class that had changes.
func (l *Ledger) Lines(now time.Time) (lines []Line) {
	l.server.serving.Lock()
	defer l.server.serving.Unlock()
	unnoticed, open := make(map[Class]int), make(map[Class]int)
	for _, all := range l.waiting {
		for _, w := range all {
			open[w.class]++
			if now.Sub(w.since) > day {
				unnoticed[w.class]++
			}
		}
	}
	for _, class := range Classes() {
		times := slices.Sorted(slices.Values(l.noticed[class]))
		line := Line{Class: class, Changes: len(times) + open[class], Unnoticed: unnoticed[class]}
		if n := len(times); n > 0 {
			line.Median, line.P99, line.Max = times[n/2], times[n*99/100], times[n-1]
		}
		if line.Changes > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

// Table is the lines as a table in Markdown.
func (l *Ledger) Table(now time.Time) string {
	var b strings.Builder
	b.WriteString("| change | number | median / 99th / longest | never, so far |\n| --- | --- | --- | --- |\n")
	for _, line := range l.Lines(now) {
		times := "–"
		if line.Max > 0 {
			times = fmt.Sprintf("%s / %s / %s", short(line.Median), short(line.P99), short(line.Max))
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %d |\n", line.Class, line.Changes, times, line.Unnoticed)
	}
	return b.String()
}

// short is a length as tables have it: 5m, 9.1h, 4.5d.
func short(d time.Duration) string {
	switch {
	case d < 100*time.Minute:
		return fmt.Sprintf("%.0fm", d.Minutes())
	case d < 2*day:
		return fmt.Sprintf("%.1fh", d.Hours())
	}
	return fmt.Sprintf("%.1fd", d.Hours()/24)
}
