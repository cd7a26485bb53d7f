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

// take waits until there is something in a channel: a slot, or the writer.
func take[T any](ctx context.Context, s *Store, from <-chan T) (taken T, err error) {
	select {
	case taken = <-from:
		return taken, nil
	default:
	}
	defer s.waiting.since(time.Now())
	select {
	case taken = <-from:
		return taken, nil
	case <-s.closed:
		return taken, errClosed
	case <-ctx.Done():
		return taken, ctx.Err()
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
	p.InUse = cap(s.slots) - len(s.slots) + cap(s.writer) - resting
	p.Idle = len(s.readers) + resting
	p.Max = cap(s.slots) + cap(s.writer)
	return p
}
