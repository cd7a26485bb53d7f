package when_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones do not depend on the machine

	"github.com/callvault/callvault/internal/when"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	location, err := when.Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// instant reads RFC 3339.
func instant(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// written is a span in RFC 3339, with the offsets of its zone.
func written(s when.Span) string {
	text := s.From.Format(time.RFC3339Nano) + " "
	if s.To.IsZero() {
		return text + "open"
	}
	return text + s.To.Format(time.RFC3339Nano)
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ zone, now, text, want string }{
		// Numbers are beginnings.
		{"Europe/Berlin", "2026-03-04T12:00:00Z", "2026-01-31", "2026-01-31T00:00:00+01:00 open"},
		{"Europe/Berlin", "2026-03-04T12:00:00Z", "2026-07", "2026-07-01T00:00:00+02:00 open"},
		{"Europe/Berlin", "2026-03-04T12:00:00Z", "2026", "2026-01-01T00:00:00+01:00 open"},
		{"Europe/Berlin", "2026-03-04T12:00:00Z", "2026-01-31 09:00", "2026-01-31T09:00:00+01:00 open"},
		{"Europe/Berlin", "2026-03-04T12:00:00Z", " 2026-01-31T09:00:30 ", "2026-01-31T09:00:30+01:00 open"},
		{"Europe/Berlin", "2026-03-04T12:00:00Z", "2026-01-31T09:00:00-07:00", "2026-01-31T17:00:00+01:00 open"},
		{"Europe/Berlin", "2026-03-04T12:00:00Z", "2018-02-18T02:30:00.000001-7:00", "2018-02-18T10:30:00.000001+01:00 open"},
		{"UTC", "2026-03-04T12:00:00Z", "0000-01-01", "0000-01-01T00:00:00Z open"},

		// Words are spans, of the zone's day and not of UTC's.
		{"UTC", "2026-03-04T12:00:00Z", "today", "2026-03-04T00:00:00Z 2026-03-05T00:00:00Z"},
		{"America/Los_Angeles", "2026-03-04T02:00:00Z", "today", "2026-03-03T00:00:00-08:00 2026-03-04T00:00:00-08:00"},
		{"Pacific/Kiritimati", "2026-03-04T12:00:00Z", "Today", "2026-03-05T00:00:00+14:00 2026-03-06T00:00:00+14:00"},
		{"UTC", "2026-03-01T12:00:00Z", "yesterday", "2026-02-28T00:00:00Z 2026-03-01T00:00:00Z"},
		{"UTC", "2026-12-31T23:59:59Z", "tomorrow", "2027-01-01T00:00:00Z 2027-01-02T00:00:00Z"},
		{"UTC", "2026-03-04T12:00:00Z", "now", "2026-03-04T12:00:00Z 2026-03-04T12:00:00Z"},
		{"UTC", "2026-03-04T12:00:00Z", "this week", "2026-03-02T00:00:00Z 2026-03-09T00:00:00Z"},
		{"UTC", "2026-03-02T00:00:00Z", "this week", "2026-03-02T00:00:00Z 2026-03-09T00:00:00Z"},
		{"UTC", "2026-03-08T23:59:59Z", "this week", "2026-03-02T00:00:00Z 2026-03-09T00:00:00Z"},
		{"UTC", "2026-03-04T12:00:00Z", "last  WEEK", "2026-02-23T00:00:00Z 2026-03-02T00:00:00Z"},
		{"UTC", "2026-03-31T12:00:00Z", "last month", "2026-02-01T00:00:00Z 2026-03-01T00:00:00Z"},
		{"UTC", "2026-01-31T12:00:00Z", "next month", "2026-02-01T00:00:00Z 2026-03-01T00:00:00Z"},
		{"UTC", "2024-02-29T12:00:00Z", "last year", "2023-01-01T00:00:00Z 2024-01-01T00:00:00Z"},
		{"Europe/Berlin", "2026-04-15T12:00:00Z", "last month", "2026-03-01T00:00:00+01:00 2026-04-01T00:00:00+02:00"},

		// Ages: hours pass evenly, days by the clock, months end where they end.
		{"Europe/Berlin", "2026-03-29T12:00:00+02:00", "1d", "2026-03-28T12:00:00+01:00 2026-03-29T12:00:00+02:00"},
		{"Europe/Berlin", "2026-03-29T12:00:00+02:00", "24h", "2026-03-28T11:00:00+01:00 2026-03-29T12:00:00+02:00"},
		{"Europe/Berlin", "2026-03-29T12:00:00+02:00", "90min", "2026-03-29T10:30:00+02:00 2026-03-29T12:00:00+02:00"},
		{"Europe/Berlin", "2026-03-30T02:30:00+02:00", "1d", "2026-03-29T03:00:00+02:00 2026-03-30T02:30:00+02:00"},
		{"UTC", "2026-03-04T12:00:00Z", "2W", "2026-02-18T12:00:00Z 2026-03-04T12:00:00Z"},
		{"UTC", "2026-03-31T12:00:00Z", "1mo", "2026-02-28T12:00:00Z 2026-03-31T12:00:00Z"},
		{"UTC", "2026-03-31T12:00:00Z", "4mo", "2025-11-30T12:00:00Z 2026-03-31T12:00:00Z"},
		{"UTC", "2024-02-29T12:00:00Z", "1y", "2023-02-28T12:00:00Z 2024-02-29T12:00:00Z"},

		// A midnight that the clock leaps over, one that it shows twice, a day that
		// an island left out, and a clock that was put back over midnight.
		{"America/Sao_Paulo", "2018-11-04T12:00:00-02:00", "today", "2018-11-04T01:00:00-02:00 2018-11-05T00:00:00-02:00"},
		{"America/Sao_Paulo", "2018-11-04T12:00:00-02:00", "yesterday", "2018-11-03T00:00:00-03:00 2018-11-04T01:00:00-02:00"},
		{"America/Sao_Paulo", "2018-02-17T12:00:00-02:00", "today", "2018-02-17T00:00:00-02:00 2018-02-18T00:00:00-03:00"},
		{"Asia/Beirut", "2022-03-27T12:00:00+03:00", "2022-03-27", "2022-03-27T01:00:00+03:00 open"},
		{"Asia/Beirut", "2022-03-28T12:00:00+03:00", "yesterday", "2022-03-27T01:00:00+03:00 2022-03-28T00:00:00+03:00"},
		{"America/Havana", "2025-11-02T12:00:00-05:00", "today", "2025-11-02T00:00:00-04:00 2025-11-03T00:00:00-05:00"},
		{"Pacific/Apia", "2011-12-31T12:00:00+14:00", "2011-12-30", "2011-12-31T00:00:00+14:00 open"},
		{"America/St_Johns", "2010-11-07T12:00:00-03:30", "today", "2010-11-07T00:00:00-02:30 2010-11-08T00:00:00-03:30"},
		{"Europe/Berlin", "2026-10-26T12:00:00+01:00", "2026-10-25 02:30", "2026-10-25T02:30:00+02:00 open"},
		{"Australia/Lord_Howe", "2026-10-05T12:00:00+11:00", "2026-10-04 02:10", "2026-10-04T02:30:00+11:00 open"},
	} {
		now := instant(t, tt.now).In(zone(t, tt.zone))
		got, err := when.Parse(tt.text, now)
		if err != nil || written(got) != tt.want {
			t.Errorf("%q at %v in %s:\n got %s, %v\nwant %s", tt.text, tt.now, tt.zone, written(got), err, tt.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, text := range []string{
		"", "soon", "7", "7m", "-7d", "7.5d", "d", "1000000d", "9999y", "2026-02-30", "2026-13", "26-01-31", "20260131", "2026-1-31",
		"last", "last day", "last 7 days", "previous month", "yesterday 09:00", "2026-01-31 25:00", "2026-01-31T09:00:60Z", strings.Repeat("last month ", 100),
	} {
		got, err := when.Parse(text, now)
		if err == nil {
			t.Errorf("%q is taken for %s", text, written(got))
			continue
		}
		if !strings.Contains(err.Error(), when.Forms) || len(err.Error()) > len(when.Forms)+80 {
			t.Errorf("%q: the error is %v", text, err)
		}
	}
}

func TestBounds(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ from, to, want string }{
		{"2026-01-01", "2026-02-01", "2026-01-01T00:00:00Z 2026-02-01T00:00:00Z"},
		{"yesterday", "today", "2026-03-03T00:00:00Z 2026-03-04T00:00:00Z"},
		{"last month", "", "2026-02-01T00:00:00Z 2026-03-01T00:00:00Z"},
		{"last month", "now", "2026-02-01T00:00:00Z 2026-03-04T12:00:00Z"},
		{"last month", "2026-02-15", "2026-02-01T00:00:00Z 2026-02-15T00:00:00Z"},
		{"this month", "", "2026-03-01T00:00:00Z 2026-04-01T00:00:00Z"},
		{"7d", "", "2026-02-25T12:00:00Z 2026-03-04T12:00:00Z"},
		{"7d", "1d", "2026-02-25T12:00:00Z 2026-03-03T12:00:00Z"},
		{"2026-01-01", "", "2026-01-01T00:00:00Z open"},
		{"", "2026-01-01", "0001-01-01T00:00:00Z 2026-01-01T00:00:00Z"},
		{"", "", "0001-01-01T00:00:00Z open"},
	} {
		if got, err := when.Bounds(tt.from, tt.to, now); err != nil || written(got) != tt.want {
			t.Errorf("from %q to %q: got %s, %v, want %s", tt.from, tt.to, written(got), err, tt.want)
		}
	}
	for _, tt := range []struct{ from, to, want string }{
		{"2026-02-01", "2026-01-01", "--from 2026-02-01 must be before --to 2026-01-01, but they are Sun 2026-02-01 00:00 and Thu 2026-01-01 00:00"},
		{"yesterday", "yesterday", "--from yesterday must be before --to yesterday, but they are Tue 2026-03-03 00:00 and Tue 2026-03-03 00:00"},
		{"2026-01-01", "0001-01-01", "--from 2026-01-01 must be before --to 0001-01-01, but they are Thu 2026-01-01 00:00 and Mon 0001-01-01 00:00"},
		{"now", "", "--from now gives an empty range; use an earlier time"},
		{"0d", "", "--from 0d gives an empty range; use an earlier time"},
		{"soon", "", `--from "soon" is not a time; ` + when.Forms},
		{"", "soon", `--to "soon" is not a time; ` + when.Forms},
	} {
		if got, err := when.Bounds(tt.from, tt.to, now); err == nil || err.Error() != tt.want {
			t.Errorf("from %q to %q: got %s, %v, want %s", tt.from, tt.to, written(got), err, tt.want)
		}
	}
}

func TestString(t *testing.T) {
	for _, tt := range []struct{ zone, from, to, want string }{
		{"Europe/Berlin", "2026-01-05T00:00:00+01:00", "2026-01-12T00:00:00+01:00", "from Mon 2026-01-05 00:00 to Mon 2026-01-12 00:00, Europe/Berlin (UTC+1)"},
		{"Europe/Berlin", "2026-03-28T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "from Sat 2026-03-28 00:00 to Mon 2026-03-30 00:00, Europe/Berlin (UTC+1, at the end UTC+2)"},
		{"UTC", "2026-01-05T08:30:00Z", "2026-01-05T08:30:07.25Z", "from Mon 2026-01-05 08:30 to Mon 2026-01-05 08:30:07.25, UTC"},
		{"America/St_Johns", "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z", "from Sun 2026-01-04 20:30 to Mon 2026-01-05 20:30, America/St_Johns (UTC-3:30)"},
	} {
		z := zone(t, tt.zone)
		if got := (when.Span{From: instant(t, tt.from).In(z), To: instant(t, tt.to).In(z)}).String(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	day := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for want, span := range map[string]when.Span{
		"of all time": {}, "before Mon 2026-01-05 00:00, UTC": {To: day}, "from Mon 2026-01-05 00:00 on, UTC": {From: day},
	} {
		if got := span.String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestZone(t *testing.T) {
	for name, want := range map[string]*time.Location{"local": time.Local, "LOCAL": time.Local, "utc": time.UTC, "UTC": time.UTC} {
		if got := zone(t, name); got != want {
			t.Errorf("%s is %v", name, got)
		}
	}
	if got := zone(t, "Asia/Tokyo").String(); got != "Asia/Tokyo" {
		t.Errorf("got %s", got)
	}
	for _, name := range []string{"", "Europe/Munich", "../etc/passwd", "+02:00"} {
		if got, err := when.Zone(name); err == nil || !strings.Contains(err.Error(), "use local, UTC, or a name such as Europe/Berlin") {
			t.Errorf("%q: got %v, %v", name, got, err)
		}
	}
}

// --through includes the whole of what it names, and takes nothing else.
func TestThrough(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ from, through, want string }{
		{"2026-01", "2026-02", "2026-01-01T00:00:00Z 2026-03-01T00:00:00Z"},
		{"2026-02-28", "2026-02-28", "2026-02-28T00:00:00Z 2026-03-01T00:00:00Z"},
		{"2025", "2026", "2025-01-01T00:00:00Z 2027-01-01T00:00:00Z"},
		{"7d", " Today ", "2026-02-25T12:00:00Z 2026-03-05T00:00:00Z"},
		{"", "last month", "0001-01-01T00:00:00Z 2026-03-01T00:00:00Z"},
	} {
		if got, err := when.Through(tt.from, tt.through, now); err != nil || written(got) != tt.want {
			t.Errorf("from %q through %q: got %s, %v, want %s", tt.from, tt.through, written(got), err, tt.want)
		}
	}
	for _, tt := range []struct{ from, through, want string }{
		{"2026-02-01", "2026-01", "--from 2026-02-01 begins at Sun 2026-02-01 00:00, but --through 2026-01 ends at Sun 2026-02-01 00:00; use an earlier --from or a later --through"},
		{"", "2026-02-28 09:00", `--through "2026-02-28 09:00" is not a day, month or year; use `},
		{"", "now", `--through "now" is not a day`}, {"", "7d", `--through "7d" is not a day`}, {"", "2026-02-30", `--through "2026-02-30" is not a day`},
		{"soon", "2026", `--from "soon" is not a time; ` + when.Forms},
	} {
		if got, err := when.Through(tt.from, tt.through, now); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("from %q through %q: got %s, %v, want %s", tt.from, tt.through, written(got), err, tt.want)
		}
	}
}
