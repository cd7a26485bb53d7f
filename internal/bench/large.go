package main

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/callvault/callvault/gong"
)

// measureLarge is what "make bench-large" measures: stores of up to ten million
// calls in the order of time, all but one call in a million in one workspace.
func (b *bench) measureLarge(ctx context.Context, stdout io.Writer) error {
	stores, databases, err := b.makeLargeStores(ctx)
	if err != nil {
		return err
	}
	if err := b.measureStarts(ctx, stores); err != nil {
		return err
	}
	series, err := b.measurePages(ctx, stores, (*sample).onlyAll)
	if err != nil {
		return err
	}
	if err := b.measureTotals(ctx, series); err != nil {
		return err
	}
	rare, err := b.measureRare(ctx, stores)
	if err != nil {
		return err
	}
	totals, err := b.databaseTotals(ctx, databases)
	if err != nil {
		return err
	}
	printGrowth(stdout, series)
	printRanges(stdout, series)
	printRare(stdout, rare)
	printLargeStores(stdout, stores)
	printServers(stdout, stores)
	printTotals(stdout, totals)
	return nil
}

// makeLargeStores imports every size once, and those that are small enough for it
// into PostgreSQL too.
func (b *bench) makeLargeStores(ctx context.Context) (stores, databases []*dataset, err error) {
	for _, count := range b.calls {
		s, err := b.makeSample(count, skewed(invent(count), count))
		if err != nil {
			return nil, nil, err
		}
		d, err := b.makeStore(ctx, s)
		if err != nil {
			return nil, nil, err
		}
		stores = append(stores, d)
		if databases, err = b.appendDatabase(ctx, databases, s); err != nil {
			return nil, nil, err
		}
		if err := os.Remove(s.ordered); err != nil {
			return nil, nil, err
		}
	}
	return stores, databases, nil
}

// makeStore imports a sample once, in the order of time.
func (b *bench) makeStore(ctx context.Context, s *sample) (*dataset, error) {
	b.say("importing %d calls", s.count)
	d := &dataset{sample: s, order: timeOrder, file: s.ordered}
	d.db = strings.TrimSuffix(d.file, ".ndjson") + ".db"
	if err := b.importOnce(ctx, d); err != nil {
		return nil, err
	}
	var err error
	d.authorization, err = b.newKey(ctx, d.db)
	return d, err
}

// size is how large the store's file is, in MiB.
func (d *dataset) size() float64 {
	info, err := os.Stat(d.db)
	if err != nil {
		return 0
	}
	return float64(info.Size()) / (1 << 20)
}

// databaseTotals takes the totals of stores on PostgreSQL.
func (b *bench) databaseTotals(ctx context.Context, stores []*dataset) ([]*series, error) {
	var all []*series
	for _, d := range stores {
		s := &series{dataset: d, asker: b.newAsker(d, d.allCalls(), gong.PageSize)}
		for _, n := range matches(d.count) {
			if n <= d.count {
				s.ranges = append(s.ranges, &span{matches: n})
			}
		}
		all = append(all, s)
	}
	return all, b.measureTotals(ctx, all)
}
