package postgres

import (
	"context"
	"sync/atomic"
	"time"

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

// acquire waits for a connection, which release returns to the pool.
func (p *pool) acquire(ctx context.Context) (c *pgxpool.Conn, release func(), err error) {
	for begun := time.Now(); ; {
		if err := p.takeTurn(ctx); err != nil {
			return nil, nil, err
		}
		c, err := p.Acquire(ctx)
		if err == nil {
			return c, func() { c.Release(); <-p.turns }, nil
		}
		waited := time.Since(begun)
		isBare := p.Stat().TotalConns() == 0 // there is no connection to wait for
		if codeOf(err) != tooManyConnections || waited > refuseWithin || waited > connectWithin && isBare {
			<-p.turns
			return nil, nil, err
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
