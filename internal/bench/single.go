package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// measureStarts starts a server on every store, and stops it, in turns.
func (b *bench) measureStarts(ctx context.Context, stores []*dataset) error {
	b.say("starting servers")
	for range b.rounds {
		for _, d := range stores {
			if err := b.startOnce(ctx, d); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) startOnce(ctx context.Context, d *dataset) error {
	all := callvault.Range{From: d.all[0], To: d.all[len(d.all)-1] + 1}
	page := (&asker{authorization: d.authorization, size: gong.PageSize}).first(all, d.count)
	begun := time.Now()
	s, err := b.serve(ctx, d.db)
	if err != nil {
		return err
	}
	defer s.stop()
	c, err := dial(ctx, s.address)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	c.conn.SetDeadline(time.Now().Add(answerWithin))
	if _, err := c.ask(&page); err != nil {
		return err
	}
	d.answered = append(d.answered, milliseconds(time.Since(begun)))
	d.ready = append(d.ready, milliseconds(s.ready))
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// measureTotals asks the stores themselves for the totals alone, which a server
// takes with every first page.
func (b *bench) measureTotals(ctx context.Context, all []*series) error {
	b.say("taking totals")
	for _, s := range all {
		store, err := open(ctx, s.db)
		if err != nil {
			return err
		}
		err = s.takeTotals(ctx, store.Calls(callvault.DefaultCompany), b.seconds)
		if err := errors.Join(err, store.Close()); err != nil {
			return err
		}
	}
	return nil
}

// takeTotals takes the totals of random ranges of each size, one at a time.
func (s *series) takeTotals(ctx context.Context, calls callvault.Calls, spent time.Duration) error {
	for _, r := range s.ranges {
		for begun := time.Now(); time.Since(begun) < spent; {
			chosen, found := s.asker.span(s.asker.Rand, r.matches)
			if !found {
				return errSpan
			}
			before := time.Now()
			total, err := calls.Count(ctx, callvault.Query{Range: chosen, Workspace: s.asker.workspace})
			took := time.Since(before)
			if err != nil {
				return err
			}
			if total != r.matches {
				return fmt.Errorf("the total is %d, not %d", total, r.matches)
			}
			r.counts = append(r.counts, float64(took)/float64(time.Microsecond))
		}
	}
	return nil
}
