package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
)

// lessor keeps a lease in memory.
type lessor struct {
	callvault.MirrorState // which is not used
	mu                    sync.Mutex
	lease                 callvault.Lease
	fail                  error // of Renew
	seen                  []time.Time
}

func (l *lessor) Lease(context.Context) (callvault.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lease, nil
}

func (l *lessor) Take(_ context.Context, seen callvault.Lease, upstream, holder string) (callvault.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lease, err := l.lease.Take("acme", seen, upstream, holder)
	if err == nil {
		l.lease = lease
	}
	return lease, err
}

func (l *lessor) Renew(_ context.Context, lease callvault.Lease) (callvault.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return lease, l.fail
	}
	if l.lease.Number != lease.Number || l.lease.Holder == "" {
		return lease, callvault.ErrLeaseLost
	}
	l.lease.Renewed++
	l.seen = append(l.seen, time.Now())
	return l.lease, nil
}

func (l *lessor) Return(_ context.Context, lease callvault.Lease) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lease.Number != lease.Number {
		return callvault.ErrLeaseLost
	}
	l.lease.Holder = ""
	return nil
}

const (
	oneURL   = "https://one.example.com"
	otherURL = "https://other.example.com"
)

// by keeps the lease of a lessor for a process that knows of some others that they are gone.
func by(l *lessor, upstream string, gone ...string) *Keeper {
	isGone := func(holder string) bool { return slices.Contains(gone, holder) }
	return &Keeper{state: l, upstream: upstream, log: slog.New(slog.DiscardHandler), holder: "me", isGone: isGone}
}

// working takes the lease for a while.
func working(d time.Duration) func(context.Context, callvault.Lease) error {
	return func(ctx context.Context, _ callvault.Lease) error { return Pause(ctx, d) }
}

// A lease that nobody holds, that was given back, or whose process is gone is taken at once,
// renewed while work runs, and given back.
func TestHold(t *testing.T) {
	for name, before := range map[string]callvault.Lease{
		"a new one":        {},
		"given back":       {Upstream: oneURL, Number: 4, Renewed: 9},
		"its process died": {Upstream: oneURL, Holder: "dead", Number: 4, Renewed: 9},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &lessor{lease: before}
			begin := time.Now()
			err := by(l, oneURL, "dead").Hold(t.Context(), func(ctx context.Context, lease callvault.Lease) error {
				if took := time.Since(begin); took != 0 || lease.Holder != "me" || lease.Number != before.Number+1 {
					t.Errorf("%s: took %+v after %v", name, lease, took)
				}
				return Pause(ctx, 35*time.Second)
			})
			if err != nil || l.lease.Holder != "" || len(l.seen) != 3 || l.seen[2].Sub(begin) != 30*time.Second {
				t.Errorf("%s: %v, %+v, renewed %v", name, err, l.lease, l.seen)
			}
		})
	}
}

// Any other lease is taken after 30 seconds without a renewal, and as soon as it is given
// back; a renewal, another taker and the end of the mirror end the watching.
func TestTakeOver(t *testing.T) {
	for name, tt := range map[string]struct {
		after time.Duration
		do    func(l *lessor)
		takes time.Duration
		fails error // if it can't be taken
	}{
		"silence":       {time.Hour, func(*lessor) {}, 30 * time.Second, nil},
		"a renewal":     {29500 * time.Millisecond, func(l *lessor) { l.lease.Renewed++ }, 30 * time.Second, &HeldError{"them"}},
		"a return":      {4500 * time.Millisecond, func(l *lessor) { l.lease.Holder = "" }, 5 * time.Second, nil},
		"another taker": {4500 * time.Millisecond, func(l *lessor) { l.lease.Holder, l.lease.Number = "a third", 5 }, 5 * time.Second, &HeldError{"a third"}},
		"an end":        {4500 * time.Millisecond, func(l *lessor) { l.lease = callvault.Lease{Number: 4} }, 5 * time.Second, callvault.ErrLeaseLost},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &lessor{lease: callvault.Lease{Upstream: oneURL, Holder: "them", Number: 4}}
			begin := time.Now()
			timer := time.AfterFunc(tt.after, func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				tt.do(l)
			})
			defer timer.Stop()
			worked := false
			err := by(l, oneURL).Hold(t.Context(), func(context.Context, callvault.Lease) error {
				worked = true
				return nil
			})
			if took := time.Since(begin); took != tt.takes || worked != (tt.fails == nil) || fmt.Sprint(err) != fmt.Sprint(tt.fails) {
				t.Errorf("%s: %v after %v", name, err, took)
			}
		})
	}
}

// Of many that wait for a dead one, one takes the lease.
func TestOneTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lessor{lease: callvault.Lease{Upstream: oneURL, Holder: "them", Number: 4}}
		results := make(chan error, 8)
		for range cap(results) {
			go func() { results <- by(l, oneURL).Hold(t.Context(), working(time.Minute)) }()
		}
		worked := 0
		for range cap(results) {
			held := (*HeldError)(nil)
			if err := <-results; err == nil {
				worked++
			} else if !errors.As(err, &held) {
				t.Error(err)
			}
		}
		if worked != 1 || l.lease.Number != 5 {
			t.Errorf("%d took it, and it is %+v", worked, l.lease)
		}
	})
}

// A mirror that lost its lease ends with that as its error, and does not give back what is
// another's. A store that fails for a while is not the end.
func TestLostLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lessor{fail: errors.New("the disk is asleep")}
		begin := time.Now()
		time.AfterFunc(time.Minute, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.fail, l.lease.Number, l.lease.Holder = nil, 7, "them"
		})
		err := by(l, oneURL).Hold(t.Context(), working(time.Hour))
		if took := time.Since(begin); !errors.Is(err, callvault.ErrLeaseLost) || took < time.Minute || took > 62*time.Second || l.lease.Holder != "them" {
			t.Errorf("%v after %v, %+v", err, took, l.lease)
		}
	})
}

// A process that is told to end gives the lease back.
func TestInterruptedHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lessor{}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		if err := by(l, oneURL).Hold(ctx, working(time.Hour)); !errors.Is(err, context.Canceled) || l.lease.Holder != "" || l.lease.Number != 1 {
			t.Errorf("%v, %+v", err, l.lease)
		}
		l.lease.Holder = "them"
		ctx, cancel = context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := by(l, oneURL).Hold(ctx, working(0)); !errors.Is(err, context.DeadlineExceeded) || l.lease.Holder != "them" {
			t.Errorf("%v, %+v", err, l.lease)
		}
		begin, other := time.Now(), (*callvault.OtherUpstreamError)(nil)
		if err := by(l, otherURL).Hold(t.Context(), working(0)); !errors.As(err, &other) || time.Since(begin) != 0 {
			t.Error(err)
		}
	})
}
