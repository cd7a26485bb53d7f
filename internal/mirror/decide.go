package mirror

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/callvault/callvault"
)

// Decision is what an operator is asked before a mirror deletes or keeps calls.
type Decision struct {
	Own    Own     // what becomes of calls from before the mirror; empty if Held is released
	Held   *Held   // nil if it is about Own
	Calls  int     // that it is about
	Months []Month // of these calls, as far as they are known
}

// Month is how many calls of a month a decision is about.
type Month struct {
	Name  string // such as 2026-03, UTC
	Calls int
}

// The errors of Decide.
var (
	ErrNoOwn       = errors.New("the company has no calls from before its mirror")
	ErrNothingHeld = errors.New("the mirror holds nothing back")
)

// Decide prepares a decision about the calls from before the mirror, or without Own about what is
// held. It returns ErrNoOwn or ErrNothingHeld if there is nothing to decide.
func Decide(ctx context.Context, s *Status, own Own) (d Decision, err error) {
	switch {
	case own != "" && s.Own == 0:
		return d, ErrNoOwn
	case own != "":
		d = Decision{Own: own, Calls: s.Own}
		d.Months, err = ownMonths(ctx, s.Reads)
	case s.Held == nil:
		return d, ErrNothingHeld
	default:
		d = Decision{Held: s.Held, Calls: s.Held.Calls}
		d.Months, err = heldMonths(ctx, s.Reads, s.Held.hold)
	}
	return d, err
}

// Order tells the mirror what was decided. The mirror obeys when it next looks, unless it holds
// more by then than the operator saw.
func (d Decision) Order(ctx context.Context, state callvault.MirrorState) error {
	switch {
	case d.Own != "":
		return order(ctx, state, ownKey, d.Own)
	case d.Held == nil:
		return ErrNothingHeld
	}
	return order(ctx, state, acceptKey, d.Held.hold)
}

// heldMonths are the months of calls that are held back. An upstream counts calls and does not name
// those that are gone, so that of a shortage only the calls found absent before it are known.
func heldMonths(ctx context.Context, r Reads, held hold) ([]Month, error) {
	switch held.Reason {
	case heldRetention:
		return monthsBefore(ctx, r.Calls, callvault.FloorTime(held.Until))
	case heldEmpty:
		return monthsBefore(ctx, r.Calls, callvault.MaxTime)
	}
	var m memory
	if err := m.readStatus(ctx, r.Mirror); err != nil {
		return nil, err
	}
	counts := make(map[string]int)
	for _, absent := range m.absent {
		counts[monthOf(absent.at.UTC())]++
	}
	return months(counts), nil
}

// ownMonths are the months of the calls that were here before the mirror.
func ownMonths(ctx context.Context, r Reads) ([]Month, error) {
	counts := make(map[string]int)
	err := r.Mirror.Apart(ctx, callvault.Own, func(a callvault.Apart) error {
		counts[monthOf(a.At.UTC())]++
		return nil
	})
	return months(counts), err
}

// monthsBefore counts the calls before a time, from the month of the first one on.
func monthsBefore(ctx context.Context, calls callvault.Reads, to callvault.Time) ([]Month, error) {
	all := callvault.Query{Range: callvault.Range{From: callvault.MinTime, To: to}}
	var found []Month
	for {
		first := callvault.MaxTime
		err := calls.Scan(ctx, all, all.Start(), 1, func(record callvault.Record) error {
			first = record.Time
			return nil
		})
		if err != nil || first == callvault.MaxTime {
			return found, err
		}
		at := first.UTC()
		next := callvault.FloorTime(time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, time.UTC))
		month := callvault.Query{Range: callvault.Range{From: first, To: min(next, to)}}
		n, err := calls.Count(ctx, month)
		if err != nil {
			return found, err
		}
		found = append(found, Month{monthOf(at), n})
		all.From = next
		if next >= to {
			return found, nil
		}
	}
}

func monthOf(at time.Time) string { return at.Format("2006-01") }

// months are counts in the order of their months.
func months(counts map[string]int) []Month {
	var all []Month
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, Month{name, counts[name]})
	}
	return all
}
