package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
)

func TestParseLimit(t *testing.T) {
	tests := []struct {
		in   string
		want Limit
	}{
		{"off", Limit{}},
		{"gong", Limit{3, 10_000}},
		{"1000/s", Limit{PerSecond: 1000}},
		{"5/day", Limit{PerDay: 5}},
		{"3/s,10000/day", Limit{3, 10_000}},
		{"10000/day,3/s", Limit{3, 10_000}},
	}
	for _, test := range tests {
		got, err := ParseLimit(test.in)
		if err != nil || got != test.want {
			t.Errorf("ParseLimit(%q) = %+v, %v, want %+v", test.in, got, err, test.want)
		}
		if again, err := ParseLimit(got.String()); err != nil || again != got {
			t.Errorf("%+v is written as %q and read as %+v, %v", got, got, again, err)
		}
	}
	for _, in := range []string{
		"", "3", "/s", "s", "0/s", "-1/s", "+1/s", "1.5/s", "1e3/s", "3/S", "3/m", "3 /s", "3/s ", "3/s,", ",", "3/s,4/s",
		"1/day,1/day", "3/s,10/day,1/s", "2147483648/s", "99999999999999999999/day", "OFF", "gong,3/s", "3/s/day",
	} {
		if got, err := ParseLimit(in); err == nil {
			t.Errorf("ParseLimit(%q) = %+v", in, got)
		}
	}
}

// spend asks until the first 429, and returns how many others there were and
// the header Retry-After.
func (s *server) spend(t *testing.T) (spent int, retryAfter string) {
	t.Helper()
	for ; spent < 10_000; spent++ {
		w := s.get("/v2/calls")
		if w.Code == http.StatusTooManyRequests {
			return spent, w.Header().Get("Retry-After")
		}
		wantStatus(t, w, http.StatusBadRequest)
	}
	t.Fatal("there is no limit")
	return 0, ""
}

func TestPerSecond(t *testing.T) {
	s := newServer(t, Config{Limit: Limit{PerSecond: 50}})
	if n, retry := s.spend(t); n != 50 || retry != "1" {
		t.Errorf("got %d, %q, want a bucket of 50 and 1 second", n, retry)
	}
	s.clock.advance(100 * time.Millisecond)
	if n, _ := s.spend(t); n != 5 {
		t.Errorf("got %d, want 5 in a tenth of a second", n)
	}
	s.clock.advance(time.Hour)
	if n, _ := s.spend(t); n != 50 {
		t.Errorf("got %d, want no more than the bucket holds", n)
	}
	if s.store.takes != 0 {
		t.Errorf("without a day's limit the store was asked %d times", s.store.takes)
	}
}

// TestRetryAfter is rounded up to whole seconds, and at least one.
func TestRetryAfter(t *testing.T) {
	for wait, want := range map[time.Duration]string{0: "1", 1: "1", time.Second: "1", time.Second + 1: "2", day: "86400"} {
		var answer *clientError
		if !errors.As(limited(wait, nil), &answer) || answer.header.Get("Retry-After") != want {
			t.Errorf("%v: got %v, want %s", wait, answer.header, want)
		}
	}
}

// TestPerDay draws a day of 1000 in leases of 10, and counts each once.
func TestPerDay(t *testing.T) {
	s := newServer(t, Config{Limit: Limit{PerDay: 1000}})
	if n, retry := s.spend(t); n != 1000 || retry != "43200" {
		t.Errorf("got %d, %q, want 1000 and the half of a day", n, retry)
	}
	if s.store.takes != 101 {
		t.Errorf("the store was asked %d times, want 101", s.store.takes)
	}
	// A used-up day costs the store next to nothing.
	for range 100 {
		s.spend(t)
	}
	if s.store.takes != 101 {
		t.Errorf("the store was asked %d times for what is used up", s.store.takes-101)
	}
	// Something comes back from another process.
	today := callvault.QuotaDay{Company: "acme", Day: dayOf(noon), Limit: 1000}
	s.store.ReturnQuota(t.Context(), today, 3)
	s.clock.advance(askAgain)
	if n, _ := s.spend(t); n != 3 {
		t.Errorf("got %d, want the 3 that came back", n)
	}
	s.clock.advance(12*time.Hour - askAgain - time.Nanosecond)
	if n, retry := s.spend(t); n != 0 || retry != "1" {
		t.Errorf("got %d, %q, want a second to midnight", n, retry)
	}
	s.clock.advance(time.Nanosecond)
	if n, retry := s.spend(t); n != 1000 || retry != "86400" {
		t.Errorf("got %d, %q, want another day", n, retry)
	}
}

// TestADayLimitOfFew draws leases of one.
func TestADayLimitOfFew(t *testing.T) {
	s := newServer(t, Config{Limit: Limit{PerDay: 7}})
	if n, _ := s.spend(t); n != 7 {
		t.Errorf("got %d, want 7", n)
	}
}

// TestALeaseIsForOneDay: what is left of yesterday's is not spent today.
func TestALeaseIsForOneDay(t *testing.T) {
	s := newServer(t, Config{Limit: Limit{PerDay: 1000}})
	wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	s.clock.advance(12 * time.Hour)
	if n, _ := s.spend(t); n != 1000 {
		t.Errorf("got %d, want 1000", n)
	}
}

// TestA429IsFree: what is refused for the second does not use the day up, nor
// the other way round.
func TestA429IsFree(t *testing.T) {
	s := newServer(t, Config{Limit: Limit{PerSecond: 2, PerDay: 10}})
	total := 0
	for range 20 {
		for range 3 {
			s.get("/v2/calls")
		}
		if w := s.get("/v2/calls"); w.Code != http.StatusTooManyRequests {
			t.Fatalf("got status %d", w.Code)
		}
		s.clock.advance(500 * time.Millisecond)
		if s.get("/v2/calls").Code != http.StatusTooManyRequests {
			total++
		}
		s.clock.advance(time.Millisecond)
	}
	if got := s.store.quota[quotaCount{"acme", dayOf(noon)}]; got != 10 {
		t.Errorf("%d were drawn, want 10", got)
	}
	if total != 8 { // two went with the bucket that was full
		t.Errorf("got %d, want 8", total)
	}
	s.clock.advance(12 * time.Hour) // the bucket is full, and was not drawn from by refusals
	if n, _ := s.spend(t); n != 2 {
		t.Errorf("got %d, want 2", n)
	}
}

// TestQuotaSurvives puts new Handlers before one store, with and without the
// old one having given back its lease.
func TestQuotaSurvives(t *testing.T) {
	limit := Config{Limit: Limit{PerDay: 1000}}
	s := newServer(t, limit)
	for range 15 {
		wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	}
	for range 2 { // closing twice gives back once
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.store.quota[quotaCount{"acme", dayOf(noon)}]; got != 15 {
		t.Errorf("%d count as used after Close, want 15", got)
	}
	s.restart(t, limit)
	for range 5 {
		wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	}
	s.restart(t, limit) // without Close: 5 of a lease are lost
	if n, _ := s.spend(t); n != 1000-15-10 {
		t.Errorf("got %d, want what is left of the day", n)
	}
}

// TestTwoProcesses never exceed the day together.
func TestTwoProcesses(t *testing.T) {
	limit := Config{Limit: Limit{PerDay: 1000}}
	first := newServer(t, limit)
	second := &server{store: first.store, clock: first.clock, log: first.log}
	second.restart(t, limit)
	wantStatus(t, second.get("/v2/calls"), http.StatusBadRequest)
	a, _ := first.spend(t)
	b, _ := second.spend(t)
	if a+b+1 != 1000 {
		t.Errorf("got %d and %d", a, b+1)
	}
}

func TestRequestsAtOnce(t *testing.T) {
	s := newServer(t, Config{Limit: Limit{PerSecond: 150, PerDay: 100}, NewID: newRequestID})
	s.log = nil
	s.Handler.log = discard
	var group sync.WaitGroup
	var spent atomic.Int32
	for range 8 {
		group.Go(func() {
			for range 50 {
				w := httptest.NewRecorder()
				if s.ServeHTTP(w, request("/v2/calls")); w.Code != http.StatusTooManyRequests {
					spent.Add(1)
				}
			}
		})
	}
	group.Wait()
	if spent.Load() != 100 {
		t.Errorf("got %d, want 100", spent.Load())
	}
}

func TestAFailingQuota(t *testing.T) {
	s := newServer(t, Config{Limit: Limit{PerDay: 100}})
	wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	s.store.fail(errors.New("disk on fire"))
	wantStatus(t, s.get("/v2/calls"), http.StatusInternalServerError, "An error has occurred")
	if err := s.Close(t.Context()); err != nil {
		t.Errorf("nothing is left to give back: %v", err)
	}
	s.store.fail(nil)
	if n, _ := s.spend(t); n != 99 {
		t.Errorf("got %d, want 99: a failure draws nothing", n)
	}

	s = newServer(t, Config{Limit: Limit{PerDay: 1000}})
	wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
	fire := errors.New("disk on fire")
	s.store.fail(fire)
	if err := s.Close(t.Context()); !errors.Is(err, fire) {
		t.Errorf("got %v, want %v", err, fire)
	}
}

// TestASlowQuota: all who wait for the store share one answer, and nobody waits
// while something is left of the lease.
func TestASlowQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{Limit: Limit{PerDay: 1000}, Log: discard, NewID: newRequestID})
		wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
		s.store.stallTake = func(ctx context.Context) { <-ctx.Done() }
		begin := time.Now()
		for range 9 {
			wantStatus(t, s.get("/v2/calls"), http.StatusBadRequest)
		}
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("requests waited %v though a lease was there", waited)
		}
		var group sync.WaitGroup
		for range 6 {
			group.Go(func() { wantStatus(t, s.get("/v2/calls"), http.StatusInternalServerError) })
		}
		group.Wait()
		if waited := time.Since(begin); waited != storeWithin {
			t.Errorf("requests waited %v, want %v", waited, storeWithin)
		}
		synctest.Wait()
		if s.store.takes != 2 {
			t.Errorf("the store was asked %d times, want 2", s.store.takes)
		}
	})
}

// TestADrawOverMidnight: what a draw brings after midnight is yesterday's, and
// counts for nothing.
func TestADrawOverMidnight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{Limit: Limit{PerDay: 1000}, Log: discard, NewID: newRequestID})
		late := make(chan struct{})
		s.store.stallTake = func(context.Context) { <-late }
		status := make(chan int, 1)
		go func() { status <- s.get("/v2/calls").Code }()
		synctest.Wait()
		s.clock.advance(12 * time.Hour)
		s.store.stallTake = nil
		if n, _ := s.spend(t); n != 1000 {
			t.Errorf("got %d, want 1000", n)
		}
		close(late)
		if got := <-status; got != http.StatusTooManyRequests {
			t.Errorf("got status %d for the one that waited", got)
		}
	})
}
