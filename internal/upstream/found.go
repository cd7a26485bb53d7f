package upstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
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
func (s *Server) Find(ctx context.Context, terms *where.Where) error {
	names := make(callvault.EntryNames)
	refused := make(map[callvault.Kind]string)
	for _, kind := range callvault.Kinds() {
		if !terms.Names(kind) {
			continue
		}
		entries, err := s.entries(ctx, kind)
		if refusal := (*gong.Error)(nil); errors.As(err, &refusal) && refusal.Status != http.StatusUnauthorized && refusal.Status < http.StatusInternalServerError {
			refused[kind] = fmt.Sprintf("the server does not show its %s (%s); type an id", kind, Text(err))
			continue
		}
		if err != nil {
			return err
		}
		names.AddEntries(kind, entries)
	}
	s.sieve = terms.Sieve(names)
	if missing := s.sieve.Hopeless(slices.Collect(maps.Keys(refused))...); missing != nil {
		term := where.Where{Terms: terms.Terms[missing.Index:][:1]}
		for kind, problem := range refused {
			if term.Names(kind) {
				missing.Problem = problem
			}
		}
		return missing
	}
	return nil
}

// entries are all users or workspaces that the server lists.
func (s *Server) entries(ctx context.Context, kind callvault.Kind) (all []callvault.Entry, err error) {
	query := make(url.Values)
	for seen := map[string]bool{"": true}; ; {
		page, err := entries(ctx, s.client.Fetch, kind, query)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Entries...)
		if seen[page.Cursor] { // the last page has none, and no page leads back
			return all, nil
		}
		seen[page.Cursor] = true
		query.Set("cursor", page.Cursor)
	}
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
	switch missing := s.sieve.Missing(); {
	case missing == nil:
		return w, nil
	case found == 0:
		return w, missing
	default:
		s.progress.Note("%v", missing)
		return w, nil
	}
}
