package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

// A bucket is filled by the clock, and no further than its limit.
func TestSecond(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "calls.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Unix(1_700_000_000, 0)
	s.seconds.now = func() time.Time { return now }
	second := callvault.QuotaSecond{Company: "acme", Limit: 50}
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
		second.Limit = tt.limit
		taken, wait, err := s.TakeSecond(t.Context(), second, 1000)
		if err != nil || taken != tt.want || (wait-tt.wait).Abs() > time.Microsecond {
			t.Errorf("%v later: took %d of %d, the next in %v, %v; want %d, %v", tt.pass, taken, tt.limit, wait, err, tt.want, tt.wait)
		}
	}
}
