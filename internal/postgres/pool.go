package postgres

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// growAfter is how long the pool stays smaller after the server refused a
	// connection.
	growAfter = 5 * time.Second

	// askAgain is the pause between two attempts of a process without any connection.
	askAgain = 100 * time.Millisecond

	// refuseWithin bounds the wait after a refusal: the caller may itself hold the only
	// connection.
	refuseWithin = 30 * time.Second
)

// pool hands out as many connections as the server allows. When the server refuses one,
// because of the role's CONNECTION LIMIT or max_connections, the pool is smaller for a
// while, and callers wait for a connection that it has.
type pool struct {
	*pgxpool.Pool
	turns chan struct{} // one for each caller with a connection, and for each kept back
	kept  atomic.Int64  // turns that are kept back because the server refused

	waits  atomic.Int64 // callers that waited for a turn
	waited atomic.Int64 // how long, in nanoseconds
}

func newPool(ctx context.Context, config *pgxpool.Config) (*pool, error) {
	p, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &pool{Pool: p, turns: make(chan struct{}, config.MaxConns)}, nil
}

// Acquire waits for a connection. The caller must Release it.
func (p *pool) Acquire(ctx context.Context) (*conn, error) {
	for begun := time.Now(); ; {
		if err := p.takeTurn(ctx); err != nil {
			return nil, err
		}
		c, err := p.Pool.Acquire(ctx)
		if err == nil {
			return &conn{pooled: c, turns: p.turns}, nil
		}
		waited := time.Since(begun)
		if codeOf(err) != tooManyConnections || waited > refuseWithin || waited > connectWithin && p.isBare() {
			<-p.turns
			return nil, err
		}
		p.refused(ctx)
	}
}

func (p *pool) takeTurn(ctx context.Context) error {
	select {
	case p.turns <- struct{}{}:
		return nil
	default:
	}
	begun := time.Now()
	select {
	case p.turns <- struct{}{}:
		p.waits.Add(1)
		p.waited.Add(int64(time.Since(begun)))
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refused keeps a turn back for growAfter, unless it is the last one. Then its holder may
// try again after askAgain.
func (p *pool) refused(ctx context.Context) {
	if p.kept.Add(1) < int64(cap(p.turns)) {
		time.AfterFunc(growAfter, func() {
			p.kept.Add(-1)
			<-p.turns
		})
		return
	}
	p.kept.Add(-1)
	select {
	case <-time.After(askAgain):
	case <-ctx.Done():
	}
	<-p.turns
}

// isBare tells whether the process has no connection to wait for.
func (p *pool) isBare() bool { return p.Stat().TotalConns() == 0 }

// Exec runs a statement on a connection of its own.
func (p *pool) Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error) {
	c, err := p.Acquire(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer c.Release()
	return c.Exec(ctx, query, args...)
}

// Query runs a query. Closing the rows releases the connection.
func (p *pool) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	c, err := p.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	r, err := c.Query(ctx, query, args...)
	if err != nil {
		c.Release()
		return nil, err
	}
	return &rows{r, c}, nil
}

// QueryRow runs a query of one row. Scan releases the connection.
func (p *pool) QueryRow(ctx context.Context, query string, args ...any) pgx.Row {
	c, err := p.Acquire(ctx)
	if err != nil {
		return refusedRow{err}
	}
	return &row{c.QueryRow(ctx, query, args...), c}
}

// Begin begins a transaction. Commit or Rollback releases the connection.
func (p *pool) Begin(ctx context.Context) (pgx.Tx, error) { return p.BeginTx(ctx, pgx.TxOptions{}) }

// BeginTx is Begin with options.
func (p *pool) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	c, err := p.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	t, err := c.BeginTx(ctx, options)
	if err != nil {
		c.Release()
		return nil, err
	}
	return &tx{t, c}, nil
}

// conn is a connection of the pool with its turn.
type conn struct {
	*pooled
	turns   chan struct{}
	release sync.Once
}

type pooled = pgxpool.Conn

// Release returns the connection to the pool. Releasing again does nothing.
func (c *conn) Release() {
	c.release.Do(func() {
		c.pooled.Release()
		<-c.turns
	})
}

type rows struct {
	pgx.Rows
	conn *conn
}

func (r *rows) Close() {
	r.Rows.Close()
	r.conn.Release()
}

func (r *rows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

type row struct {
	pgx.Row
	conn *conn
}

func (r *row) Scan(into ...any) error {
	defer r.conn.Release()
	return r.Row.Scan(into...)
}

// refusedRow is the row of a query that found no connection.
type refusedRow struct{ err error }

func (r refusedRow) Scan(...any) error { return r.err }

type tx struct {
	pgx.Tx
	conn *conn
}

func (t *tx) Commit(ctx context.Context) error {
	defer t.conn.Release()
	return t.Tx.Commit(ctx)
}

func (t *tx) Rollback(ctx context.Context) error {
	defer t.conn.Release()
	return t.Tx.Rollback(ctx)
}
