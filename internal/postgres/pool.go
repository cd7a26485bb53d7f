package postgres

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
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
