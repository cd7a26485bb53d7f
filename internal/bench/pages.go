package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/callvault/callvault/gong"
)

// series is what is asked of one store, with or without a workspace. The values
// are one to a round, and so are the ratios: a median of ratios does not mind
// that the machine is slower now than it was before.
type series struct {
	*dataset
	server *server
	asker  *asker

	first, later, gzip []request

	static, firsts, laters      []float64 // pages a second
	laterToStatic, firstToLater []float64

	gzipStatic, gzips []float64 // the same, compressed
	gzipToStatic      []float64

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

// matches are the sizes of the ranges that are compared. A range of all calls
// has its ends where there are none; one of nearly all has calls to count there.
func matches(count int) []int {
	sizes := []int{100, 10_000, 1_000_000}
	if count > 1_000_000 {
		sizes = append(sizes, count-count/100, count)
	}
	return sizes
}

// share is how much of the calls the workspace has.
func (s *series) share() string {
	if s.asker.workspace.IsZero() {
		return "no"
	}
	return fmt.Sprintf("yes, of %.0f %% of the calls", 100*float64(len(s.asker.moments))/float64(s.count))
}

// all are the calls of every workspace.
func (s *sample) allCalls() workspace { return workspace{moments: s.all} }

// everything and a workspace are what is asked for.
func (s *sample) andSecond() []workspace { return []workspace{s.allCalls(), s.second()} }

// onlyAll is for samples whose second workspace fills no page.
func (s *sample) onlyAll() []workspace { return []workspace{s.allCalls()} }

// statics are the yardsticks of pages.
type statics struct{ plain, gzip *server }

// measurePages starts all servers and asks them in turns.
func (b *bench) measurePages(ctx context.Context, stores []*dataset, asked func(*sample) []workspace) ([]*series, error) {
	var all []*series
	for _, d := range stores {
		server, err := b.serve(ctx, d.db)
		if err != nil {
			return nil, err
		}
		defer server.stop()
		for _, workspace := range asked(d.sample) {
			s, err := b.newSeries(ctx, d, server, workspace)
			if err != nil {
				return nil, err
			}
			if err := s.checkGzip(ctx); err != nil {
				return nil, err
			}
			all = append(all, s)
		}
	}
	plain, err := b.startStatic(ctx, all[0], "identity")
	if err != nil {
		return nil, err
	}
	defer plain.stop()
	gzip, err := b.startStatic(ctx, all[0], "gzip")
	if err != nil {
		return nil, err
	}
	defer gzip.stop()
	for round := range b.rounds {
		b.say("asking for pages, round %d of %d", round+1, b.rounds)
		for _, s := range all {
			if err := b.askAll(ctx, s, statics{plain, gzip}); err != nil {
				return nil, err
			}
			s.resident = max(s.resident, residentPeak(s.server.pid))
		}
	}
	return all, nil
}

func (b *bench) newAsker(d *dataset, w workspace, size int) *asker {
	return &asker{
		Rand:          rand.New(rand.NewPCG(seed, 2)),
		moments:       w.moments,
		workspace:     w.id,
		size:          size,
		variety:       b.variety,
		authorization: d.authorization,
	}
}

func (b *bench) newSeries(ctx context.Context, d *dataset, server *server, w workspace) (*series, error) {
	s := &series{dataset: d, server: server, asker: b.newAsker(d, w, gong.PageSize)}
	var err error
	if s.first, err = s.asker.randomFirsts(); err != nil {
		return nil, err
	}
	if s.later, err = s.asker.laters(ctx, server.address, walkPages); err != nil {
		return nil, err
	}
	s.gzip = compressed(s.later)
	for _, n := range matches(s.count) {
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
func (b *bench) askAll(ctx context.Context, s *series, static statics) error {
	fixed := []request{{
		bytes:  s.later[0].bytes,
		expect: fmt.Appendf(nil, `"currentPageSize":%d,`, gong.PageSize),
		end:    []byte(pageEnd),
	}}
	var rates [5]float64
	for i, asked := range []struct {
		what     string
		of       *server
		requests []request
	}{
		{"page from memory", static.plain, fixed},
		{"first pages", s.server, s.first},
		{"later pages", s.server, s.later},
		{"compressed page from memory", static.gzip, compressed(fixed)},
		{"compressed pages", s.server, s.gzip},
	} {
		var err error
		if rates[i], err = load(ctx, asked.of.address, asked.requests, b.seconds); err != nil {
			return fmt.Errorf("%s: %w", asked.what, err)
		}
	}
	memory, first, later, gzipMemory, gzip := rates[0], rates[1], rates[2], rates[3], rates[4]
	s.static = append(s.static, memory)
	s.firsts = append(s.firsts, first)
	s.laters = append(s.laters, later)
	s.laterToStatic = append(s.laterToStatic, later/memory)
	s.firstToLater = append(s.firstToLater, first/later)
	s.gzipStatic = append(s.gzipStatic, gzipMemory)
	s.gzips = append(s.gzips, gzip)
	s.gzipToStatic = append(s.gzipToStatic, gzip/gzipMemory)
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
