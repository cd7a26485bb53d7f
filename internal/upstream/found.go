package upstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/where"
)

// Find looks the names up in the store.
func (s *Store) Find(ctx context.Context, terms *where.Where) error {
	filter, err := terms.Resolve(ctx, s.Calls, s.Directory)
	s.filter = &filter
	return err
}

func (s *Store) finds(c *callvault.Call) bool { return s.filter == nil || s.filter.Has(c) }

// fewCalls is how many found calls a view reads without the documents of the others.
const fewCalls = 1000

// findFew reads the last calls that the filter finds, and counts all that it finds.
func (s *Store) findFew(ctx context.Context, q callvault.Query) (callvault.View, error) {
	limit := fewCalls
	if s.Last > 0 {
		limit = min(limit, s.Last)
	}
	return s.Calls.View(ctx, callvault.ViewQuery{Query: q, Filter: *s.filter, Limit: limit})
}

// visitBack visits calls from the last to the first.
func (w Walked) visitBack(calls []callvault.Record, visit func(callvault.Record) error) (Walked, error) {
	for _, record := range slices.Backward(calls) {
		w.Met, w.Last = w.Met+1, record.Time
		if err := visit(record); err != nil {
			return w, notEnough(err)
		}
	}
	return w, nil
}

// countFound counts what is found in each range: they are the units of a view.
func (s *Store) countFound(ctx context.Context, q callvault.Query, ranges []callvault.Range) (counts []int, w Walked, err error) {
	view := callvault.ViewQuery{Query: q, Filter: *s.filter}
	for _, r := range ranges {
		view.Units = append(view.Units, r.From)
	}
	v, err := s.Calls.View(ctx, view)
	if err != nil {
		return nil, w, err
	}
	counts = make([]int, len(ranges))
	for i, bars := range v.Units {
		for _, bar := range bars {
			counts[i] += bar.Calls
		}
		w.Total += counts[i]
	}
	w.Met = w.Total
	return counts, w, nil
}

// Find reads users and workspaces where a term names one. Systems and ids become known as the
// calls come.
func (s *Server) Find(ctx context.Context, terms *where.Where) (err error) {
	s.sieve, err = s.sieveOf(ctx, terms)
	return err
}

// sieveOf is a sieve of terms, none of which is hopeless.
func (s *Server) sieveOf(ctx context.Context, terms *where.Where) (*where.Sieve, error) {
	names := make(callvault.EntryNames)
	hidden := make(map[callvault.Kind]string)
	for _, kind := range callvault.Kinds() {
		if !terms.Names(kind) {
			continue
		}
		if err := s.readNames(ctx, kind, names); isHidden(err) {
			hidden[kind] = fmt.Sprintf("the server does not show its %s (%s); type an id", kind, Text(err))
		} else if err != nil {
			return nil, err
		}
	}
	sieve := terms.Sieve(names)
	missing := sieve.Hopeless(slices.Collect(maps.Keys(hidden))...)
	if missing == nil {
		return sieve, nil
	}
	term := where.Where{Terms: terms.Terms[missing.Index:][:1]}
	for kind, problem := range hidden {
		if term.Names(kind) {
			missing.Problem = problem
		}
	}
	return nil, missing
}

// find is walk, but visits only the calls that the sieve finds.
func (s *Server) find(ctx context.Context, q callvault.Query, pages int, visit func(callvault.Record) error) (Walked, error) {
	if s.sieve == nil {
		return s.walk(ctx, q, pages, visit)
	}
	found, hasEnough := 0, false
	w, err := s.walk(ctx, q, math.MaxInt, func(record callvault.Record) error {
		if !s.sieve.Has(&record.Call) {
			return nil
		}
		found++
		err := visit(record)
		hasEnough = errors.Is(err, ErrEnough)
		return err
	})
	listed := w.Met
	w.Met, w.Total = found, 0
	if err != nil || hasEnough || listed == 0 {
		return w, err
	}
	return w, s.tellMissing(found)
}

// tellMissing tells of a name that the calls which were found, if any, do not have. If there are
// none it is the error.
func (s *Server) tellMissing(found int) error {
	missing := s.sieve.Missing()
	if missing == nil {
		return nil
	}
	if found == 0 {
		return missing
	}
	s.progress.Note("%v", missing)
	return nil
}
