//go:build unix

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/postgrestest"
)

// compareOnPostgres gives each program a store in a database of its own and
// compares their pages.
func (b *bench) compareOnPostgres(ctx context.Context, s *sample) (err error) {
	database, err := postgrestest.Start()
	if err != nil {
		return err
	}
	if database == nil {
		b.say("PostgreSQL is not installed: its rows are left out")
		return nil
	}
	defer func() { err = errors.Join(err, database.Stop()) }()
	for _, p := range b.programs {
		b.say("%d calls, import into PostgreSQL", s.count)
		if p.store, err = database.Make(ctx); err != nil {
			return err
		}
		if _, _, err := finish(p.command(ctx, "import", s.ordered)); err != nil {
			return err
		}
		if err := settle(ctx, p.store); err != nil {
			return err
		}
	}
	return b.comparePages(ctx, s, "PostgreSQL", b.besidePgx)
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

// besidePgx is the yardstick of pages on PostgreSQL: this process sends the
// statements that callvault has for the same pages, by as many connections as
// there are clients, and reads and leaves what they return.
func (b *bench) besidePgx(ctx context.Context, p *program) (turns []turn, _ []*row, stop func(), err error) {
	config, err := pgxpool.ParseConfig(p.store)
	if err != nil {
		return nil, nil, nil, err
	}
	config.MaxConns, config.MinConns = connections, connections
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, k := range p.kinds {
		turns = append(turns, spending(os.Getpid(), func(ctx context.Context) (cost, error) {
			return together(ctx, b.seconds, func(_ int, r *rand.Rand) error {
				return queryPage(ctx, pool, &k.requests[r.IntN(len(k.requests))].page)
			})
		}))
	}
	return turns, nil, pool.Close, nil
}

// queryPage reads a page, and with the first one the total.
func queryPage(ctx context.Context, pool *pgxpool.Pool, page *callvault.PageQuery) error {
	limit := page.Size + 1
	st := postgres.PageStatement(callvault.DefaultCompany, page.Query, page.After, limit)
	if page.Number == 0 {
		st = postgres.FirstStatement(callvault.DefaultCompany, page.Query, limit)
	}
	rows, err := pool.Query(ctx, st.SQL, st.Args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	calls, total := 0, page.Total
	for ; rows.Next(); calls++ {
		if values := rows.RawValues(); page.Number == 0 {
			total = int(binary.BigEndian.Uint64(values[len(values)-1])) // beside each call
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if calls < page.Size || total != page.Total {
		return fmt.Errorf("%d calls and the total %d, not a page of %d and %d", calls, total, page.Size, page.Total)
	}
	return nil
}
