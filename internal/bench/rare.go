package main

import (
	"context"
	"fmt"
	"strconv"
)

// comparison is pages of the workspace that holds one call in a million beside
// pages, of as many calls, of the one that holds the others: of one kind.
type comparison struct {
	*dataset
	kind       string // of pages
	size       int    // calls to a page
	rare, most []request

	rares, mosts []float64 // pages a second
	slower       []float64 // time of a page of the rare workspace, to that of the other
}

// measureRare compares the two workspaces of the stores that have so many calls
// that one in a million can be said.
func (b *bench) measureRare(ctx context.Context, stores []*dataset) ([]*comparison, error) {
	var all []*comparison
	for _, d := range stores {
		if d.count < rareOne {
			continue
		}
		compared, err := b.compareWorkspaces(ctx, d)
		if err != nil {
			return nil, err
		}
		all = append(all, compared...)
	}
	return all, nil
}

// compareWorkspaces serves a store by pages that are half of what the rare
// workspace has, so that it has a first one and a later one; where it has one
// call there is a first one only. Every range holds all calls.
func (b *bench) compareWorkspaces(ctx context.Context, d *dataset) ([]*comparison, error) {
	most, rare := d.workspaces[0], d.workspaces[1]
	size := max(1, len(rare.moments)/2)
	server, err := b.serve(ctx, d.db, "--page-size", strconv.Itoa(size))
	if err != nil {
		return nil, err
	}
	defer server.stop()
	first := &comparison{dataset: d, kind: "first", size: size}
	if first.rare, err = b.newAsker(d, rare, size).firsts(len(rare.moments)); err != nil {
		return nil, err
	}
	if first.most, err = b.newAsker(d, most, size).firsts(len(most.moments)); err != nil {
		return nil, err
	}
	kinds := []*comparison{first}
	if len(rare.moments) >= 2*size {
		later := &comparison{dataset: d, kind: "later", size: size}
		if later.rare, err = b.newAsker(d, rare, size).laters(ctx, server.address, 1); err != nil {
			return nil, err
		}
		if later.most, err = b.newAsker(d, most, size).laters(ctx, server.address, 1); err != nil {
			return nil, err
		}
		kinds = append(kinds, later)
	}
	for round := range b.rounds {
		b.say("comparing workspaces of %d calls, round %d of %d", d.count, round+1, b.rounds)
		for _, c := range kinds {
			if err := b.askBoth(ctx, c, server); err != nil {
				return nil, err
			}
		}
	}
	return kinds, nil
}

// askBoth is one round of a comparison.
func (b *bench) askBoth(ctx context.Context, c *comparison, server *server) error {
	rare, err := load(ctx, server.address, c.rare, b.seconds)
	if err != nil {
		return fmt.Errorf("the rare workspace: %w", err)
	}
	most, err := load(ctx, server.address, c.most, b.seconds)
	if err != nil {
		return fmt.Errorf("the workspace of most calls: %w", err)
	}
	c.rares = append(c.rares, rare)
	c.mosts = append(c.mosts, most)
	c.slower = append(c.slower, most/rare)
	return nil
}
