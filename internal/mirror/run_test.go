package mirror

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
)

// lessor is a store that has nothing but the lease of a mirror. Reading the mirror's values fails,
// or lasts for as long as a mirror runs.
type lessor struct {
	Store
	callvault.MirrorState
	mu    sync.Mutex
	lease callvault.Lease
	fails int // how often reading values does
}

// becomes changes the lease as another process does.
func (l *lessor) becomes(change func(*callvault.Lease)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(&l.lease)
}

func (l *lessor) Lease(context.Context) (callvault.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lease, nil
}

func (l *lessor) Mirror(string) callvault.MirrorState { return l }
func (l *lessor) Calls(string) callvault.Calls        { return nil }

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
	if !l.lease.IsHeldBy(lease) {
		return lease, callvault.ErrLeaseLost
	}
	l.lease.Renewed++
	return l.lease, nil
}

func (l *lessor) Return(_ context.Context, lease callvault.Lease) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.lease.IsHeldBy(lease) {
		return callvault.ErrLeaseLost
	}
	l.lease.Holder = ""
	return nil
}

func (l *lessor) Values(ctx context.Context, _ string, _ func(string, []byte) error) error {
	if l.fails > 0 {
		l.fails--
		return errors.New("the disk is asleep")
	}
	<-ctx.Done()
	return ctx.Err()
}

// A process that serves waits for its turn, without knocking more often than every five seconds.
// It goes on after errors of the store, and waits again when it lost the lease. It does not make
// a mirror again that an operator has ended.
func TestKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder // read when Keep has ended
		l := &lessor{fails: 2, lease: callvault.Lease{Upstream: "https://one.example.com", Holder: "them", Number: 1}}
		ended := make(chan error, 1)
		go func() {
			ended <- Keep(t.Context(), Config{Store: l, Company: "acme", Upstream: "https://one.example.com", Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{
				ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
					if a.Key == slog.TimeKey {
						return slog.Attr{}
					}
					return a
				},
			}))})
		}()
		after := func(d time.Duration, want int64, held bool) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if now, _ := l.Lease(t.Context()); now.Number != want || (now.Holder != "") != held {
				t.Fatalf("the lease is %+v, want number %d, held %v", now, want, held)
			}
		}
		for range 12 { // two minutes
			l.becomes(func(l *callvault.Lease) { l.Renewed++ })
			after(10*time.Second, 1, true)
		}
		l.becomes(func(l *callvault.Lease) { l.Holder = "" })
		after(21*time.Second, 4, true)
		after(time.Hour, 4, true)
		l.becomes(func(l *callvault.Lease) { l.Holder, l.Number = "them", 5 })
		after(20*time.Second, 5, true)
		l.becomes(func(l *callvault.Lease) { l.Holder = "" })
		after(6*time.Second, 6, true)
		l.becomes(func(l *callvault.Lease) { *l = callvault.Lease{Number: 6} })
		if err := <-ended; !errors.Is(err, ErrEnded) {
			t.Error(err)
		}
		const watches = `level=INFO msg="another process mirrors this company, or has died; this one takes over if the other shows no sign of life for 30 seconds" other=them` + "\n"
		const again, because = `level=ERROR msg="the mirror failed; starting it again" in=`, ` error="the disk is asleep"` + "\n"
		const waits = `level=INFO msg="this process waits to mirror the company" reason="another mirror `
		const now = `level=INFO msg="this process mirrors the company now"` + "\n"
		want := watches + waits + "of this company runs: them\"\n" + now + again + "5s" + because + again + "10s" + because + waits + "has taken over this company\"\n" + watches + now
		if got := log.String(); got != want {
			t.Errorf("the log is\n%swant\n%s", got, want)
		}
	})
}

// A process that waits for its turn does not make a mirror again either that an operator has ended.
func TestKeepWaitsForAnEndedMirror(t *testing.T) {
	for _, after := range []time.Duration{4500 * time.Millisecond, 13 * time.Second} { // while it watches, and between two looks
		synctest.Test(t, func(t *testing.T) {
			l := &lessor{lease: callvault.Lease{Upstream: "https://one.example.com", Holder: "them", Number: 1}}
			time.AfterFunc(10*time.Second, func() { l.becomes(func(l *callvault.Lease) { l.Renewed++ }) })
			time.AfterFunc(after, func() { l.becomes(func(l *callvault.Lease) { *l = callvault.Lease{Number: 1} }) })
			err := Keep(t.Context(), Config{Store: l, Company: "acme", Upstream: "https://one.example.com"})
			if !errors.Is(err, ErrEnded) || l.lease.Number != 1 {
				t.Errorf("after %v: %v, %+v", after, err, l.lease)
			}
		})
	}
}
