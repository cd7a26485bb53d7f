package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// database is a PostgreSQL server that is thrown away after the run.
type database interface {
	Make(ctx context.Context) (url string, err error)
	Stop() error
}

// appendDatabase fills a sample into PostgreSQL, in the order of time, unless it
// is too large for that or there is none.
func (b *bench) appendDatabase(ctx context.Context, all []*dataset, s *sample) ([]*dataset, error) {
	if b.database == nil || s.count > b.most {
		return all, nil
	}
	b.say("importing %d calls into PostgreSQL", s.count)
	url, err := b.database.Make(ctx)
	if err != nil {
		return nil, err
	}
	d := &dataset{sample: s, order: timeOrder, file: s.ordered, db: url}
	if _, err := output(b.callvault(ctx, url, "import", "--quiet", d.file)); err != nil {
		return nil, err
	}
	if err := checkCount(ctx, d); err != nil {
		return nil, err
	}
	if err := settle(ctx, url); err != nil {
		return nil, err
	}
	d.authorization, err = b.newKey(ctx, url)
	return append(all, d), err
}

// settle does what autovacuum does to a database after an import.
func settle(ctx context.Context, url string) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, "VACUUM (ANALYZE)"); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	_, err = c.Exec(ctx, "CHECKPOINT") // or it would come while pages are asked for
	return err
}

// databaseSeries is what is asked of a store on PostgreSQL, through callvault and
// without it.
type databaseSeries struct {
	*series
	firstFile, laterFile string // what the yardstick asks for

	bareFirsts, bareLaters   []float64 // pages a second
	firstToBare, laterToBare []float64
}

// measureDatabases asks for pages over HTTP and by pgx alone, in turns, and for
// totals.
func (b *bench) measureDatabases(ctx context.Context, stores []*dataset) ([]*databaseSeries, error) {
	var all []*databaseSeries
	var plain []*series
	for _, d := range stores {
		server, err := b.serve(ctx, d.db)
		if err != nil {
			return nil, err
		}
		defer server.stop()
		for _, workspace := range d.andSecond() {
			s, err := b.newDatabaseSeries(ctx, d, server, workspace)
			if err != nil {
				return nil, err
			}
			all = append(all, s)
			plain = append(plain, s.series)
		}
	}
	for round := range b.rounds {
		for _, s := range all {
			b.say("asking PostgreSQL for pages of %d calls, round %d of %d", s.count, round+1, b.rounds)
			if err := b.askDatabase(ctx, s); err != nil {
				return nil, err
			}
			s.resident = max(s.resident, residentPeak(s.server.pid))
		}
	}
	return all, b.measureTotals(ctx, plain)
}

func (b *bench) newDatabaseSeries(ctx context.Context, d *dataset, server *server, w workspace) (*databaseSeries, error) {
	plain, err := b.newSeries(ctx, d, server, w)
	if err != nil {
		return nil, err
	}
	s := &databaseSeries{series: plain}
	if s.firstFile, err = b.writeQueries(s.first); err != nil {
		return nil, err
	}
	s.laterFile, err = b.writeQueries(s.later)
	return s, err
}

// askDatabase is one round of a series.
func (b *bench) askDatabase(ctx context.Context, s *databaseSeries) error {
	bareFirst, err := b.query(ctx, s.db, s.firstFile)
	if err != nil {
		return err
	}
	first, err := load(ctx, s.server.address, s.first, b.seconds)
	if err != nil {
		return fmt.Errorf("first pages: %w", err)
	}
	bareLater, err := b.query(ctx, s.db, s.laterFile)
	if err != nil {
		return err
	}
	later, err := load(ctx, s.server.address, s.later, b.seconds)
	if err != nil {
		return fmt.Errorf("later pages: %w", err)
	}
	s.bareFirsts = append(s.bareFirsts, bareFirst)
	s.firsts = append(s.firsts, first)
	s.firstToBare = append(s.firstToBare, first/bareFirst)
	s.bareLaters = append(s.bareLaters, bareLater)
	s.laters = append(s.laters, later)
	s.laterToBare = append(s.laterToBare, later/bareLater)
	return nil
}

// pagesOf is what requests ask for.
func pagesOf(requests []request) []callvault.PageQuery {
	pages := make([]callvault.PageQuery, len(requests))
	for i := range requests {
		pages[i] = requests[i].page
	}
	return pages
}
