package sqlite

import (
	"context"
	"os"
	"sync"
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

// A writer that has waited for patience makes a file beside the store, touches it until its turn
// comes, and removes it. It is a file because the yielding batch may be another process's. One
// that a killed process leaves means nothing, because nobody touches it.
const (
	patience      = 100 * time.Millisecond
	touchEvery    = 50 * time.Millisecond
	waitingSuffix = "-waiting"
)

// notice tells others that a writer waits.
type notice struct {
	path string

	mu    sync.Mutex
	timer *time.Timer
	given bool
	ended bool
}

// noticeOf is a notice that is given after a while, unless it has ended.
func noticeOf(store string, after time.Duration) *notice {
	w := &notice{path: store + waitingSuffix}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(after, w.give)
	return w
}

// give gives notice, now and again. Without the file the writer just waits longer.
func (w *notice) give() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	w.given = true
	if f, err := os.OpenFile(w.path, os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		_ = f.Close()
	}
	now := time.Now()
	_ = os.Chtimes(w.path, now, now)
	w.timer.Reset(touchEvery)
}

// end ends it. To end it again does nothing. Others that still wait make the file again.
func (w *notice) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	w.ended = true
	w.timer.Stop()
	if info, err := os.Lstat(w.path); w.given && err == nil && info.Size() == 0 {
		_ = os.Remove(w.path)
	}
}

// lookout is how a yielding batch sees that others wait.
type lookout struct {
	path string
	last time.Time // of a file that was there at the last look
}

func lookOut(store string) *lookout {
	l := &lookout{path: store + waitingSuffix}
	l.sees()
	return l
}

// sees tells whether somebody has given notice since the last look.
func (l *lookout) sees() bool {
	info, err := os.Stat(l.path)
	if err != nil || info.ModTime().Equal(l.last) {
		return false
	}
	l.last = info.ModTime()
	return true
}
