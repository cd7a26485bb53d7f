package page

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/when"
)

// The bars divide the range, and each has its calls: of a day of 23 hours, and of an
// hour that comes twice.
func TestSummary(t *testing.T) {
	made := at(
		"2026-03-28T23:30:00Z", // 00:30 of the 29th in Berlin
		"2026-03-29T21:59:59.999999Z", "2026-03-29T22:00:00Z",
		"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T01:45:00Z", // 02:30 twice, and 02:45
	)
	for _, tt := range []struct{ query, unit, bars string }{
		{with("from", "2026-03-28", "to", "2026-03-31"), "hour", ""},
		{with("from", "2026-03-28", "to", "2026-03-31", "by", "day"), "day", "2026-03-28T00:00:00+01:00 0, 2026-03-29T00:00:00+01:00 2, 2026-03-30T00:00:00+02:00 1"},
		{with("from", "2026-10-25 01:00", "to", "2026-10-25 04:00", "by", "hour"), "hour",
			"2026-10-25T01:00:00+02:00 0, 2026-10-25T02:00:00+02:00 1, 2026-10-25T02:00:00+01:00 2, 2026-10-25T03:00:00+01:00 0"},
		{with("from", "2026-03-15", "to", "2026-11-15", "by", "month"), "month",
			"2026-03-15T00:00:00+01:00 3, 2026-04-01T00:00:00+02:00 0, 2026-05-01T00:00:00+02:00 0, 2026-06-01T00:00:00+02:00 0, 2026-07-01T00:00:00+02:00 0, " +
				"2026-08-01T00:00:00+02:00 0, 2026-09-01T00:00:00+02:00 0, 2026-10-01T00:00:00+02:00 3, 2026-11-01T00:00:00+01:00 0"},
		{with("from", "2026-03-28", "to", "2028-03-28", "by", "hour"), "week", ""}, // there would be too many
	} {
		s := read[summary](t, start(t, Config{}, made), "/api/summary"+tt.query+"&tz=Europe/Berlin")
		var bars []string
		sum := 0
		for _, b := range s.Bars {
			bars = append(bars, fmt.Sprintf("%s %d", b.From, b.Count))
			sum += b.Count
		}
		if got := strings.Join(bars, ", "); string(s.Unit) != tt.unit || tt.bars != "" && got != tt.bars {
			t.Errorf("%s: by the %s\n got %s\nwant %s", tt.query, s.Unit, got, tt.bars)
		}
		if sum != s.Total || s.Bars[0].From != s.From {
			t.Errorf("%s: %d calls in the bars of %d, from %s", tt.query, sum, s.Total, s.Bars[0].From)
		}
	}
}

func TestSummaryOfWorkspace(t *testing.T) {
	day := time.Date(2026, 3, 4, 8, 0, 0, 0, time.UTC)
	h := start(t, Config{}, calls{rows: append(at("2026-03-04T07:00:00Z").rows, call(2, day, "7"), call(3, day, "8"))})
	for query, want := range map[string]int{"": 3, "&workspace=7": 1, "&workspace=07": 1, "&workspace=9": 0} {
		if s := read[summary](t, h, "/api/summary?range=today"+query); s.Total != want {
			t.Errorf("%s: %d calls, want %d", query, s.Total, want)
		}
	}
}

// A range of any length has a unit, whose bars are not too many.
func TestUnits(t *testing.T) {
	begin := time.Date(2026, 3, 4, 12, 30, 0, 0, time.UTC)
	for _, tt := range []struct {
		length time.Duration
		meant  when.Unit
		all    string
	}{
		{time.Second, when.Hour, "[hour]"},
		{24 * time.Hour, when.Hour, "[hour day]"},
		{3 * 24 * time.Hour, when.Hour, "[hour day]"},
		{7 * 24 * time.Hour, when.Day, "[hour day week]"},
		{90 * 24 * time.Hour, when.Day, "[day week month]"},
		{200 * 24 * time.Hour, when.Week, "[day week month]"},
		{3000 * 24 * time.Hour, when.Month, "[month year]"},
		{8000 * 24 * time.Hour, when.Year, "[month year]"},
	} {
		span := when.Span{From: begin, To: begin.Add(tt.length)}
		meant, all := unitsOf(span, "")
		if meant != tt.meant || fmt.Sprint(all) != tt.all {
			t.Errorf("%v: %s of %v", tt.length, meant, all)
		}
		for _, unit := range all {
			bars := 0
			for range span.By(unit) {
				bars++
			}
			if bars > maxBars {
				t.Errorf("%v: %d bars of a %s", tt.length, bars, unit)
			}
			if wished, _ := unitsOf(span, unit); wished != unit {
				t.Errorf("%v by %s: %s", tt.length, unit, wished)
			}
		}
		if wished, _ := unitsOf(span, "fortnight"); wished != tt.meant {
			t.Errorf("%v by a unit that is none: %s", tt.length, wished)
		}
	}
}

// A unit is offered as long as its bars are not too many, and no longer.
func TestUnitsAtTheirLimits(t *testing.T) {
	begin := time.Date(2026, 3, 4, 12, 30, 0, 0, time.UTC)
	for _, u := range units[:3] { // the others are not all as long
		for n := int64(maxBars - 5); n < maxBars+5; n++ {
			span := when.Span{From: begin, To: begin.Add(time.Duration(n*u.seconds) * time.Second)}
			bars := 0
			for range span.By(u.Unit) {
				bars++
			}
			_, fitting := unitsOf(span, "")
			if slices.Contains(fitting, u.Unit) && bars > maxBars || !slices.Contains(fitting, u.Unit) && bars < maxBars-1 {
				t.Errorf("%d %ss are %d bars of %d: %v", n, u.Unit, bars, maxBars, fitting)
			}
		}
	}
}

// counting counts how often its calls are counted.
type counting struct {
	callvault.Calls
	counts int
}

func (c *counting) Count(ctx context.Context, q callvault.Query) (int, error) {
	c.counts++
	return c.Calls.Count(ctx, q)
}

// One call of a wrong year hides no other, and makes not much more work.
func TestFarYears(t *testing.T) {
	made := at("0001-01-01T00:00:00Z", "2026-03-04T07:00:00Z", "9999-12-31T23:59:59.999999Z")
	s := read[summary](t, start(t, Config{}, made), "/api/summary?range=all")
	if s.Total != 3 || s.Unit != when.Year || len(s.Bars) != 9999 || s.Bars[2025] != (bar{"2026-01-01T00:00:00Z", 1}) {
		t.Errorf("%d calls by the %s, %d bars", s.Total, s.Unit, len(s.Bars))
	}
	c := &counting{Calls: made}
	v := view{calls: c, span: when.Span{From: made.rows[0].Time.UTC(), To: made.rows[2].Time.UTC()}}
	if _, err := v.bars(t.Context(), when.Year); err != nil || c.counts > 4*stretch {
		t.Errorf("%d counts, %v", c.counts, err)
	}
}
