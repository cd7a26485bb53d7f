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
	// growAfter is how long the pool does without a connection that the server
	// refused, before it asks for another.
	growAfter = 5 * time.Second

	// askAgain is the pause between two tries of a process that has no connection.
	askAgain = 100 * time.Millisecond

	// refuseWithin is when those who wait are told that the server refuses: somebody
	// may wait for a connection while holding the only one.
	refuseWithin = 30 * time.Second
)

// pool hands out connections, as many at once as the server lets it have. A server
// may refuse one more than there are, because the role's CONNECTION LIMIT or
// max_connections is reached. Then the pool is smaller for a while, and those who
// need a connection wait for one that is there.
type pool struct {
	*pgxpool.Pool
	turns chan struct{} // of those who have a connection, and those that are kept back
	kept  atomic.Int64  // turns that are kept back because the server refused

	waits  atomic.Int64 // for a turn
	waited atomic.Int64 // in nanoseconds
}

func newPool(ctx context.Context, config *pgxpool.Config) (*pool, error) {
	p, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &pool{Pool: p, turns: make(chan struct{}, config.MaxConns)}, nil
}

// Acquire waits for a connection, which is given back by Release.
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

// refused keeps a turn back for a while. The last one is not kept: its holder tries
// again soon.
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

// isBare tells whether there is no connection whose end could be waited for.
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

// Query runs a query on a connection that is given back when the rows are closed.
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

// QueryRow runs a query of one row, which Scan reads.
func (p *pool) QueryRow(ctx context.Context, query string, args ...any) pgx.Row {
	c, err := p.Acquire(ctx)
	if err != nil {
		return refusedRow{err}
	}
	return &row{c.QueryRow(ctx, query, args...), c}
}

// Begin begins a transaction, whose end gives its connection back.
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

// conn is a connection of the pool and the turn of its holder.
type conn struct {
	*pooled
	turns   chan struct{}
	release sync.Once
}

type pooled = pgxpool.Conn

// Release gives the connection back. To release again does nothing.
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
