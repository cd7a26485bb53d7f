package gong

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	for _, tt := range []struct{ in, want, instant string }{
		{"2018-02-18T08:00:00Z", "2018-02-18T08:00:00Z", "2018-02-18T08:00:00Z"},
		{"2018-02-18T02:30:00-07:00", "2018-02-18T02:30:00-07:00", "2018-02-18T09:30:00Z"},
		{"2018-02-18T02:30:00-7:00", "2018-02-18T02:30:00-07:00", "2018-02-18T09:30:00Z"},
		{"2018-02-18T02:30:00-0700", "2018-02-18T02:30:00-07:00", "2018-02-18T09:30:00Z"},
		{"2018-02-18T02:30:00-07", "2018-02-18T02:30:00-07:00", "2018-02-18T09:30:00Z"},
		{"2018-02-18T02:30:00+05:45", "2018-02-18T02:30:00+05:45", "2018-02-17T20:45:00Z"},
		{"2018-02-18T02:30:00 05:45", "2018-02-18T02:30:00+05:45", "2018-02-17T20:45:00Z"},
		{"2018-02-18T02:30:00 0200", "2018-02-18T02:30:00+02:00", "2018-02-18T00:30:00Z"},
		{"2018-02-18T08:00Z", "2018-02-18T08:00:00Z", "2018-02-18T08:00:00Z"},
		{"2018-02-18T08:00+01:00", "2018-02-18T08:00:00+01:00", "2018-02-18T07:00:00Z"},
		{"2018-02-18t08:00:00z", "2018-02-18T08:00:00Z", "2018-02-18T08:00:00Z"},
		{"2018-02-18T08:00:00+00:00", "2018-02-18T08:00:00+00:00", "2018-02-18T08:00:00Z"},
		{"2018-02-18T08:00:00-00:00", "2018-02-18T08:00:00+00:00", "2018-02-18T08:00:00Z"},
		{"2018-02-18T08:00:00.1Z", "2018-02-18T08:00:00.1Z", "2018-02-18T08:00:00.1Z"},
		{"2018-02-18T08:00:00.100Z", "2018-02-18T08:00:00.100Z", "2018-02-18T08:00:00.1Z"},
		{"2018-02-18T08:00:00.000Z", "2018-02-18T08:00:00.000Z", "2018-02-18T08:00:00Z"},
		{"2018-02-18T08:00:00.123456789+23:59", "2018-02-18T08:00:00.123456789+23:59", "2018-02-17T08:01:00.123456789Z"},
		{"2020-02-29T23:59:59-23:59", "2020-02-29T23:59:59-23:59", "2020-03-01T23:58:59Z"},
		{"2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"},
		{"0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"},
		{"9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"},
		{"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"},
	} {
		got, err := ParseTime(tt.in)
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		if got.String() != tt.want {
			t.Errorf("%s is written %s, want %s", tt.in, got, tt.want)
		}
		if instant := got.Instant().Format(time.RFC3339Nano); instant != tt.instant {
			t.Errorf("%s is at %s, want %s", tt.in, instant, tt.instant)
		}
	}
}

func TestParseTimeRefuses(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", "is not a date and time"},
		{"yesterday", "is not a date and time"},
		{"2018-02-18", "has no time of day and no UTC offset"},
		{"2018-02-18T08:00:00", "has no UTC offset"},
		{"2018-02-18T08:00", "has no UTC offset"},
		{"2018-02-18T08:00:00.5", "has no UTC offset"},
		{"2018-02-18 08:00:00Z", "has no T between date and time"},
		{"2018-02-30T08:00:00Z", "is not a date and time"},
		{"2018-13-01T08:00:00Z", "is not a date and time"},
		{"2018-00-01T08:00:00Z", "is not a date and time"},
		{"2018-01-00T08:00:00Z", "is not a date and time"},
		{"1900-02-29T08:00:00Z", "is not a date and time"},
		{"2018-02-18T24:00:00Z", "is not a date and time"},
		{"2018-02-18T08:60:00Z", "is not a date and time"},
		{"2018-02-18T08:00:60Z", "is not a date and time"},
		{"2018-02-18T08:00:00.Z", "is not a date and time"},
		{"2018-02-18T08:00:00,5Z", "is not a date and time"},
		{"2018-02-18T08:00:00.1234567890Z", "has more than 9 digits of a fraction"},
		{"2018-02-18T08:00:00-7", "does not end with a UTC offset"},
		{"2018-02-18T08:00:00-7:0", "does not end with a UTC offset"},
		{"2018-02-18T08:00:00-24:00", "does not end with a UTC offset"},
		{"2018-02-18T08:00:00-07:60", "does not end with a UTC offset"},
		{"2018-02-18T08:00:00-07.00", "does not end with a UTC offset"},
		{"2018-02-18T08:00:00Zulu", "does not end with a UTC offset"},
		{"2018-02-18T08:00:00ZZ", "does not end with a UTC offset"},
		{"2018-2-18T08:00:00Z", "is not a date and time"},
		{"2018-02-18T8:00:00Z", "is not a date and time"},
		{"1518863400", "is not a date and time"},
		{"+2018-02-18T08:00:00Z", "is not a date and time"},
	} {
		got, err := ParseTime(tt.in)
		if err == nil {
			t.Errorf("%q was read as %s", tt.in, got)
			continue
		}
		if !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), useTimes) {
			t.Errorf("%q: %v, want %s", tt.in, err, tt.want)
		}
	}
	_, err := ParseTime(strings.Repeat("\x00<long>", 1000))
	if len(err.Error()) > 400 || strings.ContainsRune(err.Error(), 0) {
		t.Errorf("the error repeats too much: %v", err)
	}
}

// TimeOf and Instant are each other's inverse, for the calendar's corners too.
func TestTimeOf(t *testing.T) {
	for at := time.Date(-0, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 10000; at = at.Add(7777777*time.Second + 123456789) {
		for _, zone := range []*time.Location{time.UTC, time.FixedZone("", -7*3600), time.FixedZone("", 5*3600+45*60)} {
			local := at.In(zone)
			if local.Year() < 0 || local.Year() > 9999 {
				continue
			}
			text := TimeOf(local).String()
			if want := local.Format(time.RFC3339Nano); text != want {
				t.Fatalf("%s is written %s", want, text)
			}
			back, err := ParseTime(text)
			if err != nil || back != TimeOf(local) || !back.Instant().Equal(at) {
				t.Fatalf("%s comes back as %v, %v", text, back, err)
			}
		}
	}
	if !(Time{}).IsZero() || TimeOf(time.Unix(0, 0)).IsZero() {
		t.Error("IsZero is wrong")
	}
}

func TestTimeInJSON(t *testing.T) {
	var v struct{ At *Time }
	if err := json.Unmarshal([]byte(`{"At":"2018-02-18T08:00-7:00"}`), &v); err != nil {
		t.Fatal(err)
	}
	if out, err := json.Marshal(v); err != nil || string(out) != `{"At":"2018-02-18T08:00:00-07:00"}` {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := json.Marshal(struct{ At Time }{}); err == nil {
		t.Error("a time that is not set was written")
	}
}

// What is accepted is written as RFC 3339, which time.Parse reads as the same
// instant, and reading that again changes nothing.
func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2018-02-18T08:00:00Z", "2018-02-18T02:30-7:00", "2018-02-18t02:30:00.120 0545", "0000-01-01T00:00:00+23:59", "2018-02-18"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTime(s)
		if err != nil {
			return
		}
		want, err := time.Parse(time.RFC3339Nano, got.String())
		if err != nil || !want.Equal(got.Instant()) {
			t.Fatalf("%q is written %s: %v, %v", s, got, want, err)
		}
		if again, err := ParseTime(got.String()); err != nil || again != got {
			t.Fatalf("%s comes back as %v, %v", got, again, err)
		}
	})
}

func BenchmarkParseTime(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseTime("2018-02-18T02:30:00.123-07:00"); err != nil {
			b.Fatal(err)
		}
	}
}
