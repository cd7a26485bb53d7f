package mirror

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/callvault/callvault"
)

// Month is how many calls of a month an operator decides about.
type Month struct {
	Name  string // such as 2026-03, UTC
	Calls int
}

// HeldMonths are the months of calls that are held back. Of a shortage only the calls are
// known that were found absent before the hold: an upstream counts calls and does not name
// those that are gone.
func HeldMonths(ctx context.Context, r Reads, held *Held) ([]Month, error) {
	switch held.hold.Reason {
	case heldRetention:
		return monthsBefore(ctx, r.Calls, callvault.FloorTime(held.hold.Until))
	case heldEmpty:
		return monthsBefore(ctx, r.Calls, callvault.MaxTime)
	}
	var m memory
	if err := m.read(ctx, r.Mirror); err != nil {
		return nil, err
	}
	counts := make(map[string]int)
	for _, absent := range m.absent {
		counts[monthOf(absent.at.UTC())]++
	}
	return months(counts), nil
}

// OwnMonths are the months of the calls that were here before the mirror.
func OwnMonths(ctx context.Context, r Reads) ([]Month, error) {
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
