package when_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/when"
)

// What a clock showed is one instant, at which it shows that; the first where there are two,
// and none where it leapt.
func TestClock(t *testing.T) {
	for _, tt := range []struct{ zone, text, want string }{
		{"UTC", "2026-02-01 08:15", "2026-02-01T08:15:00Z"},
		{"Asia/Kolkata", " 2026-02-01t08:15:30 ", "2026-02-01T08:15:30+05:30"},
		{"Europe/Berlin", "2026-10-25 02:30", "2026-10-25T02:30:00+02:00"},
		{"Europe/Berlin", "2026-03-29 01:59:59.999", "2026-03-29T01:59:59.999+01:00"},
		{"Europe/Berlin", "2026-03-29 02:00", "was skipped by the clock of Europe/Berlin"},
		{"Europe/Berlin", "2026-03-29 02:59:59.999", "was skipped"},
		{"Pacific/Apia", "2011-12-30 00:00", "was skipped by the clock of Pacific/Apia"},
		{"UTC", "2026-02-01", "is not a date and time; use 2026-01-31 09:00"},
		{"UTC", "2026-02-30 08:15", "is not a date and time"},
		{"UTC", "yesterday", `"yesterday" is not a date and time`},
		{"UTC", "2026-02-01T08:15:00Z", "is not a date and time"},
	} {
		at, err := when.Clock(tt.text, zone(t, tt.zone))
		got := at.Format(time.RFC3339Nano)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
			t.Errorf("%s in %s: got %s, want %s", tt.text, tt.zone, got, tt.want)
		}
	}
}
