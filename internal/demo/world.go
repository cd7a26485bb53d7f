package demo

import (
	"container/heap"
	"math/rand/v2"
	"time"

	"github.com/callvault/callvault"
)

// World is an account whose calls change as a Script says, on a clock that Advance moves. It
// is what a key that may read everything sees, but for outages. It is not safe for concurrent
// use.
type World struct {
	// Watch, unless it is nil, is called with each change that the key can see, when it happens.
	Watch func(Change)

	script    Script
	now       callvault.Time
	calls     []held // by number
	oldest    uint32 // no call with a lower number is there
	listed    index  // what the key can see
	counted   index  // what totals count besides
	hidden    float64
	due       events
	scheduled int // events, ever
	chance    *rand.Rand
	writer    writer
}

// Change is a change of one call.
type Change struct {
	Kind Kind
	ID   callvault.ID
	At   time.Time     // when it happened
	Age  time.Duration // how long before that the call happened
}

// Kind is a kind of change.
type Kind string

// The kinds of changes.
const (
	Listed  Kind = "listed"
	Edited  Kind = "edited"
	Moved   Kind = "moved"
	Purged  Kind = "purged"
	Expired Kind = "expired" // purged by retention
)

// held is what a world keeps of a call. Its document is made of it when it is read.
type held struct {
	at        callvault.Time
	edits     uint16
	seconds   uint16 // how long it was
	workspace uint8
	state     state
}

// state says how far a call has come.
type state uint8

const (
	announced state = iota // it will be counted, and listed
	counting
	listing
	gone
)

// NewWorld opens the world of a script.
func NewWorld(s Script) *World {
	w := &World{script: s, chance: rand.New(rand.NewPCG(s.Seed, 3)), writer: newWriter(s)}
	w.now = callvault.FloorTime(s.Opens)
	if !s.Rests.IsZero() {
		w.schedule(event{at: callvault.FloorTime(s.Rests), what: theRest})
	}
	for _, o := range s.Outages {
		w.schedule(event{at: callvault.FloorTime(o.From), what: outage, share: o.Share})
		w.schedule(event{at: callvault.FloorTime(o.From.Add(o.For)), what: outage})
	}
	today := s.Opens.UTC().Truncate(day)
	for d := s.Opens.Add(-s.History).UTC().Truncate(day); s.History > 0 && d.Before(today); d = d.Add(day) {
		w.plan(d)
	}
	w.plan(today)
	w.schedule(event{at: callvault.FloorTime(today.Add(day)), what: newDay})
	if s.Retention > 0 {
		first := today.Add(2 * time.Hour)
		if !first.After(s.Opens) {
			first = first.Add(day)
		}
		w.schedule(event{at: callvault.FloorTime(first), what: retention})
	}
	w.apply(w.now)
	return w
}

// Advance plays the script up to a time. The clock never goes back.
func (w *World) Advance(to time.Time) { w.apply(callvault.FloorTime(to)) }

func (w *World) apply(to callvault.Time) {
	for len(w.due) > 0 && w.due[0].at <= to {
		e := heap.Pop(&w.due).(event)
		w.now = max(w.now, e.at)
		w.happen(e)
	}
	w.now = max(w.now, to)
}

// Now is the time to which the script was played.
func (w *World) Now() time.Time { return w.now.UTC() }

// Next is when the next thing happens; false if nothing will.
func (w *World) Next() (time.Time, bool) {
	if len(w.due) == 0 {
		return time.Time{}, false
	}
	return w.due[0].at.UTC(), true
}

// Add lists a call that happened at a time.
func (w *World) Add(at time.Time) callvault.ID {
	id := w.AddCounted(at)
	w.List(id)
	return id
}

// AddCounted adds a call that totals count and that is not listed until List lists it.
func (w *World) AddCounted(at time.Time) callvault.ID {
	n := w.new(held{at: callvault.FloorTime(at), seconds: 600})
	w.count(n)
	return callID(n)
}

// List lists a call that was only counted.
func (w *World) List(id callvault.ID) { w.by(id, w.list) }

// Edit changes the title, the host, the privacy or the workspace of a call.
func (w *World) Edit(id callvault.ID) { w.by(id, w.edit) }

// Move moves a call to another time.
func (w *World) Move(id callvault.ID, to time.Time) {
	w.by(id, func(n uint32) { w.move(n, callvault.FloorTime(to)) })
}

// Purge removes a call for good.
func (w *World) Purge(id callvault.ID) {
	w.by(id, func(n uint32) { w.purge(n, Purged) })
}

func (w *World) by(id callvault.ID, do func(uint32)) {
	if n, ok := w.number(id); ok {
		do(n)
	}
}

// number is the number of a call that was ever listed or counted.
func (w *World) number(id callvault.ID) (uint32, bool) {
	n, ok := numberOf(id)
	return n, ok && int(n) < len(w.calls)
}

// new keeps a call and returns its number.
func (w *World) new(h held) uint32 {
	w.calls = append(w.calls, h)
	return uint32(len(w.calls) - 1)
}

// place is where a call stands.
func (w *World) place(n uint32) place {
	return place{w.calls[n].at, n, w.calls[n].workspace}
}

// isHidden tells whether the key can't see a call.
func (w *World) isHidden(n uint32) bool { return lot(w.script.Seed, n) < w.hidden }

// tell tells of a change of a call that happened at a time.
func (w *World) tell(kind Kind, n uint32, at callvault.Time) {
	if w.Watch != nil && !w.isHidden(n) {
		now := w.now.UTC()
		w.Watch(Change{kind, callID(n), now, now.Sub(at.UTC())})
	}
}

func (w *World) count(n uint32) {
	w.calls[n].state = counting
	if !w.isHidden(n) {
		w.counted.add(w.place(n))
	}
}

func (w *World) list(n uint32) {
	c := &w.calls[n]
	switch {
	case c.state > counting:
		return
	case c.state == counting && !w.isHidden(n):
		w.counted.remove(w.place(n))
	}
	c.state = listing
	if !w.isHidden(n) {
		w.listed.add(w.place(n))
	}
	w.tell(Listed, n, c.at)
}

// change changes a call that is listed, wherever it stands.
func (w *World) change(n uint32, kind Kind, do func(c *held)) {
	c := &w.calls[n]
	if c.state != listing {
		return
	}
	if !w.isHidden(n) {
		w.listed.remove(w.place(n))
	}
	before := c.at
	do(c)
	if c.state == listing && !w.isHidden(n) {
		w.listed.add(w.place(n))
	}
	w.tell(kind, n, before)
}

func (w *World) edit(n uint32) {
	w.change(n, Edited, func(c *held) {
		c.edits++
		if editOf(c.edits) == editWorkspace && w.script.Workspaces > 1 {
			c.workspace = (c.workspace + 1) % uint8(w.script.Workspaces)
		}
	})
}

func (w *World) move(n uint32, to callvault.Time) {
	w.change(n, Moved, func(c *held) { c.at = to })
}

func (w *World) purge(n uint32, kind Kind) {
	if w.calls[n].state == counting {
		if !w.isHidden(n) {
			w.counted.remove(w.place(n))
		}
		w.calls[n].state = gone
	}
	w.change(n, kind, func(c *held) { c.state = gone })
}

// Hide hides a share of the calls from the key from now on, always the same ones; 0 shows
// all again.
func (w *World) Hide(share float64) {
	before := w.hidden
	w.hidden = share
	if share > before {
		w.listed = w.listed.without(w.isHidden)
		w.counted = w.counted.without(w.isHidden)
		return
	}
	for n := range w.calls {
		n := uint32(n)
		if lot := lot(w.script.Seed, n); lot >= before || lot < share {
			continue
		}
		switch w.calls[n].state {
		case listing:
			w.listed.add(w.place(n))
		case counting:
			w.counted.add(w.place(n))
		}
	}
}
