package main

import (
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/when"
)

// A range is open where no flag bounds it, even before the year 1.
func TestSelection(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	first := callvault.CeilTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	const day = 24 * 3600 * 1_000_000
	for _, tt := range []struct {
		from, to, through, tz string
		want                  callvault.Range
	}{
		{"", "", "", "UTC", callvault.AllTime},
		{"2026-01-01", "", "", "UTC", callvault.Range{From: first, To: callvault.MaxTime}},
		{"", "2026-01-01", "", "UTC", callvault.Range{From: callvault.MinTime, To: first}},
		{"", "2026-01-01", "", "Asia/Tokyo", callvault.Range{From: callvault.MinTime, To: first - 9*3600*1_000_000}},
		{"2026", "", "2026-01-01", "UTC", callvault.Range{From: first, To: first + day}},
		{"last year", "", "", "UTC", callvault.Range{From: first - 365*day, To: first}},
	} {
		zone, err := when.Zone(tt.tz)
		if err != nil {
			t.Fatal(err)
		}
		s := selection{from: tt.from, to: tt.to, through: tt.through, zone: zone}
		if _, q, err := s.query(now); err != nil || q.Range != tt.want {
			t.Errorf("%+v: got %v, %v", tt, q.Range, err)
		}
	}
}
