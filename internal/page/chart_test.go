package page

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/when"
)

// total is how many calls a bar has.
func (b bar) total() (n int) {
	for _, calls := range b.Calls {
		n += calls
	}
	return n
}

// The bars divide the range, and each has its calls: of a day of 23 hours, and of an
// hour that comes twice.
func TestBars(t *testing.T) {
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
		l := read[look](t, start(t, Config{}, made), "/api/view"+tt.query+"&tz=Europe/Berlin")
		var bars []string
		sum := 0
		for _, b := range l.Chart.Bars {
			bars = append(bars, fmt.Sprintf("%s %d", b.From, b.total()))
			sum += b.total()
		}
		if got := strings.Join(bars, ", "); string(l.Chart.Unit) != tt.unit || tt.bars != "" && got != tt.bars {
			t.Errorf("%s: by the %s\n got %s\nwant %s", tt.query, l.Chart.Unit, got, tt.bars)
		}
		if sum != l.Figures.Calls || l.Chart.Bars[0].From != l.From {
			t.Errorf("%s: %d calls in the bars of %d, from %s", tt.query, sum, l.Figures.Calls, l.Chart.Bars[0].From)
		}
	}
}

// The unit that is not over is marked, in the zone of the view.
func TestRunningUnit(t *testing.T) {
	for query, want := range map[string]int{
		with("range", "7d"): 6, with("range", "today"): 12, with("range", "today", "tz", "Asia/Tokyo"): 21, with("range", "yesterday"): -1, with("from", "2026-03-04", "to", "2026-03-04 12:00"): -1,
	} {
		if l := read[look](t, start(t, Config{}, at()), "/api/view"+query); l.Chart.Running != want {
			t.Errorf("%s: unit %d of %d, want %d", query, l.Chart.Running, len(l.Chart.Bars), want)
		}
	}
}

// A unit is divided by the field that was chosen; what has no layer of its own is in the last.
func TestLayers(t *testing.T) {
	made := calls{}
	for i, fields := range []string{
		`"direction":"Inbound","scope":"External","system":"s0"`, `"direction":"Outbound","scope":"Internal","system":"s0"`, `"system":"s1"`,
		`"direction":"Inbound","system":"s2"`, `"system":"s3"`, `"system":"s4"`, `"system":"s5"`, `"system":"s6"`, `"system":"s7"`,
	} {
		c, err := callvault.ParseCall(fmt.Appendf(nil, `{"id":"%d","started":"2026-03-04T07:00:00Z","duration":%d,%s}`, i+1, 1<<i, fields))
		if err != nil {
			t.Fatal(err)
		}
		made.rows = append(made.rows, c)
	}
	h := start(t, Config{}, made)
	for query, want := range map[string]string{
		"":                 "direction [Inbound Outbound Conference Unknown ] [2 1 0 0 6] [9 2 0 0 500]",
		"&stack=scope":     "scope [Internal External Unknown ] [1 1 0 7] [2 1 0 508]",
		"&stack=system":    "system [s0 s1 s2 s3 s4 s5  other] [2 1 1 1 1 1 0 2] [3 4 8 16 32 64 0 384]",
		"&stack=direction": "direction [Inbound Outbound Conference Unknown ] [2 1 0 0 6] [9 2 0 0 500]",
	} {
		l := read[look](t, h, "/api/view?range=today&by=day"+query)
		b := l.Chart.Bars[0]
		if got := fmt.Sprint(l.Chart.Stack, l.Chart.Layers, b.Calls, b.Seconds); strings.ReplaceAll(got, "][", "] [") != strings.Replace(want, " [", "[", 1) {
			t.Errorf("%s:\n got %s\nwant %s", query, got, want)
		}
	}
}

// Figures are compared with the period before: of as many months, days or seconds, and as far
// as a period that goes on has come.
func TestComparedTo(t *testing.T) {
	for _, tt := range []struct{ now, query, want string }{
		{"2026-11-20T12:00:00Z", with("from", "2026-10-01", "to", "2026-11-01"), "2026-09-01T00:00:00Z 2026-10-01T00:00:00Z"},
		{"2026-11-20T12:00:00Z", with("range", "last-month"), "2026-09-01T00:00:00Z 2026-10-01T00:00:00Z"},
		{"2026-11-20T12:00:00Z", with("range", "this-month"), "2026-10-01T00:00:00Z 2026-10-20T12:00:00Z"},
		{"2026-03-31T12:00:00Z", with("range", "this-month"), "2026-02-01T00:00:00Z 2026-03-01T00:00:00Z"},
		{"2026-11-20T12:00:00Z", with("from", "2025", "to", "2026"), "2024-01-01T00:00:00Z 2025-01-01T00:00:00Z"},
		{"2026-11-20T12:00:00Z", with("range", "yesterday"), "2026-11-18T00:00:00Z 2026-11-19T00:00:00Z"},
		{"2026-11-20T12:00:00Z", with("range", "today"), "2026-11-19T00:00:00Z 2026-11-19T12:00:00Z"},
		{"2026-11-20T12:00:00Z", with("range", "7d"), "2026-11-07T00:00:00Z 2026-11-13T12:00:00Z"},
		{"2026-11-20T12:00:00Z", with("from", "2026-03-29", "to", "2026-03-31", "tz", "Europe/Berlin"), "2026-03-27T00:00:00+01:00 2026-03-29T00:00:00+01:00"},
		{"2026-11-20T12:00:00Z", with("from", "2026-03-29 10:00", "to", "2026-03-29 11:30"), "2026-03-29T08:30:00Z 2026-03-29T10:00:00Z"},
		{"2026-11-20T12:00:00Z", with("range", "all"), ""},
		{"2026-11-20T12:00:00Z", with("to", "2026-03-01"), ""},
		{"2026-11-20T12:00:00Z", with("from", "0001-01-01", "to", "2026-03-01"), ""},
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		l := read[look](t, start(t, Config{Now: func() time.Time { return now }}, at("2026-02-01T00:00:00Z")), "/api/view"+tt.query)
		got := ""
		if l.Earlier != nil {
			got = l.Earlier.From + " " + l.Earlier.To
		}
		if got != tt.want {
			t.Errorf("%s at %s: %s, want %s", tt.query, tt.now, got, tt.want)
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
			if bars > maxUnits {
				t.Errorf("%v: %d bars of a %s", tt.length, bars, unit)
			}
			if wished, _ := unitsOf(span, unit); wished != unit {
				t.Errorf("%v by %s: %s", tt.length, unit, wished)
			}
		}
		if wished, _ := unitsOf(span, "fortnight"); wished != tt.meant {
			t.Errorf("%v by an unknown unit: %s", tt.length, wished)
		}
	}
}

// A unit is offered as long as its bars are not too many, and no longer.
func TestUnitsAtTheirLimits(t *testing.T) {
	begin := time.Date(2026, 3, 4, 12, 30, 0, 0, time.UTC)
	for _, u := range units[:3] { // the others are not all as long
		for n := int64(maxUnits - 5); n < maxUnits+5; n++ {
			span := when.Span{From: begin, To: begin.Add(time.Duration(n*u.seconds) * time.Second)}
			bars := 0
			for range span.By(u.Unit) {
				bars++
			}
			_, fitting := unitsOf(span, "")
			if slices.Contains(fitting, u.Unit) && bars > maxUnits || !slices.Contains(fitting, u.Unit) && bars < maxUnits-1 {
				t.Errorf("%d %ss are %d bars of %d: %v", n, u.Unit, bars, maxUnits, fitting)
			}
		}
	}
}

// One call of a wrong year hides no other.
func TestFarYears(t *testing.T) {
	made := at("0001-01-01T00:00:00Z", "2026-03-04T07:00:00Z", "9999-12-31T23:59:59.999999Z")
	l := read[look](t, start(t, Config{}, made), "/api/view?range=all")
	bars := l.Chart.Bars
	if l.Figures.Calls != 3 || l.Chart.Unit != when.Year || len(bars) != 9999 || bars[2025].From != "2026-01-01T00:00:00Z" || bars[2025].total() != 1 {
		t.Errorf("%d calls by the %s, %d bars", l.Figures.Calls, l.Chart.Unit, len(bars))
	}
}
