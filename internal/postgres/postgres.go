// Package postgres keeps calls in a PostgreSQL database, version 15 or later,
// through pgx and its pool.
//
// What to know about it: writers of one company wait for each other, those of
// different companies do not, and readers wait for nobody. A batch is one round
// trip, a page and its total another. Everything stands in the schema
// "callvault" of the database. A pooler between the two may give each
// transaction another connection: nothing is kept in a session but prepared
// statements, which a parameter of the URL turns off (docs/postgresql.md).
//
// Locks are taken in one order, so that no two wait for each other: a company's
// row, then what belongs to the company, then the one row of the store.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callvault/callvault"
)

// Store is a callvault.Store in a PostgreSQL database.
type Store struct {
	pool     *pool
	name     string // for errors; empty while it is opened
	readOnly bool   // it was opened to write nothing
}

var _ callvault.Store = (*Store)(nil)

// Open opens the store in a database, which must exist, and makes its schema
// when there is none. The schema is brought up to date; ErrSchemaNewer is
// returned for one that is ahead of this program. What the URL leaves out is
// taken from the environment, a password file or a service file, as libpq does.
// No error shows the URL's password.
func Open(ctx context.Context, url string) (*Store, error) {
	plan, err := currentPlan()
	if err != nil {
		return nil, err
	}
	return openURL(ctx, url, plan)
}

// OpenExisting is Open of a store that must be there: a database without one is
// left as it is.
func OpenExisting(ctx context.Context, url string) (*Store, error) {
	plan, err := currentPlan()
	if err != nil {
		return nil, err
	}
	plan.mustBeThere = true
	return openURL(ctx, url, plan)
}

// OpenAsIs is OpenExisting that leaves an older schema as it is, to look at the
// store: it may lack what is asked for.
func OpenAsIs(ctx context.Context, url string) (*Store, error) {
	plan, err := currentPlan()
	if err != nil {
		return nil, err
	}
	plan.mustBeThere, plan.asItIs = true, true
	return openURL(ctx, url, plan)
}

// OpenToServe is Open, but keeps the role's time-outs: they bound the cost of a request.
func OpenToServe(ctx context.Context, url string) (*Store, error) {
	plan, err := currentPlan()
	if err != nil {
		return nil, err
	}
	plan.keepTimeouts = true
	return openURL(ctx, url, plan)
}

// OpenToRead is OpenToServe for an existing store that is only read, on a standby or
// elsewhere. It is an error if this program would have to migrate the schema.
func OpenToRead(ctx context.Context, url string) (*Store, error) {
	plan, err := currentPlan()
	if err != nil {
		return nil, err
	}
	plan.mustBeThere, plan.keepTimeouts, plan.readOnly = true, true, true
	return openURL(ctx, url, plan)
}

func openURL(ctx context.Context, url string, plan plan) (*Store, error) {
	config, err := parse(url)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", Redact(url), err)
	}
	s, err := openPool(ctx, config, plan)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", Redact(url), err)
	}
	s.name = Redact(url)
	return s, nil
}

// parse takes the settings of a pool from a URL and the environment.
func parse(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
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
	s := &Store{pool: pool}
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
		Max:    int(int64(stat.MaxConns()) - s.pool.kept.Load()),
		Waits:  stat.EmptyAcquireCount() + s.pool.waits.Load(),
		Waited: stat.EmptyAcquireWaitTime() + time.Duration(s.pool.waited.Load()),
	}
}

// Close waits for reads and writes under way. To close again does nothing.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// one runs a query that returns one row and scans it. It is not found when
// there is none.
func (s *Store) one(ctx context.Context, into []any, query string, args ...any) (found bool, err error) {
	for range conflicts {
		if err = s.pool.QueryRow(ctx, query, args...).Scan(into...); codeOf(err) != serializationFailure {
			break
		}
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, s.cause(ctx, err)
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
		if err = s.eachIn(ctx, s.pool, visitor, query, args...); visited || codeOf(err) != serializationFailure {
			break
		}
	}
	return err
}

// conflicts is how often a query is sent if a standby cancels it before the first row,
// because it conflicts with what the standby replays.
const conflicts = 3

// eachIn is each on a pool or in a transaction, which a visitor's error leaves
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
