package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
)

// wantUses holds which uses the store was asked to keep, once all is done.
func (r *room) wantUses(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	if !slices.Equal(r.store.uses, want) {
		t.Errorf("got the uses %q, want %q", r.store.uses, want)
	}
}

// A key's use is kept once a day, whatever else happens to the keys, and only if it opens.
func TestUseIsKeptOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t)
		for range 3 {
			r.want(t, "KEY", nil)
			r.want(t, "NO", UnknownKey)
			if _, err := r.Authenticate(t.Context(), []string{"Bearer KEY.hush"}); !errors.Is(err, WrongScheme) {
				t.Error(err)
			}
			r.clock.advance(time.Hour)
		}
		r.wantUses(t, "acme KEY 2026-03-04")
		r.store.AddKey(t.Context(), testKey("NEW")) // with which the keys are read again
		r.want(t, "NEW", nil)
		r.want(t, "KEY", nil)
		r.wantUses(t, "acme KEY 2026-03-04", "acme NEW 2026-03-04")
		r.clock.advance(9*time.Hour - 1) // to midnight
		r.want(t, "KEY", nil)
		r.wantUses(t, "acme KEY 2026-03-04", "acme NEW 2026-03-04")
		r.clock.advance(1)
		r.want(t, "KEY", nil)
		r.wantUses(t, "acme KEY 2026-03-04", "acme NEW 2026-03-04", "acme KEY 2026-03-05")
		r.store.revoke()
		r.clock.advance(24 * time.Hour)
		r.want(t, "KEY", KeyRevoked)
		r.wantUses(t, "acme KEY 2026-03-04", "acme NEW 2026-03-04", "acme KEY 2026-03-05")
	})
}

// A use that another process, or this one before it was started again, had kept today is
// not kept again.
func TestUseThatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t)
		used := testKey("USED")
		used.Used = noon.Truncate(day)
		r.store.AddKey(t.Context(), used)
		used.ID, used.Used = "YESTERDAY", used.Used.Add(-day)
		r.store.AddKey(t.Context(), used)
		r.want(t, "USED", nil)
		r.want(t, "YESTERDAY", nil)
		r.wantUses(t, "acme YESTERDAY 2026-03-04")
	})
}

// A store that hangs or fails delays and fails no request, and is asked by one at a time;
// a later request tries again.
func TestUseThatIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t)
		for i := range 10 {
			r.store.AddKey(t.Context(), testKey(fmt.Sprint("KEY", i)))
		}
		var asked atomic.Int32
		r.store.use = func(ctx context.Context) error {
			asked.Add(1)
			<-ctx.Done()
			return ctx.Err()
		}
		began := time.Now()
		for range 3 {
			for i := range 10 {
				r.want(t, fmt.Sprint("KEY", i), nil)
			}
		}
		synctest.Wait()
		if took := time.Since(began); took != 0 || asked.Load() != 1 {
			t.Errorf("requests waited %v, and %d asked at once", took, asked.Load())
		}
		time.Sleep(10 * storeWithin) // the bubble's
		r.wantUses(t)
		if asked.Load() != 10 {
			t.Errorf("the store was asked %d times, want once for each key", asked.Load())
		}
		r.store.use = func(context.Context) error { asked.Add(1); return errFire }
		ask := func(pass time.Duration, want int32) {
			t.Helper()
			r.clock.advance(pass)
			r.want(t, "KEY1", nil)
			if synctest.Wait(); asked.Load() != want {
				t.Errorf("the store was asked %d times, want %d", asked.Load(), want)
			}
		}
		ask(useAgain-time.Second, 10)
		ask(time.Second, 11)
		r.store.use = nil
		ask(useAgain, 11)
		r.wantUses(t, "acme KEY1 2026-03-04")
	})
}

func (m *model) UseKey(ctx context.Context, company, id string, at time.Time) error {
	m.mu.Lock()
	use := m.use
	m.mu.Unlock()
	if use != nil {
		return use(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.uses = append(m.uses, company+" "+id+" "+at.UTC().Format(time.DateOnly))
	return nil
}

var _ callvault.Keys = (*model)(nil)
