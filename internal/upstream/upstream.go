// Package upstream reads calls from where they are: a company's calls in a store, or the
// list of a server of the API. Both give the same calls in the same order, to the byte.
package upstream

import (
	"context"
	"errors"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/where"
)

// Source is where calls are read from.
type Source interface {
	// Find limits Walk and Counts to the calls that the terms find. A name that nothing has is
	// a *where.Error. Where only calls can show a name, Walk and Counts return that error if
	// they find no call.
	Find(ctx context.Context, terms *where.Where) error

	// Workspace is the workspace with a name that begins so, or with an id. The error is a
	// *where.Error, or says which there are.
	Workspace(ctx context.Context, name string) (callvault.ID, error)

	// Walk visits the calls of q in order. An error of visit ends the walk and is returned,
	// unless it is ErrEnough.
	Walk(ctx context.Context, q callvault.Query, visit func(callvault.Record) error) (Walked, error)

	// Longest is a Walk from the longest call, for as many as limit unless it is 0.
	Longest(limit int) Walk

	// View answers a query without calls. Find adds what it finds to the filter.
	View(ctx context.Context, q callvault.ViewQuery) (callvault.View, Walked, error)

	// Call is a call's document, with what people call its host and workspace where a store knows
	// it. A call that is not there is ErrNotFound.
	Call(ctx context.Context, id callvault.ID) ([]byte, callvault.EntryNames, error)

	// Entries is a Walk of all users or workspaces, of a store by id. Records have their ids and
	// documents.
	Entries(kind callvault.Kind) Walk

	// Names are what people call the hosts and workspaces of calls. A server is asked for each
	// page of users, and may not show them.
	Names(ctx context.Context) (callvault.EntryNames, error)

	// FirstTime is the time of the first call of q, or now if there is none.
	FirstTime(ctx context.Context, q callvault.Query, now time.Time) (time.Time, error)

	// LastTime is the time of the last call of q, or now if there is none or a server would have
	// to list all calls to know.
	LastTime(ctx context.Context, q callvault.Query, now time.Time) (time.Time, error)

	// Counts is how many calls of q are in each of the ranges that its range is divided into.
	Counts(ctx context.Context, q callvault.Query, ranges []callvault.Range) ([]int, Walked, error)
}

// Walk is Source.Walk, or another way through what a source has.
type Walk func(ctx context.Context, q callvault.Query, visit func(callvault.Record) error) (Walked, error)

// ErrEnough ends a walk without an error when visit returns it.
var ErrEnough = errors.New("enough calls were visited")

// notEnough is an error of a walk.
func notEnough(err error) error {
	if errors.Is(err, ErrEnough) {
		return nil
	}
	return err
}

// Store is a company's calls in a store.
type Store struct {
	Whole     callvault.Whole
	Calls     callvault.Calls
	Directory callvault.Entries
	Company   string
	Progress  *screen.Progress

	Last        int  // Walk visits the last so many calls; 0 is all
	SkipDamaged bool // Walk reports damaged calls as skipped, and goes on

	filter *callvault.Filter // of what is found; nil where all calls are
}

// addEvery is how many calls are read between two reports of them: a store gives a
// million in two seconds.
const addEvery = 1000

// Walk visits the calls as they are at one moment. An error of the store ends it, a
// *callvault.DamageError unless it skips damaged calls.
func (s *Store) Walk(ctx context.Context, q callvault.Query, visit func(callvault.Record) error) (w Walked, err error) {
	if s.filter != nil && !s.SkipDamaged {
		few, err := s.findFew(ctx, q)
		w.Total = few.Figures.Calls
		if err != nil {
			return w, err
		}
		if len(few.Calls) == s.Last || !few.More {
			return w.visitBack(few.Calls, visit)
		}
	} else if w.Total, err = s.Calls.Count(ctx, q); err != nil && !s.SkipDamaged { // the counts may be damaged too
		return w, err
	}
	after, err := s.start(ctx, q)
	if err != nil {
		return w, err
	}
	s.Progress.Begin("reading", "call", w.Total)
	each := func(record callvault.Record) error {
		if !s.finds(&record.Call) {
			return nil
		}
		w.Last = record.Time
		if w.Met++; w.Met%addEvery == 0 {
			s.Progress.Add(addEvery)
		}
		return visit(record)
	}
	if !s.SkipDamaged {
		err = s.Calls.Scan(ctx, q, after, -1, each)
		return w, notEnough(err)
	}
	err = s.Whole.Salvage(ctx, s.Company, q, each, func(damage *callvault.DamageError) {
		w.Skipped++
		s.Progress.Note("skipped: %s", Text(damage))
	})
	return w, notEnough(err)
}

// start is the position before the calls that Walk visits.
func (s *Store) start(ctx context.Context, q callvault.Query) (start callvault.Position, err error) {
	if start = q.Start(); s.Last == 0 {
		return start, nil
	}
	back, limit := 0, s.Last+1
	if s.filter != nil {
		limit = -1
	}
	err = s.Calls.ScanBack(ctx, q, q.End(), limit, func(record callvault.Record) error {
		if !s.finds(&record.Call) {
			return nil
		}
		if back++; back > s.Last {
			start = record.Position()
			return ErrEnough
		}
		return nil
	})
	return start, notEnough(err)
}

// FirstTime reads the first call.
func (s *Store) FirstTime(ctx context.Context, q callvault.Query, now time.Time) (first time.Time, err error) {
	first = now
	err = s.Calls.Scan(ctx, q, q.Start(), 1, func(record callvault.Record) error {
		first = record.Time.UTC()
		return nil
	})
	return first, err
}

// LastTime reads the last call.
func (s *Store) LastTime(ctx context.Context, q callvault.Query, now time.Time) (last time.Time, err error) {
	last = now
	err = s.Calls.ScanBack(ctx, q, q.End(), 1, func(record callvault.Record) error {
		last = record.Time.UTC()
		return nil
	})
	return last, err
}

// Counts asks for each range: a store knows its counts without reading the calls.
func (s *Store) Counts(ctx context.Context, q callvault.Query, ranges []callvault.Range) (counts []int, w Walked, err error) {
	s.Progress.Begin("counting", "bar", len(ranges))
	counts = make([]int, len(ranges))
	if s.filter != nil {
		return s.countFound(ctx, q, ranges)
	}
	for i := range ranges {
		q.Range = ranges[i]
		if counts[i], err = s.Calls.Count(ctx, q); err != nil {
			return nil, w, err
		}
		w.Total += counts[i]
		s.Progress.Add(1)
	}
	w.Met = w.Total
	return counts, w, nil
}
