package sqlite

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/callvault/callvault"
)

// waiting counts those who found no connection free.
type waiting struct {
	count       atomic.Int64
	nanoseconds atomic.Int64
}

// since counts one who has waited from begun on.
func (w *waiting) since(begun time.Time) {
	w.count.Add(1)
	w.nanoseconds.Add(int64(time.Since(begun)))
}

// takeSlot waits for the place of a reader.
func (s *Store) takeSlot(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
		return nil
	default:
	}
	defer s.waiting.since(time.Now())
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-s.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// takeWriter waits for the writer to rest.
func (s *Store) takeWriter(ctx context.Context) (*conn, error) {
	select {
	case c := <-s.writer:
		return c, nil
	default:
	}
	defer s.waiting.since(time.Now())
	select {
	case c := <-s.writer:
		return c, nil
	case <-s.closed:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Pool tells how the connections stand: the readers and the writer. Those who wait
// for another process that writes have their connection already.
func (s *Store) Pool() callvault.Pool {
	p := callvault.Pool{
		Waits:  s.waiting.count.Load(),
		Waited: time.Duration(s.waiting.nanoseconds.Load()),
	}
	select {
	case <-s.closed: // all places are taken, and no connection is there
		return p
	default:
	}
	resting := len(s.writer)
	p.InUse = len(s.slots) + cap(s.writer) - resting
	p.Idle = len(s.readers) + resting
	p.Max = cap(s.slots) + cap(s.writer)
	return p
}
