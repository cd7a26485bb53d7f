// Package postgres keeps calls in the schema "callvault" of a PostgreSQL database, version 15
// or later.
//
// Writers of one company wait for each other, and readers wait for nobody. A session keeps only
// prepared statements, which the URL can turn off for a pooler (docs/postgresql.md). To avoid
// deadlocks, all lock a company's row first, then what belongs to it, then the store's row.
package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callvault/callvault"
)

// Store is a callvault.Store in a PostgreSQL database.
type Store struct {
	view
	pool     *pool
	name     string // for errors; empty while it is opened
	readOnly bool   // it was opened to write nothing
	patience time.Duration
}

var _ callvault.Store = (*Store)(nil)

// manner is what a command wants of a store that it opens.
type manner struct {
	mustBeThere  bool // a database without a store is left as it is
	asItIs       bool // and so is an older schema
	readOnly     bool // write nothing
	keepTimeouts bool // keep the role's time-outs
}

// Open opens the store in an existing database. It makes the schema or brings it up to date; a
// newer one that this program can't use is ErrSchemaNewer. What the URL leaves out comes from
// the environment, a password file or a service file, as in libpq. No error shows a password.
func Open(ctx context.Context, url string) (*Store, error) {
	return openURL(ctx, url, manner{})
}

// OpenExisting is Open of a store that must be there: a database without one is
// left as it is.
func OpenExisting(ctx context.Context, url string) (*Store, error) {
	return openURL(ctx, url, manner{mustBeThere: true})
}

// OpenAsIs is OpenExisting that leaves an older schema as it is, to look at the
// store: it may lack what is asked for.
func OpenAsIs(ctx context.Context, url string) (*Store, error) {
	return openURL(ctx, url, manner{mustBeThere: true, asItIs: true})
}

// OpenToServe is Open, but keeps the role's time-outs: they bound the cost of a request.
func OpenToServe(ctx context.Context, url string) (*Store, error) {
	return openURL(ctx, url, manner{keepTimeouts: true})
}

// OpenToRead is OpenToServe for an existing store that is only read, on a standby or
// elsewhere. It is an error if this program would have to migrate the schema.
func OpenToRead(ctx context.Context, url string) (*Store, error) {
	return openURL(ctx, url, manner{mustBeThere: true, keepTimeouts: true, readOnly: true})
}

func openURL(ctx context.Context, url string, m manner) (*Store, error) {
	s, err := openWith(ctx, url, m)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", Redact(url), unreached{err})
	}
	s.name = Redact(url)
	return s, nil
}

func openWith(ctx context.Context, url string, m manner) (*Store, error) {
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	p, err := currentPlan()
	if err != nil {
		return nil, err
	}
	p.manner = m
	return openPool(ctx, config, p)
}

// parse takes the settings of a pool from a URL and the environment.
func parse(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, malformed(err)
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectWithin
	}
	config.ConnConfig.BuildContextWatcherHandler = newStopper
	config.PrepareConn = unstopped
	return config, nil
}

// connectWithin is when a connection that is not made is given up, where the URL
// does not say it. One that hangs takes a place in the pool, so that a server
// which is reached again would not be asked again before.
const connectWithin = 5 * time.Second

func openPool(ctx context.Context, config *pgxpool.Config, p plan) (*Store, error) {
	config.AfterConnect = p.settle
	pool, err := newPool(ctx, config)
	if err != nil {
		return nil, err
	}
	s := &Store{pool: pool, patience: patience}
	s.view = view{s}
	err = s.checkServer(ctx, &p)
	if err == nil {
		err = s.migrate(ctx, p)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	s.readOnly = p.readOnly
	return s, nil
}

// Pool tells how the connections to the server stand. Those who waited are counted
// when they have their connection, which may have been made for them.
func (s *Store) Pool() callvault.Pool {
	stat := s.pool.Stat()
	return callvault.Pool{
		InUse:  int(stat.AcquiredConns()),
		Idle:   int(stat.IdleConns()),
		Max:    int(stat.MaxConns()),
		Waits:  stat.EmptyAcquireCount(),
		Waited: stat.EmptyAcquireWaitTime(),
	}
}

// Close waits for reads and writes under way. To close again does nothing.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// with calls f with a connection. An error of f is returned as it is.
func (s *Store) with(ctx context.Context, f func(c *pgxpool.Conn) error) error {
	c, err := s.pool.acquire(ctx)
	if err != nil {
		return s.cause(ctx, err)
	}
	defer c.Release()
	return f(c)
}

// inTx calls f in a transaction, which is committed unless f returns an error.
func (s *Store) inTx(ctx context.Context, options pgx.TxOptions, f func(tx pgx.Tx) error) error {
	return s.with(ctx, func(c *pgxpool.Conn) error { return pgx.BeginTxFunc(ctx, c, options, f) })
}

// exec runs a statement.
func (s *Store) exec(ctx context.Context, statement string, args ...any) error {
	return s.with(ctx, func(c *pgxpool.Conn) error {
		_, err := c.Exec(ctx, statement, args...)
		return s.cause(ctx, err)
	})
}

// execAll runs statements in a transaction until one fails.
func execAll(ctx context.Context, tx pgx.Tx, statements ...string) error {
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// one scans the row of a query that returns one, if there is one.
func one(ctx context.Context, from asker, into []any, query string, args ...any) error {
	return from.each(ctx, func(rows pgx.Rows) error { return rows.Scan(into...) }, query, args...)
}

// each calls visit with every row of a query, until it returns an error, which
// is returned as it is; the query is stopped then, and not read to its end.
func (s *Store) each(ctx context.Context, visit func(pgx.Rows) error, query string, args ...any) (err error) {
	visited := false
	visitor := func(rows pgx.Rows) error {
		visited = true
		return visit(rows)
	}
	for range conflicts {
		err = s.with(ctx, func(c *pgxpool.Conn) error { return s.eachIn(ctx, c, visitor, query, args...) })
		if visited || codeOf(err) != serializationFailure {
			break
		}
	}
	return err
}

// collect is a visitor that adds what it reads of each row to a list.
func collect[T any](list *[]T, read pgx.RowToFunc[T]) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		item, err := read(rows)
		*list = append(*list, item)
		return err
	}
}

// conflicts is how often a query is sent if a standby cancels it before the first row,
// because it conflicts with what the standby replays.
const conflicts = 3

// querier is a connection, or a transaction.
type querier interface {
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// eachIn is each on a connection or in a transaction, which a visitor's error leaves
// unusable.
func (s *Store) eachIn(ctx context.Context, db querier, visit func(pgx.Rows) error, query string, args ...any) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	rows, err := db.Query(running, query, args...)
	if err != nil {
		return s.cause(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		err := ctx.Err() // rows may be here already
		if err == nil {
			err = visit(rows)
		}
		if err != nil {
			stop()
			return err
		}
	}
	return s.cause(ctx, rows.Err())
}
