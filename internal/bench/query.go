package main

import (
	"context"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/postgres"
)

// writeQueries writes what requests ask for to a file, for the yardstick.
func (b *bench) writeQueries(requests []request) (path string, err error) {
	file, err := os.CreateTemp(b.folder, "queries-")
	if err != nil {
		return "", err
	}
	return file.Name(), errors.Join(gob.NewEncoder(file).Encode(pagesOf(requests)), file.Close())
}

// query runs the yardstick in a process of its own and returns how many pages a
// second it read.
func (b *bench) query(ctx context.Context, url, file string) (rate float64, err error) {
	cmd, err := itself(ctx, queryCommand, file, b.seconds.String())
	if err != nil {
		return 0, err
	}
	cmd.Env = append(os.Environ(), dbVariable+"="+url)
	out, err := output(cmd)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
}

// queryPages is the yardstick of pages on PostgreSQL: the statements that
// callvault has for the same pages, chosen by chance, by as many connections of a
// pool as there are clients, and what they return read and left. It prints how
// many there were in a second.
func queryPages(ctx context.Context, path, seconds string, stdout io.Writer) error {
	span, err := time.ParseDuration(seconds)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var pages []callvault.PageQuery
	if err := gob.NewDecoder(file).Decode(&pages); err != nil {
		return err
	}
	config, err := pgxpool.ParseConfig(os.Getenv(dbVariable))
	if err != nil {
		return err
	}
	config.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := warm(ctx, pool, &pages[0]); err != nil {
		return err
	}
	rate, err := together(ctx, span, func(_ int, r *rand.Rand) error {
		c, err := pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer c.Release()
		return queryPage(ctx, c, &pages[r.IntN(len(pages))])
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, rate)
	return err
}

// warm opens every connection and prepares the statement on it.
func warm(ctx context.Context, pool *pgxpool.Pool, page *callvault.PageQuery) error {
	for range connections {
		c, err := pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer c.Release() // only when there is one of each
		if err := queryPage(ctx, c, page); err != nil {
			return err
		}
	}
	return nil
}

// queryPage reads a page, and with the first one the total.
func queryPage(ctx context.Context, c *pgxpool.Conn, page *callvault.PageQuery) error {
	limit := page.Size + 1
	st := postgres.PageStatement(callvault.DefaultCompany, page.Query, page.After, limit)
	if page.Number == 0 {
		st = postgres.FirstStatement(callvault.DefaultCompany, page.Query, limit)
	}
	rows, err := c.Query(ctx, st.SQL, st.Args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	calls, size := 0, 0
	total := page.Total
	for rows.Next() {
		values := rows.RawValues()
		calls++
		size += len(values[2])
		if page.Number == 0 {
			total = int(binary.BigEndian.Uint64(values[3]))
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if calls < page.Size || size == 0 || total != page.Total {
		return fmt.Errorf("%d calls of %d bytes and the total %d, not a page of %d and %d", calls, size, total, page.Size, page.Total)
	}
	return nil
}
