package demo

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/callvault/callvault"
)

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
		w.arrive(s.fate(midnight.Add(at), r))
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

// fate is what is drawn for one call.
type fate struct {
	held
	counted, seen time.Time
	edited, moved time.Time // zero: never
	unlisted      bool
	thinned       bool
}

// fate draws that of a call. It takes the same draws for every call, so that a change of a
// share leaves all other draws as they were.
func (s *Script) fate(at time.Time, r *rand.Rand) (f fate) {
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(r.Int64N(int64(most-least)))
	}
	lasted := min(time.Duration(r.ExpFloat64()*float64(30*time.Minute)), 2*time.Hour)
	delay := time.Minute + lasted + between(4*time.Minute, 30*time.Minute)
	late, veryLate := between(0, 36*time.Hour), between(2*day, 30*day)
	switch lot := r.Float64(); {
	case lot < s.VeryLate:
		delay += veryLate
	case lot < s.VeryLate+s.Late:
		delay += late
	}
	f.held = held{at: callvault.FloorTime(at), seconds: uint16(lasted / time.Second), workspace: s.workspace(r)}
	f.seen = at.Add(delay)
	f.counted = f.seen.Add(-min(delay, between(0, time.Hour)))
	f.thinned, f.unlisted = r.Float64() < s.Thinned, r.Float64() < s.Unlisted
	soon, later, week, isSoon := between(0, 2*day), between(0, 30*day), between(0, 7*day), r.IntN(2) == 0
	if isSoon {
		later = soon
	}
	if r.Float64() < s.Edited {
		f.edited = f.seen.Add(later)
	}
	if r.Float64() < s.Moved {
		f.moved = f.seen.Add(week)
	}
	return f
}

// arrive lets a call meet its fate.
func (w *World) arrive(f fate) {
	s := &w.script
	wasCounted, wasSeen := !f.counted.After(s.Opens), !f.seen.After(s.Opens)
	if wasSeen && f.thinned || !s.Rests.IsZero() && f.seen.After(s.Rests) {
		return
	}
	n := w.new(f.held)
	switch {
	case wasCounted && (f.unlisted || !wasSeen):
		w.count(n)
	case wasSeen:
		w.calls[n].state = listing
		w.listed.add(w.place(n))
	}
	w.schedule(event{at: callvault.FloorTime(f.counted), what: toBeCounted, call: n})
	if f.unlisted {
		return
	}
	w.schedule(event{at: callvault.FloorTime(f.seen), what: toBeListed, call: n})
	if !f.edited.IsZero() {
		w.schedule(event{at: callvault.FloorTime(f.edited), what: toBeEdited, call: n})
	}
	if !f.moved.IsZero() {
		w.schedule(event{at: callvault.FloorTime(f.moved), what: toBeMoved, call: n})
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
