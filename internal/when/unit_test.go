package when_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/when"
)

// labels divides a span and names its parts, with the hours that each has.
func labels(t *testing.T, name, from, to string, unit when.Unit) string {
	z := zone(t, name)
	span := when.Span{From: instant(t, from).In(z), To: instant(t, to).In(z)}
	var parts []string
	for part := range span.By(unit) {
		parts = append(parts, fmt.Sprintf("%s %g", unit.Label(part.From), part.To.Sub(part.From).Hours()))
	}
	return strings.Join(parts, ", ")
}

func TestBy(t *testing.T) {
	for _, tt := range []struct {
		zone, from, to string
		unit           when.Unit
		want           string
	}{
		{"Europe/Berlin", "2026-03-28T00:00:00+01:00", "2026-03-31T00:00:00+02:00", when.Day, "Sat 2026-03-28 24, Sun 2026-03-29 23, Mon 2026-03-30 24"},
		{"Europe/Berlin", "2026-10-24T18:00:00+02:00", "2026-10-26T06:00:00+01:00", when.Day, "Sat 2026-10-24 6, Sun 2026-10-25 25, Mon 2026-10-26 6"},
		{"America/Sao_Paulo", "2018-11-03T00:00:00-03:00", "2018-11-05T00:00:00-02:00", when.Day, "Sat 2018-11-03 24, Sun 2018-11-04 23"},
		{"America/Sao_Paulo", "2018-02-17T00:00:00-02:00", "2018-02-19T00:00:00-03:00", when.Day, "Sat 2018-02-17 25, Sun 2018-02-18 24"},
		{"Pacific/Apia", "2011-12-29T00:00:00-10:00", "2012-01-01T00:00:00+14:00", when.Day, "Thu 2011-12-29 24, Sat 2011-12-31 24"},
		// The clock was put back at 00:01, so this Saturday goes on in the first hour of Sunday.
		{"America/St_Johns", "2010-11-06T22:00:00-02:30", "2010-11-08T00:00:00-03:30", when.Day, "Sat 2010-11-06 2, Sun 2010-11-07 25"},
		{"America/St_Johns", "2010-11-06T23:30:00-03:30", "2010-11-08T00:00:00-03:30", when.Day, "Sat 2010-11-06 24.5"},
		{"Europe/Berlin", "2026-03-29T00:30:00+01:00", "2026-03-29T04:15:00+02:00", when.Hour, "Sun 2026-03-29 00:30 0.5, Sun 2026-03-29 01:00 1, Sun 2026-03-29 03:00 1, Sun 2026-03-29 04:00 0.25"},
		{"Europe/Berlin", "2026-10-25T01:00:00+02:00", "2026-10-25T04:00:00+01:00", when.Hour, "Sun 2026-10-25 01:00 1, Sun 2026-10-25 02:00 1, Sun 2026-10-25 02:00 1, Sun 2026-10-25 03:00 1"},
		{"America/St_Johns", "2010-11-06T23:00:00-02:30", "2010-11-07T01:00:00-03:30", when.Hour, "Sat 2010-11-06 23:00 1, Sun 2010-11-07 00:00 0.016666666666666666, Sat 2010-11-06 23:01 0.9833333333333333, Sun 2010-11-07 00:00 1"},
		{"Asia/Kathmandu", "2026-01-01T00:00:00+05:45", "2026-01-01T02:00:00+05:45", when.Hour, "Thu 2026-01-01 00:00 1, Thu 2026-01-01 01:00 1"},
		{"Australia/Lord_Howe", "2026-04-05T01:00:00+11:00", "2026-04-05T03:00:00+10:30", when.Hour, "Sun 2026-04-05 01:00 1, Sun 2026-04-05 01:30 0.5, Sun 2026-04-05 02:00 1"},
		// The last day of a leap year, after the changes that the data of zones list.
		{"Asia/Beirut", "2260-12-30T00:00:00+02:00", "2261-01-02T00:00:00+02:00", when.Day, "Sun 2260-12-30 24, Mon 2260-12-31 24, Tue 2261-01-01 24"},
		{"America/St_Johns", "2048-12-30T20:00:00-03:30", "2048-12-30T22:00:00-03:30", when.Hour, "Wed 2048-12-30 20:00 1, Wed 2048-12-30 21:00 1"},
		{"Australia/Lord_Howe", "2048-12-31T22:00:00+11:00", "2049-01-01T01:00:00+11:00", when.Hour, "Thu 2048-12-31 22:00 1, Thu 2048-12-31 23:00 1, Fri 2049-01-01 00:00 1"},
		{"UTC", "2025-12-30T00:00:00Z", "2026-01-13T00:00:00Z", when.Week, "2026-W01 Tue 12-30 144, 2026-W02 Mon 01-05 168, 2026-W03 Mon 01-12 24"},
		{"UTC", "2026-01-31T00:00:00Z", "2026-03-01T00:00:00Z", when.Month, "2026-01 24, 2026-02 672"},
		{"UTC", "2025-12-31T00:00:00Z", "2026-01-02T00:00:00Z", when.Year, "2025 24, 2026 24"},
		{"UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", when.Day, ""},
	} {
		if got := labels(t, tt.zone, tt.from, tt.to, tt.unit); got != tt.want {
			t.Errorf("%s of %s to %s in %s:\n got %s\nwant %s", tt.unit, tt.from, tt.to, tt.zone, got, tt.want)
		}
	}
	span := when.Span{From: instant(t, "2026-01-01T00:00:00Z"), To: instant(t, "2027-01-01T00:00:00Z")}
	days := 0
	for range span.By(when.Day) {
		if days++; days == 3 {
			break
		}
	}
	if days != 3 {
		t.Errorf("%d days after a break at 3", days)
	}
}

// leaping are zones whose clocks do all that clocks do.
func leaping() []string {
	return []string{"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Beirut", "America/Havana", "Australia/Lord_Howe",
		"America/St_Johns", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Kiritimati", "Antarctica/Troll", "Africa/Cairo"}
}

// nearChange is an instant within three days of a change of the zone's clock, where
// it has one later, or of the end of a leap year.
func nearChange(random *rand.Rand, zone *time.Location) time.Time {
	t := time.Unix(random.Int64N(4_000_000_000), 0).In(zone)
	if _, change := t.ZoneBounds(); !change.IsZero() {
		t = change
	}
	if random.IntN(5) == 0 {
		t = time.Date(1972+4*random.IntN(40), time.December, 31, 0, 0, 0, 0, zone)
	}
	return t.Add(time.Duration(random.IntN(2*72*60)-72*60) * time.Minute).In(zone)
}

// Whatever a span is divided into covers it without a gap, and no part reaches
// beyond the unit that it begins in.
func TestByCovers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range leaping() {
		z := zone(t, name)
		for range 40 {
			from := nearChange(random, z)
			span := when.Span{From: from, To: from.Add(time.Duration(random.IntN(5*24*60)) * time.Minute)}
			for _, unit := range []when.Unit{when.Hour, when.Day, when.Week, when.Month, when.Year} {
				end := span.From
				for part := range span.By(unit) {
					if !part.From.Equal(end) || !part.From.Before(part.To) {
						t.Fatalf("%s of %v: %s after %v", unit, span, written(part), end)
					}
					end = part.To
					if limit := map[when.Unit]time.Duration{when.Hour: time.Hour, when.Day: 27 * time.Hour}[unit]; limit > 0 && part.To.Sub(part.From) > limit {
						t.Fatalf("%s of %v: %s is too long", unit, span, written(part))
					}
				}
				if !end.Equal(span.To) {
					t.Fatalf("%s of %v: ended at %v", unit, span, end)
				}
			}
		}
	}
}

// A date begins at the first minute at which the zone's clock shows it, or a later
// one: found by looking at every minute.
func TestDatesBegin(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, name := range leaping() {
		z := zone(t, name)
		for range 40 {
			date := nearChange(random, z).Format(time.DateOnly)
			got, err := when.Parse(date, time.Unix(0, 0).In(z))
			if err != nil {
				t.Fatal(err)
			}
			midnight := instant(t, date+"T00:00:00Z").Add(-30 * time.Hour).In(z)
			for midnight.Format(time.DateOnly) < date {
				midnight = midnight.Add(time.Minute)
			}
			if !got.From.Equal(midnight) {
				t.Errorf("%s in %s begins at %v, not at %v", date, name, got.From, midnight)
			}
		}
	}
}

// FuzzParse: what is accepted is a span that does not end before it begins, and
// means the same however it is spaced and capitalized.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"2026-01-31", "2026-01", "2026", "now", "last month", "7d", "90min", "3mo", "2026-01-31 09:00", "2018-02-18T02:30:00-07:00", "next year"} {
		f.Add(s, int64(1_772_625_600), uint8(3))
	}
	f.Add("2261", int64(1_772_625_540), uint8(4)) // after a leap year, in Beirut
	zones := leaping()
	f.Fuzz(func(t *testing.T, s string, seconds int64, number uint8) {
		now := time.Unix(seconds%4_000_000_000, 0).In(zone(t, zones[int(number)%len(zones)]))
		got, err := when.Parse(s, now)
		if err != nil {
			return
		}
		if !got.To.IsZero() && got.To.Before(got.From) {
			t.Errorf("%q at %v is %s", s, now, written(got))
		}
		if again, err := when.Parse("  "+strings.ToUpper(strings.Join(strings.Fields(s), "   ")), now); err != nil || written(again) != written(got) {
			t.Errorf("%q at %v is %s, and in capitals %s, %v", s, now, written(got), written(again), err)
		}
	})
}
