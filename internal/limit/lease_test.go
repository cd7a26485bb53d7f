package limit

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Together they have one bucket, whoever is faster.
func TestSecondOfTwoProcesses(t *testing.T) {
	first, second := newPair(Limit{PerSecond: 50})
	a, _ := first.spend(t)
	b, _ := second.spend(t)
	if a != 50 || b != 0 {
		t.Errorf("got %d and %d of a bucket of 50", a, b)
	}
	total := 0
	for range 100 {
		first.clock.advance(20 * time.Millisecond)
		for _, p := range []*process{first, second} {
			if p.take(t) == nil {
				total++
			}
		}
	}
	if total < 99 || total > 100 {
		t.Errorf("got %d in two seconds of 50", total)
	}
}

// Who asks much leases much at a time, and who asks
// little holds little that others could use.
func TestSharesFollowDemand(t *testing.T) {
	first, second := newPair(Limit{PerSecond: 1000})
	if n, _ := first.spend(t); n != 1000 || first.quotas.shares > 20 {
		t.Errorf("the store was asked %d times for %d requests", first.quotas.shares, n)
	}
	asked := first.quotas.shares
	for range 100 {
		first.spend(t)
	}
	if first.quotas.shares != asked {
		t.Errorf("the store was asked %d times for what it does not have", first.quotas.shares-asked)
	}
	for range 10 { // one request in two seconds
		first.clock.advance(2 * time.Second)
		first.mustTake(t)
	}
	if n, _ := second.spend(t); n != 999 {
		t.Errorf("got %d, want all but the one that was just asked", n)
	}
}

// What is not used of it by then is lost, and a bucket is
// the same whether it was leased from or not.
func TestAShareIsForASecond(t *testing.T) {
	p := newProcess(Limit{PerSecond: 100})
	for range 18 { // 1, 2, 4, 8 and 3 of 10 that were leased
		p.mustTake(t)
	}
	p.clock.advance(time.Second - time.Nanosecond)
	if n, _ := p.spend(t); n != 107 {
		t.Errorf("got %d, want 7 that are left of a share, and a full bucket", n)
	}
	p.clock.advance(time.Hour)
	for range 18 {
		p.mustTake(t)
	}
	p.clock.advance(time.Second)
	if n, _ := p.spend(t); n != 100 {
		t.Errorf("got %d, want a full bucket", n)
	}
}

// What the store does not grant is not granted.
func TestAFailingSecond(t *testing.T) {
	p := newProcess(Limit{PerSecond: 1})
	p.quotas.fail(errors.New("disk on fire"))
	p.mustFail(t)
	p.quotas.fail(nil)
	if n, _ := p.spend(t); n != 1 {
		t.Errorf("got %d, want 1: a failure takes nothing", n)
	}
}

// All who wait for the store share one answer, for no longer
// than storeWithin.
func TestASlowSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProcess(Limit{PerSecond: 1000})
		p.mustTake(t)
		p.quotas.stall = func(ctx context.Context) { <-ctx.Done() }
		var group sync.WaitGroup
		begin := time.Now()
		for range 6 {
			group.Go(func() { p.mustFail(t) })
		}
		group.Wait()
		synctest.Wait()
		if waited := time.Since(begin); waited != storeWithin || p.quotas.shares != 2 {
			t.Errorf("requests waited %v, and asked %d times", waited, p.quotas.shares)
		}
	})
}

// An answer that takes longer than a share is good for still
// serves those who waited for it.
func TestALateSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProcess(Limit{PerSecond: 1000})
		p.quotas.stall = func(context.Context) {
			time.Sleep(1200 * time.Millisecond)
			p.clock.advance(1200 * time.Millisecond)
		}
		var group sync.WaitGroup
		begin := time.Now()
		for range 2 {
			group.Go(func() { p.mustTake(t) })
		}
		group.Wait()
		if waited := time.Since(begin); waited > 3*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

// A bucket of 50 is refilled by 50 a second, and holds no more.
func TestPerSecond(t *testing.T) {
	p := newProcess(Limit{PerSecond: 50})
	if n, wait := p.spend(t); n != 50 || wait != time.Second {
		t.Errorf("got %d, %v, want a bucket of 50 and 1 second", n, wait)
	}
	p.clock.advance(100 * time.Millisecond)
	if n, _ := p.spend(t); n != 5 {
		t.Errorf("got %d, want 5 in a tenth of a second", n)
	}
	p.clock.advance(time.Hour)
	if n, _ := p.spend(t); n != 50 {
		t.Errorf("got %d, want no more than the bucket holds", n)
	}
	if p.quotas.takes != 0 {
		t.Errorf("without a day's limit the store was asked %d times", p.quotas.takes)
	}
}
