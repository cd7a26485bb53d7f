package upstream

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// View asks the store. Facets have only what is found.
func (s *Store) View(ctx context.Context, q callvault.ViewQuery) (callvault.View, Walked, error) {
	if s.filter != nil {
		q.Filter = *s.filter
	}
	v, err := s.Calls.View(ctx, q)
	for facet, bars := range v.Facets {
		v.Facets[facet] = slices.DeleteFunc(bars, func(b callvault.Bar) bool { return !q.Filter.Allows(callvault.Facet(facet), b.Value) })
	}
	return v, Walked{Total: v.Figures.Calls, Met: v.Figures.Calls}, err
}

// View keeps the facts of the calls that are found, and not the calls.
func (s *Server) View(ctx context.Context, q callvault.ViewQuery) (v callvault.View, w Walked, err error) {
	var facts callvault.CallFacts
	add := func(r callvault.Record) error {
		if s.sieve != nil && !s.sieve.Has(&r.Call) {
			return nil
		}
		return facts.Add(&r.Call)
	}
	if !q.Earlier.IsEmpty() {
		if _, err := s.walk(ctx, callvault.Query{Range: q.Earlier, Workspace: q.Workspace}, math.MaxInt, add); err != nil {
			return v, w, err
		}
	}
	if w, err = s.walk(ctx, q.Query, math.MaxInt, add); err != nil {
		return v, w, err
	}
	v = facts.View(q)
	if s.sieve == nil || w.Met == 0 {
		return v, w, nil
	}
	w.Met, w.Total = v.Figures.Calls, 0
	return v, w, s.tellMissing(w.Met)
}

// longestAtOnce is how many of the longest calls one view reads, because each view walks over all.
const longestAtOnce = 10_000

// Longest asks the store for some calls at a time.
func (s *Store) Longest(limit int) Walk {
	return func(ctx context.Context, q callvault.Query, visit func(callvault.Record) error) (w Walked, err error) {
		view := callvault.ViewQuery{Query: q, Longest: true, Limit: longestAtOnce}
		if s.filter != nil {
			view.Filter = *s.filter
		}
		for {
			if limit > 0 {
				view.Limit = min(limit-w.Met, longestAtOnce)
			}
			v, err := s.Calls.View(ctx, view)
			if err != nil {
				return w, err
			}
			if w.Met == 0 {
				w.Total = v.Figures.Calls
				s.Progress.Begin("reading", "call", w.Total)
			}
			for _, r := range v.Calls {
				w.Met, w.Last = w.Met+1, r.Time
				if err := visit(r); err != nil {
					return w, notEnough(err)
				}
			}
			s.Progress.Add(len(v.Calls))
			if !v.More || w.Met == limit {
				return w, nil
			}
			last := v.Calls[len(v.Calls)-1]
			view.Before = &callvault.Place{Position: last.Position(), Duration: durationOf(last)}
		}
	}
}

// Longest reads all calls, and keeps the longest of them.
func (s *Server) Longest(limit int) Walk {
	return func(ctx context.Context, q callvault.Query, visit func(callvault.Record) error) (w Walked, err error) {
		type timed struct {
			callvault.Record
			duration int64
		}
		var longest []timed
		cut := func() {
			slices.SortFunc(longest, func(a, b timed) int {
				return cmp.Or(cmp.Compare(b.duration, a.duration), b.Position().Compare(a.Position()))
			})
			if limit > 0 {
				longest = longest[:min(limit, len(longest))]
			}
		}
		w, err = s.find(ctx, q, math.MaxInt, func(r callvault.Record) error {
			if longest = append(longest, timed{r, durationOf(r)}); limit > 0 && len(longest) > 2*limit {
				cut()
			}
			return nil
		})
		found := w.Met
		if w.Met = 0; err != nil {
			return w, err
		}
		cut()
		w.Total = max(w.Total, found)
		for _, r := range longest {
			w.Met, w.Last = w.Met+1, r.Time
			if err := visit(r.Record); err != nil {
				return w, notEnough(err)
			}
		}
		return w, nil
	}
}

// durationOf is the duration of a call in seconds, -1 for null.
func durationOf(r callvault.Record) int64 {
	if d, err := gong.ParseCall(r.Document); err == nil && d.Duration != nil {
		return *d.Duration
	}
	return -1
}
