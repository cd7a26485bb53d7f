package when_test

import (
	"testing"
	"time"

	"github.com/callvault/callvault/internal/when"
)

func TestAhead(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"30min":                "2026-03-04T12:30:00Z",
		"12h":                  "2026-03-05T00:00:00Z",
		"90d":                  "2026-06-02T12:00:00Z",
		"2W":                   "2026-03-18T12:00:00Z",
		"3mo":                  "2026-06-04T12:00:00Z",
		"1y":                   "2027-03-04T12:00:00Z",
		"2027-01-31":           "2027-01-31T00:00:00Z",
		"2026-03-04 12:01":     "2026-03-04T12:01:00Z",
		"2026-03-04T14:00:00Z": "2026-03-04T14:00:00Z",
		"tomorrow":             "2026-03-05T00:00:00Z",
	} {
		if got, err := when.Ahead(text, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s is %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "soon", "0d", "-1d", "90", "now", "yesterday", "2026-03-04", "2025", "999999999d", "9999y"} {
		want := `"` + text + `" is not a time to come; use a time from now such as 12h, 90d, 2w or 1y, or a date such as 2027-03-04`
		if got, err := when.Ahead(text, now); err == nil || err.Error() != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}

func TestLength(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1min": time.Minute, "30MIN": 30 * time.Minute, "2h": 2 * time.Hour, "1d": 24 * time.Hour, "2w": 14 * 24 * time.Hour,
		"": 0, "5": 0, "5m": 0, "-1h": 0, "2026-01-01": 0, "1h30min": 0, "tomorrow": 0,
	} {
		if got, ok := when.Length(text); got != want || ok != (want > 0) {
			t.Errorf("when.Length(%q) = %v, %t", text, got, ok)
		}
	}
}
