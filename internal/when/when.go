// Package when reads times and ranges as people write them. What it knows of the
// present and of the place is one time.Time, the caller's now in the caller's
// zone, so everything here is a pure function.
//
// A time is one of
//
//	2026-01-31T09:00:00-07:00       an instant, in every form that the API takes
//	2026-01-31 09:00                the zone's clock, with seconds or without; a T may
//	                                stand in place of the space
//	2026-01-31  2026-01  2026       the beginning of a day, a month, a year
//	now
//	30min  12h  7d  2w  3mo  1y     so long ago
//	today  yesterday  tomorrow
//	this, last or next week, month or year
//
// in any case. Minutes and hours pass evenly; days, weeks, months and years ago are
// the same time of the zone's clock on an earlier day, and where that month is
// shorter, on its last day. Weeks begin on Monday (ISO 8601). A time that the
// zone's clock leaps over, such as a midnight at which summer time begins, is the
// instant of the leap; of one that it shows twice the first is meant.
//
// A range goes from the beginning of what --from names, which is in it, to the
// beginning of what --to names, which is not: "2026-01-01" to "2026-02-01" is
// January, and "yesterday" to "today" is yesterday. Without a --to
//
//   - the words that name a span (today, last month) mean the whole of it, what of
//     it is still to come too;
//   - so long ago means until now;
//   - every other time leaves the end open, which is the caller's to close.
package when

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callvault/callvault/gong"
)

// Span is the time between two instants, From being in it and To not. A zero
// bound is open.
type Span struct{ From, To time.Time }

// Accepted says for people what Parse accepts.
const Accepted = `accepted are dates (2026-01-31, 2026-01, 2026), times (2026-01-31 09:00, 2026-01-31T09:00:00-07:00), ` +
	`times ago (30min, 12h, 7d, 2w, 3mo, 1y), now, today, yesterday, tomorrow, and this, last or next week, month or year`

const maxEcho = 40

// Parse reads a time as it is meant at now, in now's zone. The span begins at it
// and ends where it does when nothing else is said: zero where that is open.
func Parse(s string, now time.Time) (Span, error) {
	text := strings.ToLower(strings.Join(strings.Fields(s), " "))
	for _, parse := range []func(string, time.Time) (Span, bool){parseInstant, parseClock, parseWords, parseAgo} {
		if span, ok := parse(text, now); ok {
			return span, nil
		}
	}
	return Span{}, fmt.Errorf("%.*q is no time; %s", maxEcho, s, Accepted)
}

// Bounds reads both ends of a range. An empty one is open and its bound zero,
// unless the other says more: see the package's comment. A range that nothing can be
// in is an error.
func Bounds(from, to string, now time.Time) (span Span, err error) {
	if from != "" {
		if span, err = Parse(from, now); err != nil {
			return Span{}, fmt.Errorf("--from %w", err)
		}
	}
	switch {
	case to != "":
		end, err := Parse(to, now)
		if err != nil {
			return Span{}, fmt.Errorf("--to %w", err)
		}
		span.To = end.From
	case span.To.IsZero():
		return span, nil
	}
	if from == "" || span.From.Before(span.To) {
		return span, nil
	}
	if to == "" {
		return Span{}, fmt.Errorf("--from %.*s is a range in which nothing can be", maxEcho, from)
	}
	return Span{}, &OrderError{fmt.Sprintf("--from %.*s must be before --to %.*s, but they are %s and %s%s",
		maxEcho, from, maxEcho, to, moment(span.From), moment(span.To), wholeOf(from, to))}
}

// wholeOf says how to ask for a whole day, month or year that both ends name.
func wholeOf(from, to string) string {
	from = strings.TrimSpace(from)
	if from != strings.TrimSpace(to) {
		return ""
	}
	for layout, step := range map[string][3]int{"2006-01-02": {0, 0, 1}, "2006-01": {0, 1, 0}, "2006": {1, 0, 0}} {
		if begin, err := time.Parse(layout, from); err == nil {
			return fmt.Sprintf("; --to is exclusive: for all of %s, use --to %s", from, begin.AddDate(step[0], step[1], step[2]).Format(layout))
		}
	}
	return ""
}

// OrderError is of a range that does not begin before it ends, and says so.
type OrderError struct{ text string }

func (e *OrderError) Error() string { return e.text }

func parseInstant(s string, now time.Time) (Span, bool) {
	t, err := gong.ParseTime(s)
	if err != nil {
		return Span{}, false
	}
	return Span{From: t.Instant().In(now.Location())}, true
}

// parseClock reads what the zone's clock and calendar show.
func parseClock(s string, now time.Time) (Span, bool) {
	for _, layout := range []string{"2006-01-02", "2006-01", "2006", "2006-01-02 15:04", "2006-01-02t15:04", "2006-01-02 15:04:05", "2006-01-02t15:04:05"} {
		if shown, err := time.Parse(layout, s); err == nil {
			return Span{From: at(shown, now.Location())}, true
		}
	}
	return Span{}, false
}

// parseWords reads the words for days, weeks, months and years.
func parseWords(s string, now time.Time) (Span, bool) {
	if s == "now" {
		return Span{now, now}, true
	}
	today := Day.floor(shown(now))
	if days := slices.Index([]string{"yesterday", "today", "tomorrow"}, s) - 1; days > -2 {
		return Day.span(today.AddDate(0, 0, days), now.Location()), true
	}
	which, name, _ := strings.Cut(s, " ")
	steps := slices.Index([]string{"last", "this", "next"}, which) - 1
	unit := Unit(name)
	if steps < -1 || unit != Week && unit != Month && unit != Year {
		return Span{}, false
	}
	return unit.span(unit.step(unit.floor(today), steps), now.Location()), true
}

// ago is a number that makes no time overflow, and a unit.
var ago = regexp.MustCompile(`^([0-9]{1,6})(min|h|d|w|mo|y)$`)

func parseAgo(s string, now time.Time) (Span, bool) {
	found := ago.FindStringSubmatch(s)
	if found == nil {
		return Span{}, false
	}
	n, _ := strconv.Atoi(found[1])
	from := now
	switch found[2] {
	case "min":
		from = now.Add(-time.Duration(n) * time.Minute)
	case "h":
		from = now.Add(-time.Duration(n) * time.Hour)
	case "d":
		from = at(shown(now).AddDate(0, 0, -n), now.Location())
	case "w":
		from = at(shown(now).AddDate(0, 0, -7*n), now.Location())
	case "mo":
		from = at(monthsBefore(shown(now), n), now.Location())
	case "y":
		from = at(monthsBefore(shown(now), 12*n), now.Location())
	}
	return Span{from, now}, from.Year() > 0
}

// monthsBefore is the same day and time of an earlier month, or its last day where
// it is shorter.
func monthsBefore(t time.Time, months int) time.Time {
	earlier := t.AddDate(0, -months, 0)
	if earlier.Day() != t.Day() { // it ran over into the next
		earlier = earlier.AddDate(0, 0, -earlier.Day())
	}
	return earlier
}
