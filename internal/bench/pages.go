package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// series is what is asked of one store, with or without a workspace. The values
// are one to a round, and so are the ratios: a median of ratios does not mind
// that the machine is slower now than it was before.
type series struct {
	*dataset
	workspace callvault.ID // zero: without
	server    *server
	asker     *asker

	first, later []request

	static, firsts, laters      []float64 // pages a second
	laterToStatic, firstToLater []float64

	ranges []*span
}

// span is first pages of ranges that match so many calls.
type span struct {
	matches  int
	requests []request
	pages    []float64 // a second
	slower   []float64 // time of a page, to that of the first span
	counts   []float64 // microseconds that the total alone takes
}

// matches are the sizes of the ranges that are compared.
func matches() []int { return []int{100, 10_000, 1_000_000} }

// share is how much of the calls the workspace has.
func (s *series) share() string {
	if s.workspace.IsZero() {
		return "no"
	}
	return fmt.Sprintf("yes, of %.0f %% of the calls", 100*float64(len(s.within))/float64(s.count))
}

// measurePages starts all servers and asks them in turns.
func (b *bench) measurePages(ctx context.Context, stores []*dataset) ([]*series, error) {
	var all []*series
	for _, d := range stores {
		server, err := b.serve(ctx, d.db)
		if err != nil {
			return nil, err
		}
		defer server.stop()
		for _, workspace := range []callvault.ID{{}, d.sample.workspace} {
			s, err := newSeries(ctx, d, server, workspace)
			if err != nil {
				return nil, err
			}
			all = append(all, s)
		}
	}
	static, err := b.startStatic(ctx, all[0])
	if err != nil {
		return nil, err
	}
	defer static.stop()
	for round := range b.rounds {
		b.say("asking for pages, round %d of %d", round+1, b.rounds)
		for _, s := range all {
			if err := b.askAll(ctx, s, static); err != nil {
				return nil, err
			}
			s.resident = max(s.resident, residentPeak(s.server.pid))
		}
	}
	return all, nil
}

func newSeries(ctx context.Context, d *dataset, server *server, workspace callvault.ID) (*series, error) {
	s := &series{dataset: d, workspace: workspace, server: server}
	s.asker = &asker{
		Rand:          rand.New(rand.NewPCG(seed, 2)),
		moments:       d.all,
		workspace:     workspace,
		authorization: d.authorization,
	}
	if !workspace.IsZero() {
		s.asker.moments = d.within
	}
	var err error
	if s.first, err = s.asker.randomFirsts(); err != nil {
		return nil, err
	}
	if s.later, err = s.asker.laters(ctx, server.address); err != nil {
		return nil, err
	}
	for _, n := range matches() {
		if n > len(s.asker.moments) {
			continue
		}
		requests, err := s.asker.firsts(n)
		if err != nil {
			return nil, err
		}
		s.ranges = append(s.ranges, &span{matches: n, requests: requests})
	}
	return s, nil
}

// askAll is one round of a series.
func (b *bench) askAll(ctx context.Context, s *series, static *server) error {
	expect := fmt.Appendf(nil, `"currentPageSize":%d,`, gong.PageSize)
	fixed := []request{{bytes: s.later[0].bytes, expect: expect}}
	memory, err := load(ctx, static.address, fixed, b.seconds)
	if err != nil {
		return fmt.Errorf("page from memory: %w", err)
	}
	first, err := load(ctx, s.server.address, s.first, b.seconds)
	if err != nil {
		return fmt.Errorf("first pages: %w", err)
	}
	later, err := load(ctx, s.server.address, s.later, b.seconds)
	if err != nil {
		return fmt.Errorf("later pages: %w", err)
	}
	s.static = append(s.static, memory)
	s.firsts = append(s.firsts, first)
	s.laters = append(s.laters, later)
	s.laterToStatic = append(s.laterToStatic, later/memory)
	s.firstToLater = append(s.firstToLater, first/later)
	for _, r := range s.ranges {
		rate, err := load(ctx, s.server.address, r.requests, b.seconds)
		if err != nil {
			return fmt.Errorf("ranges of %d calls: %w", r.matches, err)
		}
		r.pages = append(r.pages, rate)
		r.slower = append(r.slower, s.ranges[0].pages[len(r.pages)-1]/rate)
	}
	return nil
}
