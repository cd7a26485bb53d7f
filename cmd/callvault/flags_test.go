package main

import (
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// FuzzParseBound: a time of the API's is itself, whatever the zone, and a date is
// its midnight, of UTC unless told otherwise.
func FuzzParseBound(f *testing.F) {
	for _, s := range []string{"2018-02-18", "2018-02-30", "2018-02-18T08:00:00Z", "2018-02-18T02:30:00.0000001-07:00", "9999-12-31", "0000-01-01", "10000-01-01"} {
		f.Add(s)
	}
	east := time.FixedZone("", 3600)
	f.Fuzz(func(t *testing.T, s string) {
		for zone, midnight := range map[*time.Location]string{time.UTC: "T00:00:00Z", east: "T00:00:00+01:00"} {
			for _, text := range []string{s, s + midnight} {
				at, err := gong.ParseTime(text)
				if err != nil {
					continue
				}
				got, err := parseBound("from", s, zone, callvault.MinTime)
				if want := callvault.CeilTime(at.Instant()); err != nil || got != want {
					t.Errorf("%q: got %v, %v, want %v", s, got, err, want)
				}
			}
		}
		if got, err := parseBound("from", "", time.UTC, callvault.MaxTime); err != nil || got != callvault.MaxTime {
			t.Errorf("no bound: got %v, %v", got, err)
		}
	})
}

// A range of export is open where nothing is said, before the year 1 too.
func TestParseRange(t *testing.T) {
	first := callvault.CeilTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, tt := range []struct {
		from, to, tz string
		want         callvault.Range
	}{
		{"", "", "UTC", callvault.AllTime},
		{"2026-01-01", "", "UTC", callvault.Range{From: first, To: callvault.MaxTime}},
		{"", "2026-01-01", "UTC", callvault.Range{From: callvault.MinTime, To: first}},
		{"", "2026-01-01", "Asia/Tokyo", callvault.Range{From: callvault.MinTime, To: first - 9*3600*1_000_000}},
	} {
		if got, err := parseRange(tt.from, tt.to, tt.tz); err != nil || got != tt.want {
			t.Errorf("%+v: got %v, %v", tt, got, err)
		}
	}
	if got, err := parseRange("last year", "", "UTC"); err != nil || got.To-got.From > 366*24*3600*1_000_000 {
		t.Errorf("last year is %v, %v", got, err)
	}
}
