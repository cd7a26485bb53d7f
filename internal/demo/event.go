package demo

import (
	"container/heap"
	"math/rand/v2"
	"slices"
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

// plan makes the calls of a day and what will happen to them.
func (w *World) plan(midnight time.Time) {
	s := &w.script
	r := rand.New(rand.NewPCG(s.Seed, uint64(1<<32+callvault.DayOf(midnight))))
	var times []time.Duration
	if weekday := midnight.Weekday(); s.PerDay > 0 && (s.AllHours || weekday != time.Saturday && weekday != time.Sunday) {
		n := s.PerDay
		if !s.AllHours { // no day is like another
			n = n*17/20 + r.IntN(n*3/10+1)
		}
		for range n {
			times = append(times, s.time(r))
		}
	}
	if midnight.Weekday() == time.Wednesday {
		for i := range s.Tied {
			times = append(times, 10*time.Hour+time.Duration(i%2*(1+i%999))*time.Millisecond)
		}
	}
	slices.Sort(times)
	for _, at := range times {
		w.arrive(midnight.Add(at), r)
	}
}

// time is a time of the day: often the full or the half hour.
func (s *Script) time(r *rand.Rand) time.Duration {
	var at time.Duration
	if s.AllHours {
		at = time.Duration(r.Int64N(int64(day)))
	} else {
		at = 8*time.Hour + time.Duration(r.Int64N(int64(9*time.Hour)))
	}
	switch r.IntN(3) {
	case 0:
		return at.Truncate(30 * time.Minute)
	case 1:
		return at.Truncate(time.Second)
	}
	return at.Truncate(time.Millisecond)
}

// arrive plans one call.
func (w *World) arrive(at time.Time, r *rand.Rand) {
	s := &w.script
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(r.Int64N(int64(most-least)))
	}
	lasted := min(time.Duration(r.ExpFloat64()*float64(30*time.Minute)), 2*time.Hour)
	delay := time.Minute + lasted + between(4*time.Minute, 30*time.Minute)
	switch late := r.Float64(); {
	case late < s.VeryLate:
		delay += between(2*day, 30*day)
	case late < s.VeryLate+s.Late:
		delay += between(0, 36*time.Hour)
	}
	seen := at.Add(delay)
	counted := seen.Add(-min(delay, between(0, time.Hour)))
	thinned, unlisted, edited, moved := r.Float64() < s.Thinned, r.Float64() < s.Unlisted, r.Float64() < s.Edited, r.Float64() < s.Moved
	h := held{at: callvault.FloorTime(at), seconds: uint16(lasted / time.Second), workspace: s.workspace(r)}
	soon, later, week := between(0, 2*day), between(0, 30*day), between(0, 7*day)
	if r.IntN(2) == 0 {
		later = soon
	}
	wasSeen := !seen.After(s.Opens)
	if wasSeen && thinned || !s.Rests.IsZero() && seen.After(s.Rests) {
		return
	}
	n := w.new(h)
	switch {
	case unlisted && !counted.After(s.Opens), !wasSeen && !counted.After(s.Opens):
		w.count(n)
	case wasSeen:
		w.calls[n].state = listing
		w.listed.add(w.place(n))
	}
	w.schedule(event{at: callvault.FloorTime(counted), what: toBeCounted, call: n})
	if unlisted {
		return
	}
	w.schedule(event{at: callvault.FloorTime(seen), what: toBeListed, call: n})
	if edited {
		w.schedule(event{at: callvault.FloorTime(seen.Add(later)), what: toBeEdited, call: n})
	}
	if moved {
		w.schedule(event{at: callvault.FloorTime(seen.Add(week)), what: toBeMoved, call: n})
	}
}

// workspace draws one: half of the calls are in the first, half of the others in the second,
// and so on.
func (s *Script) workspace(r *rand.Rand) uint8 {
	n := 0
	for n < s.Workspaces-1 && r.IntN(2) == 0 {
		n++
	}
	return uint8(n)
}
