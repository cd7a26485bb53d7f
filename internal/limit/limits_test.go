package limit

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
)

// today is the number of the day on which every test begins.
var today = int(noon.Unix() / int64(day/time.Second))

// A day of 1000 is drawn in leases of 10, and each is counted once.
func TestPerDay(t *testing.T) {
	p := newProcess(Limit{PerDay: 1000})
	if n, wait := p.spend(t); n != 1000 || wait != 12*time.Hour {
		t.Errorf("got %d, %v, want 1000 and the half of a day", n, wait)
	}
	if p.quotas.takes != 101 {
		t.Errorf("the store was asked %d times, want 101", p.quotas.takes)
	}
	// A used-up day costs the store next to nothing.
	for range 100 {
		p.spend(t)
	}
	if p.quotas.takes != 101 {
		t.Errorf("the store was asked %d times for what is used up", p.quotas.takes-101)
	}
	// Something comes back from another process.
	p.quotas.ReturnQuota(t.Context(), callvault.QuotaDay{Company: "acme", Day: today, Limit: 1000}, 3)
	p.clock.advance(askAgain)
	if n, _ := p.spend(t); n != 3 {
		t.Errorf("got %d, want the 3 that came back", n)
	}
	p.clock.advance(12*time.Hour - askAgain - time.Nanosecond)
	if n, wait := p.spend(t); n != 0 || wait != 1 {
		t.Errorf("got %d, %v, want none before midnight", n, wait)
	}
	p.clock.advance(time.Nanosecond)
	if n, wait := p.spend(t); n != 1000 || wait != day {
		t.Errorf("got %d, %v, want another day", n, wait)
	}
}

// Leases of a day of few requests are of one.
func TestADayLimitOfFew(t *testing.T) {
	if n, _ := newProcess(Limit{PerDay: 7}).spend(t); n != 7 {
		t.Errorf("got %d, want 7", n)
	}
}

// What is left of yesterday's lease is not spent today.
func TestALeaseIsForOneDay(t *testing.T) {
	p := newProcess(Limit{PerDay: 1000})
	p.mustTake(t)
	p.clock.advance(12 * time.Hour)
	if n, _ := p.spend(t); n != 1000 {
		t.Errorf("got %d, want 1000", n)
	}
}

// What is refused for the second does not use the day up, nor the other way round.
func TestARefusalIsFree(t *testing.T) {
	p := newProcess(Limit{PerSecond: 2, PerDay: 10})
	total := 0
	for range 20 {
		p.spend(t)
		p.clock.advance(500 * time.Millisecond)
		if p.take(t) == nil {
			total++
		}
		p.clock.advance(time.Millisecond)
	}
	if got := p.quotas.used[today]; got != 10 {
		t.Errorf("%d were drawn, want 10", got)
	}
	if total != 8 { // two went with the bucket that was full
		t.Errorf("got %d, want 8", total)
	}
	p.clock.advance(12 * time.Hour) // the bucket is full, and was not drawn from by refusals
	if n, _ := p.spend(t); n != 2 {
		t.Errorf("got %d, want 2", n)
	}
}

// A day's count outlives the process, with and without a lease that was given back.
func TestQuotaSurvives(t *testing.T) {
	limit := Limit{PerDay: 1000}
	p := newProcess(limit)
	for range 15 {
		p.mustTake(t)
	}
	for range 2 { // closing twice gives back once
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.quotas.used[today]; got != 15 {
		t.Errorf("%d count as used after Close, want 15", got)
	}
	p = newProcessOn(p.quotas, limit)
	for range 5 {
		p.mustTake(t)
	}
	p = newProcessOn(p.quotas, limit) // without Close: 5 of a lease are lost
	if n, _ := p.spend(t); n != 1000-15-10 {
		t.Errorf("got %d, want what is left of the day", n)
	}
}

// Two processes never exceed the day together.
func TestTwoProcesses(t *testing.T) {
	first, second := newPair(Limit{PerDay: 1000})
	second.mustTake(t)
	a, _ := first.spend(t)
	b, _ := second.spend(t)
	if a+b+1 != 1000 {
		t.Errorf("got %d and %d", a, b+1)
	}
}

func TestRequestsAtOnce(t *testing.T) {
	p := newProcess(Limit{PerSecond: 150, PerDay: 100})
	var group sync.WaitGroup
	var spent atomic.Int32
	for range 8 {
		group.Go(func() {
			for range 50 {
				if p.take(t) == nil {
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

// A request that was cut off when the server stopped may still take: what is given back
// was not used.
func TestCloseWhileRequestsEnd(t *testing.T) {
	for range 100 {
		p := newProcess(Limit{PerDay: 10_000})
		p.mustTake(t)
		spent := atomic.Int64{}
		spent.Add(1)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for range 20 {
					if p.take(t) == nil {
						spent.Add(1)
					}
				}
			})
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		group.Wait()
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := p.quotas.used[today]; got != int(spent.Load()) {
			t.Fatalf("%d count as used, want %d", got, spent.Load())
		}
	}
}

func TestAFailingQuota(t *testing.T) {
	p := newProcess(Limit{PerDay: 100})
	p.mustTake(t)
	fire := errors.New("disk on fire")
	p.quotas.fail(fire)
	p.mustFail(t)
	if err := p.Close(t.Context()); err != nil {
		t.Errorf("nothing is left to give back: %v", err)
	}
	p.quotas.fail(nil)
	if n, _ := p.spend(t); n != 99 {
		t.Errorf("got %d, want 99: a failure draws nothing", n)
	}

	p = newProcess(Limit{PerDay: 1000})
	p.mustTake(t)
	p.quotas.fail(fire)
	if err := p.Close(t.Context()); !errors.Is(err, fire) {
		t.Errorf("got %v, want %v", err, fire)
	}
}

// All who wait for the store share one answer, and nobody waits while something is left
// of the lease.
func TestASlowQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProcess(Limit{PerDay: 1000})
		p.mustTake(t)
		p.quotas.stall = func(ctx context.Context) { <-ctx.Done() }
		begin := time.Now()
		for range 9 {
			p.mustTake(t)
		}
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("requests waited %v though a lease was there", waited)
		}
		var group sync.WaitGroup
		for range 6 {
			group.Go(func() { p.mustFail(t) })
		}
		group.Wait()
		if waited := time.Since(begin); waited != storeWithin {
			t.Errorf("requests waited %v, want %v", waited, storeWithin)
		}
		if p.quotas.takes != 2 {
			t.Errorf("the store was asked %d times, want 2", p.quotas.takes)
		}
	})
}

// A request that gives up before the store answers waits no longer, and takes nothing.
func TestARequestGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProcess(Limit{PerDay: 1000})
		late := make(chan struct{})
		p.quotas.stall = func(context.Context) { <-late }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Take(ctx, "acme"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		close(late)
		if n, _ := p.spend(t); n != 1000 {
			t.Errorf("got %d, want 1000", n)
		}
	})
}

// What a draw brings after midnight is yesterday's, and counts for nothing: those who
// waited for it take from today.
func TestADrawOverMidnight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProcess(Limit{PerDay: 1000})
		late := make(chan struct{})
		p.quotas.stall = func(context.Context) { <-late }
		waited := make(chan error, 1)
		go func() { waited <- p.take(t) }()
		synctest.Wait()
		p.clock.advance(12 * time.Hour)
		close(late)
		if err := <-waited; err != nil {
			t.Errorf("the one that waited got %v", err)
		}
		if n, _ := p.spend(t); n != 999 || p.quotas.used[today] != 10 || p.quotas.used[today+1] != 1000 {
			t.Errorf("got %d, and drew %v", n, p.quotas.used)
		}
	})
}
