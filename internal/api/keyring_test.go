package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
)

func TestAKnownKeyCostsNoRead(t *testing.T) {
	s := newServer(t, Config{})
	for range 3 {
		wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	}
	wantStatus(t, s.getAs(basicAuth("KEY", "wrong"), "/v2/calls"), http.StatusUnauthorized)
	s.clock.advance(2*time.Second - 1)
	wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	if s.store.reads != 1 {
		t.Errorf("the keys were read %d times, want once", s.store.reads)
	}
	s.clock.advance(1)
	for range 3 {
		wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	}
	if s.store.reads != 2 {
		t.Errorf("the keys were read %d times, want twice", s.store.reads)
	}
}

func TestARevokedKeyStops(t *testing.T) {
	for _, pause := range []time.Duration{freshFor, staleAfter - 1, staleAfter, time.Hour} {
		s := newServer(t, Config{})
		wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
		s.store.change("KEY", func(k *callvault.Key) { k.Revoked = noon })
		s.clock.advance(pause)
		wantStatus(t, s.get("/v2/calls"), http.StatusUnauthorized, notAuthorized)
	}
}

// TestARevokedKeyStopsWhileRefreshesFail has a store that fails for a while in
// which nobody may be let in on old knowledge.
func TestARevokedKeyStopsWhileRefreshesFail(t *testing.T) {
	s := newServer(t, Config{})
	wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	s.store.change("KEY", func(k *callvault.Key) { k.Revoked = noon })
	s.store.fail(errors.New("disk on fire"))
	s.clock.advance(staleAfter - 1)
	wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	s.clock.advance(1)
	for range 2 {
		wantStatus(t, s.get("/v2/calls"), http.StatusInternalServerError, "An error has occurred")
	}
	s.store.fail(nil)
	wantStatus(t, s.get("/v2/calls"), http.StatusUnauthorized)
}

// TestAReplacedStore lets nobody in on the keys of the store before, not for a moment,
// and is asked by all who come.
func TestAReplacedStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{NewID: newRequestID})
		wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
		s.store.fail(fmt.Errorf("read: %w", callvault.ErrReplaced))
		s.clock.advance(freshFor)
		for range 3 {
			wantStatus(t, s.get("/v2/calls"), http.StatusInternalServerError, "An error has occurred")
			wantStatus(t, s.getAs(basicAuth("NO", "hush"), "/v2/calls"), http.StatusInternalServerError, "An error has occurred")
		}
		// Nobody goes on with the old keys while another asks.
		goOn := s.stalled()
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() { wantStatusIn(t, s, http.StatusInternalServerError) })
		}
		synctest.Wait()
		goOn()
		group.Wait()
	})
}

// TestAClockSetBack must not make the keyring fresh for as long.
func TestAClockSetBack(t *testing.T) {
	s := newServer(t, Config{})
	wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	s.store.change("KEY", func(k *callvault.Key) { k.Revoked = noon })
	s.clock.advance(-time.Hour)
	wantStatus(t, s.get("/v2/calls"), http.StatusUnauthorized)
}

func TestANewKeyWorksAtOnce(t *testing.T) {
	s := newServer(t, Config{})
	added := basicAuth("NEW", "hush")
	for range 2 { // that it was unknown is not remembered
		wantStatus(t, s.getAs(added, "/v2/calls"), http.StatusUnauthorized)
	}
	s.store.AddKey(t.Context(), testKey(callvault.BasicKey, "acme", "NEW", "hush"))
	wantStatus(t, s.getAs(added, "/v2/calls"), http.StatusBadRequest)
}

// TestAStoreThatGoesBack has lost a change of keys, by a failover or a restore, and
// goes on from there with as many changes: nobody is let in by the lost key, and the
// new one works at once.
func TestAStoreThatGoesBack(t *testing.T) {
	s := newServer(t, Config{})
	backTo := s.store.moment()
	lost, made := basicAuth("LOST", "hush"), basicAuth("MADE", "hush")
	s.store.AddKey(t.Context(), testKey(callvault.BasicKey, "acme", "LOST", "hush"))
	wantStatus(t, s.getAs(lost, "/v2/calls"), http.StatusBadRequest)
	backTo()
	s.store.AddKey(t.Context(), testKey(callvault.BasicKey, "acme", "MADE", "hush"))
	wantStatus(t, s.getAs(made, "/v2/calls"), http.StatusBadRequest)
	wantStatus(t, s.getAs(lost, "/v2/calls"), http.StatusUnauthorized)
	backTo()
	s.clock.advance(freshFor)
	wantStatus(t, s.getAs(made, "/v2/calls"), http.StatusUnauthorized)
	wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
}

// TestStrangersKeepNobody has a crowd of them with ids that are no key's: one read of the
// store answers all of them, and the new key that came last.
func TestStrangersKeepNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{NewID: newRequestID})
		s.get("/v2/calls")
		goOn := s.stalled()
		var group sync.WaitGroup
		ask := func(id string, status int) {
			group.Go(func() {
				if w := s.getAs(basicAuth(id, "hush"), "/v2/calls"); w.Code != status {
					t.Errorf("%s: %d, want %d", id, w.Code, status)
				}
			})
			synctest.Wait()
		}
		ask("NO", http.StatusUnauthorized) // reads
		for i := range 200 {
			ask(fmt.Sprint("NO", i), http.StatusUnauthorized)
		}
		s.store.AddKey(t.Context(), testKey(callvault.BasicKey, "acme", "NEW", "hush"))
		ask("NEW", http.StatusBadRequest)
		wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest) // a known key waits for nobody
		before := s.store.reads
		goOn()
		group.Wait()
		if n := s.store.reads - before; n != 1 {
			t.Errorf("the store was read %d times for those who waited", n)
		}
	})
}

// TestUnknownKeysTakeNoMemory looks for a great many keys that are not there.
func TestUnknownKeysTakeNoMemory(t *testing.T) {
	s := newServer(t, Config{Limit: Limit{3, 10_000}})
	wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	for i := range 2_000 { // the whole way
		wantStatus(t, s.getAs(basicAuth(fmt.Sprint("NO", i), "hush"), "/v2/calls"), http.StatusUnauthorized)
		s.log.Reset()
	}
	for i := range 1_000_000 { // the part that could remember
		if key, err := s.keys.find(t.Context(), fmt.Sprint("NO", i)); key != nil || err != nil {
			t.Fatal(key, err)
		}
	}
	if keys, companies := len(s.keys.ring.Load().keys), len(s.limits.companies); keys != 1 || companies != 1 {
		t.Errorf("%d keys and %d companies are remembered, want one each", keys, companies)
	}
	wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
}

// stalled makes the store's reads wait for the returned function.
func (s *server) stalled() (goOn func()) {
	gate := make(chan struct{})
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.stall = func(ctx context.Context) {
		select {
		case <-gate:
		case <-ctx.Done():
		}
	}
	return func() { close(gate) }
}

// TestOneRequestRefreshes has a store that takes its time. Requests go on with
// the old keys until those are stale, and then wait.
func TestOneRequestRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{NewID: newRequestID})
		s.get("/v2/calls")
		s.store.change("KEY", func(k *callvault.Key) { k.Revoked = noon })
		goOn := s.stalled()
		s.clock.advance(freshFor)

		var answered atomic.Int32
		ask := func() { wantStatusIn(t, s, http.StatusUnauthorized); answered.Add(1) }
		go ask() // the one that refreshes
		synctest.Wait()
		for range 3 {
			wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
		}
		if answered.Load() != 0 {
			t.Fatal("nobody refreshes")
		}
		s.clock.advance(staleAfter - freshFor)
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
		// The one under way was begun before the ten came, so it may have missed
		// what they must see: they share another.
		if s.store.reads != 3 {
			t.Errorf("the keys were read %d times, want 3", s.store.reads)
		}
	})
}

// wantStatusIn is wantStatus for a goroutine.
func wantStatusIn(t *testing.T, s *server, status int) {
	if w := s.get("/v2/calls"); w.Code != status {
		t.Errorf("got status %d, want %d: %s", w.Code, status, w.Body)
	}
}

// TestAFailureIsShared: who waits for a refresh that fails does not try again,
// one after the other.
func TestAFailureIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{NewID: newRequestID})
		goOn := s.stalled()
		s.store.fail(errors.New("disk on fire"))
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() { wantStatusIn(t, s, http.StatusInternalServerError) })
		}
		synctest.Wait()
		goOn()
		group.Wait()
		if s.store.reads > 2 {
			t.Errorf("the keys were read %d times, want at most twice", s.store.reads)
		}
	})
}

// TestAStoreThatHangs is given up, and nobody is let in meanwhile.
func TestAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{NewID: newRequestID})
		s.get("/v2/calls")
		defer s.stalled()()
		s.clock.advance(staleAfter - 1)
		began := time.Now()
		s.store.mu.Lock()
		stall := s.store.stall
		s.store.stall = func(ctx context.Context) { stall(ctx); s.clock.advance(storeWithin) }
		s.store.mu.Unlock()
		wantStatus(t, s.get("/v2/calls"), http.StatusInternalServerError)
		if waited := time.Since(began); waited != storeWithin {
			t.Errorf("waited %v, want %v", waited, storeWithin)
		}
	})
}

// TestALeavingClientHarmsNobody: the request that refreshes for all leaves in the
// middle of it; who waits is answered all the same.
func TestALeavingClientHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{NewID: newRequestID})
		steps := make(chan struct{})
		s.store.stall = func(ctx context.Context) {
			select {
			case <-steps:
			case <-ctx.Done():
			}
		}
		ctx, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		stays := func() { wantStatusIn(t, s, http.StatusBadRequest) }
		leaves := func() {
			w := httptest.NewRecorder()
			wantAborted(t, func() { s.ServeHTTP(w, request("/v2/calls").WithContext(ctx)) })
			if w.Body.Len() != 0 {
				t.Errorf("one who left was answered: %s", w.Body)
			}
		}
		// The first refreshes for itself, the second for the two after it.
		for _, client := range []func(){stays, leaves, stays, leaves} {
			group.Go(client)
			synctest.Wait()
		}
		steps <- struct{}{}
		synctest.Wait()
		leave()
		synctest.Wait()
		steps <- struct{}{}
		group.Wait()
		if s.store.reads != 2 {
			t.Errorf("the keys were read %d times, want twice", s.store.reads)
		}
	})
}
