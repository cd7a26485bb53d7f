// Package upstream reads calls from where they are: a company's calls in a store, or the
// list of a server of the API. Both give the same calls in the same order, to the byte.
package upstream

import (
	"context"
	"time"

	"github.com/callvault/callvault"
)

// Source is where calls are read from.
type Source interface {
	// Walk visits the calls of q in order. An error of visit ends the walk and is returned.
	Walk(ctx context.Context, q callvault.Query, visit func(callvault.Record) error) (Walked, error)

	// Counts is how many calls of q are in each of the parts that its range is divided into.
	Counts(ctx context.Context, q callvault.Query, parts []callvault.Range) ([]int, Walked, error)
}

// Walked counts what a walk has visited, even if it failed.
type Walked struct {
	Total   int            // calls that were counted when it began
	Met     int            // calls that were visited
	Last    callvault.Time // the time of the last of them
	Skipped int            // calls that break the contract
	Missing int            // calls that a server counted but did not list, in a whole walk
}

// Watch is told how the reading goes on. Every function must be set.
type Watch struct {
	Begin   func(doing, thing string, total int)   // so many things are read from now on
	Add     func(n int)                            // n more of them were read
	Waiting func(pause time.Duration, cause error) // the server causes a pause
	Skipped func(err error)                        // a call breaks the contract
}

// Store is a company's calls in a store.
type Store struct {
	Whole   callvault.Whole
	Calls   callvault.Calls
	Company string
	Watch   Watch

	Last        int  // Walk visits the last so many calls; 0 is all
	SkipDamaged bool // Walk reports damaged calls as skipped, and goes on
}

// addEvery is how many calls are read between two reports of them: a store gives a
// million in two seconds.
const addEvery = 1000

// Walk visits the calls as they are at one moment. An error of the store ends it, a
// *callvault.DamageError unless it skips damaged calls.
func (s *Store) Walk(ctx context.Context, q callvault.Query, visit func(callvault.Record) error) (w Walked, err error) {
	if w.Total, err = s.Calls.Count(ctx, q); err != nil && !s.SkipDamaged { // the counts may be damaged too
		return w, err
	}
	after, back := q.Start(), 0
	if s.Last > 0 {
		err := s.Calls.ScanBack(ctx, q, q.End(), s.Last+1, func(record callvault.Record) error {
			if back++; back > s.Last {
				after = record.Position()
			}
			return nil
		})
		if err != nil {
			return w, err
		}
	}
	s.Watch.Begin("reading", "call", w.Total)
	each := func(record callvault.Record) error {
		w.Last = record.Time
		if w.Met++; w.Met%addEvery == 0 {
			s.Watch.Add(addEvery)
		}
		return visit(record)
	}
	if !s.SkipDamaged {
		err = s.Calls.Scan(ctx, q, after, -1, each)
		return w, err
	}
	err = s.Whole.Salvage(ctx, s.Company, q, each, func(damage *callvault.DamageError) {
		w.Skipped++
		s.Watch.Skipped(damage)
	})
	return w, err
}

// Counts asks for each part: a store knows its counts without reading the calls.
func (s *Store) Counts(ctx context.Context, q callvault.Query, parts []callvault.Range) (counts []int, w Walked, err error) {
	s.Watch.Begin("counting", "bar", len(parts))
	counts = make([]int, len(parts))
	for i := range parts {
		q.Range = parts[i]
		if counts[i], err = s.Calls.Count(ctx, q); err != nil {
			return nil, w, err
		}
		w.Total += counts[i]
		s.Watch.Add(1)
	}
	w.Met = w.Total
	return counts, w, nil
}
