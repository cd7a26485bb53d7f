package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/callvault/callvault"
)

// How old the keyring may be. A revoked key stops working within staleAfter in
// every process.
const (
	freshFor   = 2 * time.Second // it is used as it is
	staleAfter = 5 * time.Second // it is not used at all
)

// keyring has the keys of the store in memory, so that a known key costs no
// read of the store. It has no goroutine: requests refresh it, one at a time,
// by a small read that asks whether they changed. While it is fresh they use it as it
// is; when it is older, one refreshes it and the others go on with it; when it
// is stale, all wait. An id that is not in it is looked for in the store at
// once, so that a new key works at once. Unknown ids are not remembered: the
// keyring grows with the store's keys and with nothing that a stranger sends.
type keyring struct {
	store callvault.Store
	now   func() time.Time

	ring     atomic.Pointer[ring]
	attempts atomic.Uint64 // refreshes begun
	gate     gate          // around refresh and what is below
	last     attempt
}

// ring is the keys as they were at a moment. It does not change.
type ring struct {
	keys    map[string]*callvault.Key
	version callvault.KeysVersion
	read    time.Time // just before the store was asked
}

// attempt is how a refresh ended.
type attempt struct {
	number   uint64
	err      error
	deadline time.Time // when it would have been given up
}

// isShorter tells whether the attempt failed that had less time than a context
// has: another may succeed.
func (a attempt) isShorter(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && a.err != nil && a.deadline.Before(deadline)
}

func newKeyring(store callvault.Store, now func() time.Time) *keyring {
	k := &keyring{store: store, now: now, gate: newGate()}
	k.ring.Store(new(ring))
	return k
}

// find returns the key with an id, or nil when there is none. It fails when
// that cannot be known: the keyring is stale, or the id is not in it, and the
// store does not answer.
func (k *keyring) find(ctx context.Context, id string) (*callvault.Key, error) {
	ring := k.ring.Load()
	key := ring.keys[id]
	switch age := k.age(ring); {
	case key != nil && age < freshFor:
		return key, nil
	case key != nil && age < staleAfter:
		return k.findAging(ctx, ring, id)
	}
	// Only a refresh that begins after this moment is sure to see what was in
	// the store before it.
	begun := k.attempts.Load()
	if err := k.gate.enter(ctx); err != nil {
		return nil, err
	}
	defer k.gate.leave()
	if k.last.number <= begun || k.last.isShorter(ctx) {
		k.refresh(ctx)
	}
	if k.last.err != nil {
		return nil, fmt.Errorf("read the keys: %w", k.last.err)
	}
	return k.ring.Load().keys[id], nil
}

// findAging finds a key in a ring that is not fresh but may be used: whoever
// comes first refreshes it. A failed refresh is an error only once the ring is stale,
// or when the store was replaced.
func (k *keyring) findAging(ctx context.Context, ring *ring, id string) (*callvault.Key, error) {
	if !k.gate.tryEnter() {
		return ring.keys[id], nil
	}
	defer k.gate.leave()
	k.refresh(ctx)
	if k.last.err != nil && k.age(k.ring.Load()) >= staleAfter { // the store kept us waiting
		return nil, fmt.Errorf("read the keys: %w", k.last.err)
	}
	return k.ring.Load().keys[id], nil
}

// age is how long ago a ring was read. One that has never been read is old,
// and so is one from the future: the clock was set back.
func (k *keyring) age(r *ring) time.Duration {
	age := k.now().Sub(r.read)
	if age < 0 {
		return staleAfter
	}
	return age
}

// ageInSeconds is how long ago the keys were read, NaN when they have not been.
func (k *keyring) ageInSeconds() float64 {
	ring := k.ring.Load()
	if ring.read.IsZero() {
		return math.NaN()
	}
	return k.now().Sub(ring.read).Seconds()
}

// refresh asks the store for the keys, if they changed. It is called inside the
// gate. It serves everyone who waits, so it does not end when the client leaves
// whose request happens to run it; but it takes no longer than that request may.
func (k *keyring) refresh(ctx context.Context) {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(storeWithin)
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer cancel()
	number := k.attempts.Add(1)
	old := k.ring.Load()
	next := &ring{keys: old.keys, read: k.now()}
	all, version, err := k.store.Keys(ctx, old.version)
	k.last = attempt{number, err, deadline}
	if errors.Is(err, callvault.ErrReplaced) {
		next.read = time.Time{} // these keys belong to another store and must open nothing
		k.ring.Store(next)
	}
	if err != nil {
		return
	}
	if next.version = version; version != old.version {
		next.keys = make(map[string]*callvault.Key, len(all))
		for i := range all {
			next.keys[all[i].ID] = &all[i]
		}
	}
	k.ring.Store(next)
}
