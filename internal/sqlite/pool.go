package sqlite

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/callvault/callvault"
)

// waiting counts the callers that found no free connection.
type waiting struct {
	count       atomic.Int64
	nanoseconds atomic.Int64
}

// since counts a caller that has waited since begun.
func (w *waiting) since(begun time.Time) {
	w.count.Add(1)
	w.nanoseconds.Add(int64(time.Since(begun)))
}

// takeSlot waits until another reader may read.
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

// takeWriter waits for the writer.
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

// Pool tells how the readers and the writer stand. A caller that waits for another
// process's write has its connection already.
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
