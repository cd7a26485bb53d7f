package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
)

var errFire = errors.New("disk on fire")

func TestAKnownKeyCostsNoRead(t *testing.T) {
	r := newRoom(t)
	for range 3 {
		r.want(t, "KEY", nil)
	}
	r.clock.advance(freshFor - 1)
	r.want(t, "KEY", nil)
	if r.store.reads != 1 {
		t.Errorf("the keys were read %d times, want once", r.store.reads)
	}
	r.clock.advance(1)
	for range 3 {
		r.want(t, "KEY", nil)
	}
	if r.store.reads != 2 {
		t.Errorf("the keys were read %d times, want twice", r.store.reads)
	}
}

func TestARevokedKeyStops(t *testing.T) {
	for _, pause := range []time.Duration{freshFor, staleAfter - 1, staleAfter, time.Hour} {
		r := newRoom(t)
		r.want(t, "KEY", nil)
		r.store.revoke()
		r.clock.advance(pause)
		r.want(t, "KEY", KeyRevoked)
	}
}

// While refreshes fail, nobody is let in on old keys once they are stale.
func TestARevokedKeyStopsWhileRefreshesFail(t *testing.T) {
	r := newRoom(t)
	r.want(t, "KEY", nil)
	r.store.revoke()
	r.store.fail(errFire)
	r.clock.advance(staleAfter - 1)
	r.want(t, "KEY", nil)
	r.clock.advance(1)
	for range 2 {
		r.want(t, "KEY", errFire)
	}
	r.store.fail(nil)
	r.want(t, "KEY", KeyRevoked)
}

// The keys of a store that was replaced let nobody in, not for a moment, and all who come
// ask.
func TestAReplacedStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t)
		r.want(t, "KEY", nil)
		r.store.fail(fmt.Errorf("read: %w", callvault.ErrReplaced))
		r.clock.advance(freshFor)
		for range 3 {
			r.want(t, "KEY", callvault.ErrReplaced)
			r.want(t, "NO", callvault.ErrReplaced)
		}
		// Nobody goes on with the old keys while another asks.
		goOn := r.store.stalled()
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() { r.want(t, "KEY", callvault.ErrReplaced) })
		}
		synctest.Wait()
		goOn()
		group.Wait()
	})
}

// A clock that is set back must not make the keys fresh for as long.
func TestAClockSetBack(t *testing.T) {
	r := newRoom(t)
	r.want(t, "KEY", nil)
	r.store.revoke()
	r.clock.advance(-time.Hour)
	r.want(t, "KEY", KeyRevoked)
}

func TestANewKeyWorksAtOnce(t *testing.T) {
	r := newRoom(t)
	for range 2 { // that it was unknown is not remembered
		r.want(t, "NEW", UnknownKey)
	}
	r.store.AddKey(t.Context(), testKey("NEW"))
	r.want(t, "NEW", nil)
}

// A store that has lost a change of keys, by a failover or a restore, goes on with as many
// changes: nobody is let in by the lost key, and the new one works at once.
func TestAStoreThatGoesBack(t *testing.T) {
	r := newRoom(t)
	backTo := r.store.moment()
	r.store.AddKey(t.Context(), testKey("LOST"))
	r.want(t, "LOST", nil)
	backTo()
	r.store.AddKey(t.Context(), testKey("MADE"))
	r.want(t, "MADE", nil)
	r.want(t, "LOST", UnknownKey)
	backTo()
	r.clock.advance(freshFor)
	r.want(t, "MADE", UnknownKey)
	r.want(t, "KEY", nil)
}

// One read of the store answers a crowd of strangers, and the new key that came last.
func TestStrangersKeepNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t)
		r.want(t, "KEY", nil)
		goOn := r.store.stalled()
		var group sync.WaitGroup
		ask := func(id string, want error) {
			group.Go(func() { r.want(t, id, want) })
			synctest.Wait()
		}
		ask("NO", UnknownKey) // reads
		for i := range 200 {
			ask(fmt.Sprint("NO", i), UnknownKey)
		}
		r.store.AddKey(t.Context(), testKey("NEW"))
		ask("NEW", nil)
		r.want(t, "KEY", nil) // a known key waits for nobody
		before := r.store.reads
		goOn()
		group.Wait()
		if n := r.store.reads - before; n != 1 {
			t.Errorf("the store was read %d times for those who waited", n)
		}
	})
}

// Keys that are not there take no memory.
func TestUnknownKeysTakeNoMemory(t *testing.T) {
	r := newRoom(t)
	for i := range 10_000 {
		r.want(t, fmt.Sprint("NO", i), UnknownKey)
	}
	if n := len(r.ring.Load().keys); n != 1 {
		t.Errorf("%d keys are remembered, want one", n)
	}
}

// While a store takes its time, requests go on with the old keys until those are stale,
// and then wait.
func TestOneRequestRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t)
		r.want(t, "KEY", nil)
		r.store.revoke()
		goOn := r.store.stalled()
		r.clock.advance(freshFor)

		var answered atomic.Int32
		ask := func() { r.want(t, "KEY", KeyRevoked); answered.Add(1) }
		go ask() // the one that refreshes
		synctest.Wait()
		for range 3 {
			r.want(t, "KEY", nil)
		}
		if answered.Load() != 0 {
			t.Fatal("nobody refreshes")
		}
		r.clock.advance(staleAfter - freshFor)
		for range 10 {
			go ask()
		}
		synctest.Wait()
		if n := answered.Load(); n != 0 {
			t.Fatalf("%d requests did not wait", n)
		}
		goOn()
		synctest.Wait()
		if n := answered.Load(); n != 11 {
			t.Fatalf("%d requests were answered, want 11", n)
		}
		// The read under way was begun before the ten came, so it may have missed
		// what they must see: they share another.
		if r.store.reads != 3 {
			t.Errorf("the keys were read %d times, want 3", r.store.reads)
		}
	})
}

// Requests that wait for a refresh that fails do not try again, one after the other.
func TestAFailureIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t)
		goOn := r.store.stalled()
		r.store.fail(errFire)
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() { r.want(t, "KEY", errFire) })
		}
		synctest.Wait()
		goOn()
		group.Wait()
		if r.store.reads > 2 {
			t.Errorf("the keys were read %d times, want at most twice", r.store.reads)
		}
	})
}

// A store that hangs is given up, and nobody is let in on keys that are stale by then.
func TestAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t)
		r.want(t, "KEY", nil)
		r.clock.advance(staleAfter - 1)
		r.store.stall = func(ctx context.Context) { <-ctx.Done(); r.clock.advance(storeWithin) }
		began := time.Now()
		r.want(t, "KEY", context.DeadlineExceeded)
		if waited := time.Since(began); waited != storeWithin {
			t.Errorf("waited %v, want %v", waited, storeWithin)
		}
	})
}

// A request that gives up, or whose client leaves, harms none of those that wait with it:
// they get the answer that it did not wait for.
func TestAShorterDeadlineHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t)
		goOn := r.store.stalled()
		var group sync.WaitGroup
		begin := func(within time.Duration, want error) {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), within)
				defer cancel()
				if _, err := r.ask(ctx, "KEY"); !errors.Is(err, want) {
					t.Errorf("with %v to wait: got %v, want %v", within, err, want)
				}
			})
			synctest.Wait()
		}
		begin(time.Second, context.DeadlineExceeded) // asks for itself
		begin(3*time.Second, nil)
		begin(time.Second, context.DeadlineExceeded)
		begin(3*time.Second, nil)
		time.Sleep(2 * time.Second) // the bubble's
		goOn()
		group.Wait()
		if r.store.reads != 2 {
			t.Errorf("the keys were read %d times, want twice", r.store.reads)
		}
	})
}

// A request that comes while the store hangs is answered by another question, once the
// first was given up: its own time is not up.
func TestARetryAfterAnothersDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t)
		r.store.stall = func(ctx context.Context) {
			if r.store.reads == 1 {
				<-ctx.Done()
			}
		}
		var group sync.WaitGroup
		begin := func(want error) {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), storeWithin)
				defer cancel()
				if _, err := r.ask(ctx, "KEY"); !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			})
			synctest.Wait()
		}
		begin(context.DeadlineExceeded)
		time.Sleep(storeWithin - time.Second) // the bubble's
		for range 3 {
			begin(nil)
		}
		began := time.Now()
		group.Wait()
		if waited := time.Since(began); waited != time.Second || r.store.reads != 2 {
			t.Errorf("they waited %v, and the keys were read %d times", waited, r.store.reads)
		}
	})
}
