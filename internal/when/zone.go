package when

import (
	"fmt"
	"strings"
	"time"
)

// Zone is the time zone of a name: local is the machine's, utc is UTC, in any case,
// and every other is one of the IANA's, such as Europe/Berlin.
func Zone(name string) (*time.Location, error) {
	switch strings.ToLower(name) {
	case "local":
		return time.Local, nil
	case "utc":
		return time.UTC, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" {
		return nil, fmt.Errorf("%.*q is not a time zone; use local, UTC, or a name such as Europe/Berlin", maxEcho, name)
	}
	return zone, nil
}

// shown is the time that the clock of t's zone shows at t, as a time in UTC, where every
// day has 24 hours and arithmetic is easy.
func shown(t time.Time) time.Time {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return time.Date(year, month, day, hour, minute, second, t.Nanosecond(), time.UTC)
}

// farEast is more than any clock was ever ahead of UTC (15 hours, in Alaska).
const farEast = 26 * time.Hour

// at is the first instant at which the clock of a zone shows a time, or a later time if
// the clock skips it.
func at(shown time.Time, zone *time.Location) time.Time {
	for t := shown.Add(-farEast).In(zone); ; {
		_, offset := t.Zone()
		found := shown.Add(-time.Duration(offset) * time.Second).In(zone)
		if found.Before(t) {
			return t // the clock leapt when this offset began
		}
		end := bound(t)
		if end.IsZero() || found.Before(end) {
			return found
		}
		t = end
	}
}

// bound is an instant after t until which the zone keeps its offset, or zero if it keeps it
// for ever. On the last day of a leap year package time may name a bound that is past, but no
// rule changes the clock on that day.
func bound(t time.Time) time.Time {
	_, end := t.ZoneBounds()
	if !end.IsZero() && !end.After(t) {
		return t.Add(24 * time.Hour)
	}
	return end
}

// String is the span in words: its ends, and the zone with its offset from UTC.
func (s Span) String() string {
	switch {
	case s.From.IsZero() && s.To.IsZero():
		return "of all time"
	case s.From.IsZero():
		return fmt.Sprintf("before %s, %s", moment(s.To), zoneOf(s.To, s.To))
	case s.To.IsZero():
		return fmt.Sprintf("from %s on, %s", moment(s.From), zoneOf(s.From, s.From))
	}
	return fmt.Sprintf("from %s to %s, %s", moment(s.From), moment(s.To), zoneOf(s.From, s.To))
}

// zoneOf is the zone with its offset from UTC at two instants.
func zoneOf(from, to time.Time) string {
	zone := from.Location().String()
	if zone == "Local" {
		zone = "local time"
	}
	first, last := offset(from), offset(to)
	switch {
	case zone == "UTC":
		return zone
	case first == last:
		return zone + " (" + first + ")"
	}
	return zone + " (" + first + ", at the end " + last + ")"
}

// moment is a time in words, with no more of it than it takes.
func moment(t time.Time) string {
	layout := "Mon 2006-01-02 15:04"
	if t.Second() != 0 || t.Nanosecond() != 0 {
		layout += ":05.999999999"
	}
	return t.Format(layout)
}

// offset is how far a zone's clock is from UTC at an instant.
func offset(t time.Time) string {
	_, seconds := t.Zone()
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	text := fmt.Sprintf("UTC%c%d", sign, seconds/3600)
	if minutes := seconds / 60 % 60; minutes != 0 {
		text += fmt.Sprintf(":%02d", minutes)
	}
	return text
}
