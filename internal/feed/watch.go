package feed

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// The store is asked this often for the number of each company that a reader waits for.
	// It is one small read, and it sees what other processes commit too.
	pollEvery  = 250 * time.Millisecond
	pollWithin = 4 * time.Second

	// mostWaiting is how many readers of one company may wait: each keeps a connection.
	mostWaiting = 1000
)

// ErrCrowded is the error of a wait where too many readers of the company wait.
var ErrCrowded = errors.New("too many readers wait")

// watcher tells readers that a company's number has changed. It polls while somebody waits,
// in one goroutine for all of them, so a reader that waits holds nothing of the store.
type watcher struct {
	latest func(ctx context.Context, company string) (int64, error)

	mu      sync.Mutex
	waiting map[string]map[*waiter]struct{} // by company; none is empty
	polls   bool                            // a goroutine does
}

// waiter is a reader that waits.
type waiter struct {
	seen  int64         // the number that is no news
	woken chan struct{} // closed when there is another one, or it can't be known
}

// Wait returns when a company's highest number is no longer that of a place: then there is
// something to read, or the store has gone back. It also returns when the store can't be
// asked, for Read to say why. Its errors are ErrCrowded and the context's.
func (f *Feed) Wait(ctx context.Context, company string, at Place) error {
	w := &f.watcher
	self := &waiter{at.seen, make(chan struct{})}
	if err := w.join(company, self); err != nil {
		return err
	}
	defer w.leave(company, self)
	select {
	case <-self.woken:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Waiting is how many readers wait.
func (f *Feed) Waiting() (n int) {
	f.watcher.mu.Lock()
	defer f.watcher.mu.Unlock()
	for _, of := range f.watcher.waiting {
		n += len(of)
	}
	return n
}

func (w *watcher) join(company string, self *waiter) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := w.waiting[company]
	if len(of) >= mostWaiting {
		return ErrCrowded
	}
	if of == nil {
		of = make(map[*waiter]struct{})
		w.waiting[company] = of
	}
	of[self] = struct{}{}
	if !w.polls {
		w.polls = true
		go w.poll()
	}
	return nil
}

func (w *watcher) leave(company string, self *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := w.waiting[company]
	if delete(of, self); len(of) == 0 {
		delete(w.waiting, company)
	}
}

// poll asks for the numbers until nobody waits.
func (w *watcher) poll() {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		<-ticker.C
		companies := w.companies()
		if companies == nil {
			return
		}
		for _, company := range companies {
			ctx, cancel := context.WithTimeout(context.Background(), pollWithin)
			number, err := w.latest(ctx, company)
			cancel()
			w.tell(company, number, err)
		}
	}
}

// companies are those that somebody waits for. If there are none, the polling has ended.
func (w *watcher) companies() (names []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.polls = len(w.waiting) > 0
	return slices.Collect(maps.Keys(w.waiting))
}

// tell wakes the readers that wait for another number than this.
func (w *watcher) tell(company string, number int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	of := w.waiting[company]
	for self := range of {
		if err != nil || number != self.seen {
			close(self.woken)
			delete(of, self)
		}
	}
	if len(of) == 0 {
		delete(w.waiting, company)
	}
}
