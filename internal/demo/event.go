package demo

import (
	"container/heap"
	"time"

	"github.com/callvault/callvault"
)

// event is something that will happen.
type event struct {
	at    callvault.Time
	order int // in which it was scheduled
	what  what
	call  uint32
	share float64 // of the calls that an outage hides
}

// what happens.
type what uint8

const (
	toBeCounted what = iota
	toBeListed
	toBeEdited
	toBeMoved
	newDay
	retention
	outage
	theRest
)

// events are a heap, first ones first.
type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if e[i].at != e[j].at {
		return e[i].at < e[j].at
	}
	return e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}

// schedule lets something happen, unless that was before the opening.
func (w *World) schedule(e event) {
	if e.at <= callvault.FloorTime(w.script.Opens) && e.what != outage {
		return
	}
	w.scheduled++
	e.order = w.scheduled
	heap.Push(&w.due, e)
}

func (w *World) happen(e event) {
	midnight := w.now.UTC().Truncate(day)
	switch e.what {
	case toBeCounted:
		w.count(e.call)
	case toBeListed:
		w.list(e.call)
		w.happenToOthers()
	case toBeEdited:
		w.edit(e.call)
	case toBeMoved:
		w.moveNear(e.call)
	case newDay:
		w.plan(midnight)
		w.schedule(event{at: callvault.FloorTime(midnight.Add(day)), what: newDay})
	case retention:
		w.expire()
		w.schedule(event{at: e.at + callvault.Time(day/time.Microsecond), what: retention})
	case outage:
		w.Hide(e.share)
	case theRest:
		w.due = nil
	}
}

// happenToOthers is what happens to calls of any age when one comes.
func (w *World) happenToOthers() {
	if w.chance.Float64() < w.script.OldEdited {
		w.toAny(w.edit)
	}
	if w.chance.Float64() < w.script.OldMoved {
		w.toAny(w.moveNear)
	}
	if w.chance.Float64() < w.script.Purged {
		w.toAny(func(n uint32) { w.purge(n, Purged) })
	}
}

// toAny does something to a call that is listed, if it finds one.
func (w *World) toAny(do func(n uint32)) {
	for range 100 {
		n := w.oldest + w.chance.Uint32N(uint32(len(w.calls))-w.oldest)
		if w.calls[n].state == listing {
			do(n)
			return
		}
	}
}

// moveNear moves a call by up to 7 days, and not into the future.
func (w *World) moveNear(n uint32) {
	by := callvault.Time(w.chance.Int64N(int64(14*day/time.Microsecond))) - callvault.Time(7*day/time.Microsecond)
	to := w.calls[n].at + by
	if to > w.now {
		to = w.calls[n].at - by
	}
	w.move(n, to)
}

// expire purges what is older than the retention.
func (w *World) expire() {
	if w.now.UTC().Before(w.script.RetentionFrom) {
		return
	}
	limit := w.now - callvault.Time(w.script.Retention/time.Microsecond)
	for n := w.oldest; int(n) < len(w.calls) && w.calls[n].at < limit+callvault.Time(60*day/time.Microsecond); n++ {
		if w.calls[n].at < limit {
			w.purge(n, Expired)
		}
		if n == w.oldest && w.calls[n].state == gone {
			w.oldest++
		}
	}
}
