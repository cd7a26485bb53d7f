package when

import (
	"fmt"
	"iter"
	"time"
)

// Unit is a unit of the calendar.
type Unit string

// The units. Weeks begin on Monday, as in ISO 8601.
const (
	Hour  Unit = "hour"
	Day   Unit = "day"
	Week  Unit = "week"
	Month Unit = "month"
	Year  Unit = "year"
)

const zoneOffset = "-07:00:00"

// floor is the beginning of the unit that a shown time is in.
func (u Unit) floor(shown time.Time) time.Time {
	year, month, day := shown.Date()
	hour := 0
	switch u {
	case Hour:
		hour = shown.Hour()
	case Week:
		day -= (int(shown.Weekday()) + 6) % 7
	case Month:
		day = 1
	case Year:
		month, day = time.January, 1
	}
	return time.Date(year, month, day, hour, 0, 0, 0, time.UTC)
}

// step is the beginning of the unit that is some units after the one that begins
// at a shown time.
func (u Unit) step(begin time.Time, units int) time.Time {
	switch u {
	case Hour:
		return begin.Add(time.Duration(units) * time.Hour)
	case Week:
		return begin.AddDate(0, 0, 7*units)
	case Month:
		return begin.AddDate(0, units, 0)
	case Year:
		return begin.AddDate(units, 0, 0)
	}
	return begin.AddDate(0, 0, units)
}

// span is the unit that begins at a shown time, in a zone.
func (u Unit) span(begin time.Time, zone *time.Location) Span {
	return Span{at(begin, zone), at(u.step(begin, 1), zone)}
}

// By divides a span with both ends into the units of its zone's calendar, the first and the
// last cut at its ends. A day has 23 or 25 hours where the clock changes. An hour ends where
// the clock shows the next full one or changes, so an hour that it shows twice is two.
func (s Span) By(u Unit) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		for from := s.From; from.Before(s.To); {
			to := u.after(from)
			if s.To.Before(to) {
				to = s.To
			}
			if !yield(Span{from, to}) {
				return
			}
			from = to
		}
	}
}

// after is the end of the unit that an instant is in.
func (u Unit) after(t time.Time) time.Time {
	begin := u.floor(shown(t))
	if u == Hour {
		end := t.Add(u.step(begin, 1).Sub(shown(t)))
		if change := bound(t); t.Format(zoneOffset) != end.Format(zoneOffset) && change.Before(end) {
			return change
		}
		return end
	}
	// Where a clock was put back over midnight, the day that begins next may have
	// begun before.
	for units := 1; ; units++ {
		if end := at(u.step(begin, units), t.Location()); end.After(t) {
			return end
		}
	}
}

// Label names the unit that an instant is in.
func (u Unit) Label(t time.Time) string {
	switch u {
	case Hour:
		return t.Format("Mon 2006-01-02 15:04")
	case Week:
		year, week := t.ISOWeek()
		return fmt.Sprintf("%d-W%02d %s", year, week, t.Format("Mon 01-02"))
	case Month:
		return t.Format("2006-01")
	case Year:
		return t.Format("2006")
	}
	return t.Format("Mon 2006-01-02")
}
