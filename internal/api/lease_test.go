package api

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// newPair makes two servers on one store.
func newPair(t *testing.T, config Config) (first, second *server) {
	t.Helper()
	first = newServer(t, config)
	second = &server{store: first.store, clock: first.clock, log: first.log}
	second.restart(t, config)
	return first, second
}

// TestSecondOfTwoProcesses: together they have one bucket, whoever is faster.
func TestSecondOfTwoProcesses(t *testing.T) {
	first, second := newPair(t, Config{Limit: Limit{PerSecond: 50}})
	a, _ := first.spend(t)
	b, _ := second.spend(t)
	if a != 50 || b != 0 {
		t.Errorf("got %d and %d of a bucket of 50", a, b)
	}
	total := 0
	for range 100 {
		first.clock.advance(20 * time.Millisecond)
		for _, s := range []*server{first, second} {
			if s.get("/v2/calls").Code != http.StatusTooManyRequests {
				total++
			}
		}
	}
	if total < 99 || total > 100 {
		t.Errorf("got %d in two seconds of 50", total)
	}
}

// TestSharesFollowDemand: who asks much leases much at a time, and who asks
// little holds little that others could use.
func TestSharesFollowDemand(t *testing.T) {
	first, second := newPair(t, Config{Limit: Limit{PerSecond: 1000}})
	if n, _ := first.spend(t); n != 1000 || first.store.shares > 20 {
		t.Errorf("the store was asked %d times for %d requests", first.store.shares, n)
	}
	asked := first.store.shares
	for range 100 {
		first.spend(t)
	}
	if first.store.shares != asked {
		t.Errorf("the store was asked %d times for what it does not have", first.store.shares-asked)
	}
	for range 10 { // one request in two seconds
		first.clock.advance(2 * time.Second)
		wantStatus(t, first.get("/v2/calls"), http.StatusBadRequest)
	}
	if n, _ := second.spend(t); n != 999 {
		t.Errorf("got %d, want all but the one that was just asked", n)
	}
}

// TestAShareIsForASecond: what is not used of it by then is lost, and a bucket is
// the same whether it was leased from or not.
func TestAShareIsForASecond(t *testing.T) {
	s := newServer(t, Config{Limit: Limit{PerSecond: 100}})
	for range 18 { // 1, 2, 4, 8 and 3 of 10 that were leased
		wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	}
	s.clock.advance(time.Second - time.Nanosecond)
	if n, _ := s.spend(t); n != 107 {
		t.Errorf("got %d, want 7 that are left of a share, and a full bucket", n)
	}
	s.clock.advance(time.Hour)
	for range 18 {
		wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	}
	s.clock.advance(time.Second)
	if n, _ := s.spend(t); n != 100 {
		t.Errorf("got %d, want a full bucket", n)
	}
}

// TestAFailingSecond: what the store does not grant is not granted.
func TestAFailingSecond(t *testing.T) {
	s := newServer(t, Config{Limit: Limit{PerSecond: 1}})
	s.store.fail(errors.New("disk on fire"))
	wantStatus(t, s.get("/v2/calls"), http.StatusInternalServerError, "An error has occurred")
	s.store.fail(nil)
	if n, _ := s.spend(t); n != 1 {
		t.Errorf("got %d, want 1: a failure takes nothing", n)
	}
}

// TestASlowSecond: all who wait for the store share one answer, for no longer
// than leaseWithin.
func TestASlowSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{Limit: Limit{PerSecond: 1000}, Log: discard, NewID: newRequestID})
		wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
		s.store.stallTake = func(ctx context.Context) { <-ctx.Done() }
		var group sync.WaitGroup
		begin := time.Now()
		for range 6 {
			group.Go(func() { wantStatus(t, s.get("/v2/calls"), http.StatusInternalServerError) })
		}
		group.Wait()
		synctest.Wait()
		if waited := time.Since(begin); waited != leaseWithin || s.store.shares != 2 {
			t.Errorf("requests waited %v, and asked %d times", waited, s.store.shares)
		}
	})
}

// TestALateSecond: an answer that takes longer than a share is good for still
// serves those who waited for it.
func TestALateSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{Limit: Limit{PerSecond: 1000}, Log: discard, NewID: newRequestID})
		s.store.stallTake = func(context.Context) {
			time.Sleep(1200 * time.Millisecond)
			s.clock.advance(1200 * time.Millisecond)
		}
		var group sync.WaitGroup
		begin := time.Now()
		for range 2 {
			group.Go(func() { wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest) })
		}
		group.Wait()
		if waited := time.Since(begin); waited > 3*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}
