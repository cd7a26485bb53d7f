package postgres

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// growAfter is how long after a refusal the server is not asked for a connection.
	growAfter = time.Second

	// askAgain is the pause of a caller that waits for a connection of the pool.
	askAgain = 20 * time.Millisecond
)

// pool is pgxpool's. When the server refuses a connection, because of the role's CONNECTION
// LIMIT or max_connections, callers wait for one that the pool has.
type pool struct {
	*pgxpool.Pool
	refused atomic.Pointer[refusal] // the latest
}

type refusal struct {
	err error
	at  time.Time
}

func newPool(ctx context.Context, config *pgxpool.Config) (p *pool, err error) {
	p = new(pool)
	config.BeforeConnect = p.mayConnect
	p.Pool, err = pgxpool.NewWithConfig(ctx, config)
	return p, err
}

// mayConnect spares the server questions that it has just answered.
func (p *pool) mayConnect(context.Context, *pgx.ConnConfig) error {
	if last := p.refused.Load(); last != nil && time.Since(last.at) < growAfter {
		return last.err
	}
	return nil
}

// acquire waits for a connection, but no longer than connectWithin where the server refuses
// one: the caller may itself hold the only one.
func (p *pool) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	for begun := time.Now(); ; {
		c, err := p.Acquire(ctx)
		if codeOf(err) != tooManyConnections {
			return c, err
		}
		now := time.Now()
		if p.mayConnect(ctx, nil) == nil {
			p.refused.Store(&refusal{err, now})
		}
		if now.Sub(begun) > connectWithin {
			return nil, err
		}
		select {
		case <-time.After(askAgain):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// cancelWithin is how long a query may take to stop. Then its connection is closed, and
// nobody waits for the query any longer.
const cancelWithin = 750 * time.Millisecond

// stopper asks the server to stop a query whose context is done, and marks its
// connection: the server may get round to it later, and would stop the next one.
type stopper struct {
	pgconn.CancelRequestContextWatcherHandler
}

const stopped = "stopped"

func newStopper(conn *pgconn.PgConn) ctxwatch.Handler {
	return &stopper{pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelWithin}}
}

// HandleUnwatchAfterCancel is called when the query has ended.
func (s *stopper) HandleUnwatchAfterCancel() {
	s.CancelRequestContextWatcherHandler.HandleUnwatchAfterCancel()
	s.Conn.CustomData()[stopped] = true
}

// unstopped tells the pool whether a connection may be used.
func unstopped(_ context.Context, conn *pgx.Conn) (bool, error) {
	return conn.PgConn().CustomData()[stopped] == nil, nil
}
