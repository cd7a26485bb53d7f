package page

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// Without a range in the request the last days are shown, or else the last days that have
// calls.
func TestLately(t *testing.T) {
	for _, tt := range []struct {
		calls          []string
		from, to, name string
	}{
		{nil, "2026-02-03T00:00:00+01:00", "2026-03-05T00:00:00+01:00", lately},
		{[]string{"2026-02-02T23:00:00Z"}, "2026-02-03T00:00:00+01:00", "2026-03-05T00:00:00+01:00", lately},
		{[]string{"2026-02-02T22:59:59Z"}, "2026-01-04T00:00:00+01:00", "2026-02-03T00:00:00+01:00", ""},
		{[]string{"2019-01-01T00:00:00Z", "2020-03-31T22:30:00Z"}, "2020-03-03T00:00:00+01:00", "2020-04-02T00:00:00+02:00", ""},
		{[]string{"2020-03-31T12:00:00Z", "2030-01-01T12:00:00Z"}, "2020-03-02T00:00:00+01:00", "2020-04-01T00:00:00+02:00", ""},
		{[]string{"2030-01-01T12:00:00Z"}, "2029-12-03T00:00:00+01:00", "2030-01-02T00:00:00+01:00", ""},
	} {
		l := read[look](t, start(t, Config{}, at(tt.calls...)), "/api/view?tz=Europe/Berlin")
		if l.From != tt.from || l.To != tt.to || l.Range != tt.name {
			t.Errorf("of %v: %s to %s (%s), want %s to %s (%s)", tt.calls, l.From, l.To, l.Range, tt.from, tt.to, tt.name)
		}
	}
}

// What people write as a range is read with the day that they name as its end.
func TestWritten(t *testing.T) {
	h := start(t, Config{Now: func() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 203_858_026, time.UTC) }}, at())
	for query, want := range map[string]written{
		with("from", "2026-01-01", "to", "2026-01-31"):                        {"2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"},
		with("from", "2026-01", "to", "2026-01"):                              {"2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"},
		with("from", "yesterday", "to", "today", "tz", "Asia/Tokyo"):          {"2026-03-03T00:00:00+09:00", "2026-03-05T00:00:00+09:00"},
		with("from", "2026-01-01 09:00", "to", "2026-01-01 10:30"):            {"2026-01-01T09:00:00Z", "2026-01-01T10:30:00Z"},
		with("from", "2026-01-01", "to", "2026-03-29", "tz", "Europe/Berlin"): {"2026-01-01T00:00:00+01:00", "2026-03-30T00:00:00+02:00"},
		with("from", "2w"):       {"2026-02-18T12:00:00Z", "2026-03-04T12:00:00Z"},
		with("to", "2026-01-31"): {"", "2026-02-01T00:00:00Z"},
		with("from", "2026-01"):  {"2026-01-01T00:00:00Z", ""},
		"":                       {},
	} {
		if got := read[written](t, h, "/api/range"+query); got != want {
			t.Errorf("%s: %+v, want %+v", query, got, want)
		}
	}
	for query, want := range map[string]string{
		with("from", "soon", "to", "2026-01-31"):       `"culprit":{"name":"from"`,
		with("from", "2026-01-01", "to", "2026-02-30"): `"culprit":{"name":"to"`,
		with("from", "2026-03-01", "to", "2026-01-31"): `"error":"From is after Through."`,
		with("from", "2026-02-30"):                     `"error":"From \"2026-02-30\" is not in the calendar."`,
		with("to", "31.10.2026"):                       `"error":"Through \"31.10.2026\" is not a time; write 2026-01-31, 2026-01, 2026-01-31 09:00, yesterday or 2w."`,
		with("from", "now", "to", "now"):               `"error":"From must be before Through."`,
	} {
		w := get(h, "/api/range"+query)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) || strings.Contains(w.Body.String(), "--") {
			t.Errorf("%s: %d %s, want %s", query, w.Code, w.Body, want)
		}
	}
}
