package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callvault/callvault"
)

const (
	// How old the keys in memory may be. A revoked key stops working within staleAfter
	// in every process.
	freshFor   = 2 * time.Second // keys are used without a refresh
	staleAfter = 5 * time.Second // keys are no longer used

	// storeWithin is when a question to the store gives up: as late as the requests that
	// wait for it.
	storeWithin = 4 * time.Second
)

// Keyring keeps a store's keys in memory. When it is no longer fresh, one request refreshes
// it; when it is stale, all wait for that. It looks up an unknown id in the store, so a new
// key works at once, and remembers none, so strangers can't fill it. Concurrent use is safe.
type Keyring struct {
	store callvault.Keys
	now   func() time.Time
	ring  atomic.Pointer[ring]

	mu     sync.Mutex
	latest *question

	using chan struct{} // holds one while a use is kept
}

// ring is the keys as they were at a moment. It does not change.
type ring struct {
	keys    map[string]*known
	version callvault.KeysVersion
	read    time.Time // just before the store was asked
}

// known is a key in memory.
type known struct {
	callvault.Key
	use *atomic.Int64 // from when on a use is worth remembering, in seconds since 1970
}

// question is a query for the keys. All requests that wait for it share its result.
type question struct {
	done chan struct{} // closed at its end
	err  error
	next *question // begun after this one ended; nil when none was
}

// New makes a Keyring of a store's keys, by a clock.
func New(store callvault.Keys, now func() time.Time) *Keyring {
	k := &Keyring{store: store, now: now, latest: &question{done: make(chan struct{})}, using: make(chan struct{}, 1)}
	k.ring.Store(new(ring))
	close(k.latest.done)
	return k
}

// find returns the key with an id, or nil if there is none. It fails if the key is not in
// memory, or its copy is stale, and the store does not answer.
func (k *Keyring) find(ctx context.Context, id string, now time.Time) (*known, error) {
	ring := k.ring.Load()
	key, age := ring.keys[id], ring.age(now)
	if key != nil && age < freshFor {
		return key, nil
	}
	usable := key != nil && age < staleAfter
	q, begun := k.ask()
	if !begun {
		if usable {
			return key, nil
		}
		// Only a question that begins after this moment is sure to see what was in
		// the store before it.
		if err := q.wait(ctx); err != nil {
			return nil, err
		}
		q = k.follow(q)
	}
	if err := q.wait(ctx); err != nil {
		return nil, err
	}
	// A failure matters once the keys are stale, because the store kept us waiting or was
	// replaced.
	latest := k.ring.Load()
	if q.err != nil && !(usable && latest.age(k.now()) < staleAfter) {
		return nil, fmt.Errorf("read the keys: %w", q.err)
	}
	return latest.keys[id], nil
}

// age is how long ago a ring was read. A ring that was never read is old, and so is one
// from the future, after the clock was set back.
func (r *ring) age(now time.Time) time.Duration {
	age := now.Sub(r.read)
	if age < 0 {
		return staleAfter
	}
	return age
}

// ask joins the question under way, or begins one and tells so.
func (k *Keyring) ask() (q *question, begun bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	select {
	case <-k.latest.done:
		return k.begin(), true
	default:
		return k.latest, false
	}
}

// follow is the question after one that ended: the same for all who waited for that.
func (k *Keyring) follow(q *question) *question {
	k.mu.Lock()
	defer k.mu.Unlock()
	if q.next == nil {
		k.begin()
	}
	return q.next
}

// begin begins a question after the latest, which ended. It is called with the lock.
func (k *Keyring) begin() *question {
	q := &question{done: make(chan struct{})}
	k.latest.next, k.latest = q, q
	go func() {
		defer close(q.done)
		q.err = k.refresh()
	}()
	return q
}

// wait waits for the end of the question, or of the context, which is an error.
func (q *question) wait(ctx context.Context) error {
	select {
	case <-q.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refresh asks the store for the keys, if they changed. It has a context of its own: all
// requests that wait share it, and one of them may give up.
func (k *Keyring) refresh() error {
	ctx, cancel := context.WithTimeout(context.Background(), storeWithin)
	defer cancel()
	old := k.ring.Load()
	next := &ring{keys: old.keys, read: k.now()}
	all, version, err := k.store.Keys(ctx, old.version)
	if errors.Is(err, callvault.ErrReplaced) {
		next.read = time.Time{} // these keys belong to another store and must open nothing
		k.ring.Store(next)
	}
	if err != nil {
		return err
	}
	if next.version = version; version != old.version {
		next.keys = make(map[string]*known, len(all))
		for _, key := range all {
			use := new(atomic.Int64)
			use.Store(key.Used.Add(day).Unix())
			if before := old.keys[key.ID]; before != nil {
				use = before.use
			}
			next.keys[key.ID] = &known{key, use}
		}
	}
	k.ring.Store(next)
	return nil
}
