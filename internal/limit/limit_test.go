package limit

import (
	"testing"
	"time"

	"github.com/callvault/callvault"
)

// The clock refills a bucket up to its limit.
func TestBuckets(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	b := NewBuckets(func() time.Time { return now })
	for _, tt := range []struct {
		pass        time.Duration
		limit, want int
		wait        time.Duration
	}{
		{0, 50, 50, 20 * time.Millisecond},
		{15 * time.Millisecond, 50, 0, 5 * time.Millisecond},
		{5 * time.Millisecond, 50, 1, 20 * time.Millisecond},
		{time.Hour, 50, 50, 20 * time.Millisecond},
		{100 * time.Millisecond, 10, 5, 100 * time.Millisecond},
		{time.Hour, 10, 10, 100 * time.Millisecond},
		{-time.Hour, 10, 0, 100 * time.Millisecond},
	} {
		now = now.Add(tt.pass)
		taken, wait := b.Take(callvault.QuotaSecond{Company: "acme", Limit: tt.limit}, 1000)
		if taken != tt.want || (wait-tt.wait).Abs() > time.Microsecond {
			t.Errorf("%v later: took %d of %d, the next in %v; want %d, %v", tt.pass, taken, tt.limit, wait, tt.want, tt.wait)
		}
	}
}

// A day's limit holds in the process without the store, which is nil here.
func TestLocal(t *testing.T) {
	l := NewLocal(nil, time.Now)
	day := callvault.QuotaDay{Company: "acme", Day: 7, Limit: 10}
	take := func(day callvault.QuotaDay, n, want int) {
		t.Helper()
		if taken, err := l.TakeQuota(t.Context(), day, n); taken != want || err != nil {
			t.Errorf("took %d of %+v, %v, want %d", taken, day, err, want)
		}
	}
	take(day, 8, 8)
	take(day, 8, 2)
	take(day, 8, 0)
	take(callvault.QuotaDay{Company: "other", Day: 7, Limit: 10}, 8, 8)
	if err := l.ReturnQuota(t.Context(), day, 3); err != nil {
		t.Error(err)
	}
	take(day, 8, 3)
	take(callvault.QuotaDay{Company: "acme", Day: 8, Limit: 10}, 8, 8)
	if err := l.ReturnQuota(t.Context(), day, 3); err != nil { // of yesterday: worth nothing
		t.Error(err)
	}
	take(callvault.QuotaDay{Company: "acme", Day: 8, Limit: 10}, 8, 2)
	if taken, _, err := l.TakeSecond(t.Context(), callvault.QuotaSecond{Company: "acme", Limit: 5}, 9); taken != 5 || err != nil {
		t.Errorf("took %d, %v", taken, err)
	}
}
