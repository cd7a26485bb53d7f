package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

func poolLaws() []law {
	return []law{
		{"the pool counts who works and who waits", poolCounts},
		{"a closed store has no connections", closedStoreHasNoPool},
	}
}

// Readers that stay are in use; with one more than there is room for, as many work
// as may, and the others are counted as having waited.
func poolCounts(t *testing.T, open Open) {
	store := open(t)
	put(t, store.Calls(acme), fifty(t)...)
	rested := eventually(t, store, "rests", func(p callvault.Pool) bool { return p.InUse == 0 })
	if rested.Idle < 1 || rested.Idle > rested.Max {
		t.Errorf("at rest %+v", rested)
	}
	var reading sync.WaitGroup
	stay := make(chan struct{})
	letGo := sync.OnceFunc(func() { close(stay) })
	defer letGo()
	read := func() {
		err := store.Calls(acme).Scan(t.Context(), all(), all().Start(), 1, func(callvault.Record) error { <-stay; return nil })
		if err != nil {
			t.Error(err)
		}
	}
	reading.Go(read)
	eventually(t, store, "has one reader", func(p callvault.Pool) bool { return p.InUse == 1 })
	for range rested.Max {
		reading.Go(read)
	}
	// One connection may be kept for writing.
	full := eventually(t, store, "is full", func(p callvault.Pool) bool { return p.InUse >= p.Max-1 })
	if full.InUse+full.Idle > full.Max {
		t.Errorf("full %+v", full)
	}
	// With a place let go for each reader that comes, one finds none sooner or later.
	eventually(t, store, "has had somebody wait", func(p callvault.Pool) bool {
		reading.Go(read)
		stay <- struct{}{}
		return p.Waits > rested.Waits && p.Waited > rested.Waited
	})
	letGo()
	reading.Wait()
	after := eventually(t, store, "rests again", func(p callvault.Pool) bool { return p.InUse == 0 })
	if after.Max != rested.Max || after.Idle > after.Max {
		t.Errorf("first %+v, and in the end %+v", rested, after)
	}
}

// eventually waits until the pool is as it must be.
func eventually(t *testing.T, store callvault.Store, what string, is func(callvault.Pool) bool) callvault.Pool {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		p := store.Pool()
		if is(p) {
			return p
		}
		if time.Now().After(deadline) {
			t.Fatalf("never %s: %+v", what, p)
		}
	}
}

func closedStoreHasNoPool(t *testing.T, open Open) {
	store := open(t)
	put(t, store.Calls(acme), fifty(t)...)
	closeStore(t, store)
	eventually(t, store, "is without connections", func(p callvault.Pool) bool { return p.InUse == 0 && p.Idle == 0 })
}
