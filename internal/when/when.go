// Package when reads times and ranges as people write them, at the caller's now in the
// caller's zone: everything here is a pure function. A time is, in any case of its letters,
//
//	2026-01-31T09:00:00-07:00       an instant, in every form that the API takes
//	2026-01-31 09:00                the zone's clock, with or without seconds, or a T for the space
//	2026-01-31  2026-01  2026       the beginning of a day, month or year
//	now
//	30min  12h  7d  2w  3mo  1y     so long ago
//	today  yesterday  tomorrow
//	this, last or next week, month or year
//
// Minutes and hours ago pass evenly. Days, weeks, months and years ago are the same time of
// the zone's clock on an earlier day, or on the last day of a shorter month. Weeks begin on
// Monday (ISO 8601). A time that the clock skips is the instant of the skip; a time that it
// shows twice is the first of the two.
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

// Forms says what Parse reads, and what to type.
const Forms = `use a date (2026-01-31, 2026-01, 2026), a time (2026-01-31 09:00, 2026-01-31T09:00:00-07:00), ` +
	`a time ago (30min, 12h, 7d, 2w, 3mo, 1y), now, today, yesterday, tomorrow, or this, last or next week, month or year`

const maxEcho = 40

// Parse reads a time. The span begins at it. It ends at the end of the span that words
// name, or now for a time ago; otherwise it is open.
func Parse(s string, now time.Time) (Span, error) {
	text := normal(s)
	for _, parse := range []func(string, time.Time) (Span, bool){parseInstant, parseClock, parseWords, parseAgo} {
		if span, ok := parse(text, now); ok {
			return span, nil
		}
	}
	return Span{}, fmt.Errorf("%.*q is not a time; %s", maxEcho, s, Forms)
}

func normal(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// Bounds reads the flags of a range: from the beginning of what --from names to the
// beginning of what --to names, so 2026-01 to 2026-02 is January. Without --to the range
// ends as Parse says; without --from it begins at the zero time. An empty range is an error.
func Bounds(from, to string, now time.Time) (Span, error) {
	if to == "" {
		return between(from, "--to", to, time.Time{}, now)
	}
	end, err := Parse(to, now)
	if err != nil {
		return Span{}, fmt.Errorf("--to %w", err)
	}
	return between(from, "--to", to, end.From, now)
}

// Through is Bounds with the flag --through, which includes the whole day, week, month or
// year that it names. A time of day names none and is an error.
func Through(from, through string, now time.Time) (Span, error) {
	whole, ok := parseWhole(normal(through), now)
	if !ok {
		return Span{}, fmt.Errorf("--through %.*q is not a day, month or year; use 2026-01-31, 2026-01, 2026, today or last month, or --to for a time of day", maxEcho, through)
	}
	return between(from, "--through", through, whole.To, now)
}

// between is the range up to an end, which a flag gives unless it is zero.
func between(from, flag, value string, end, now time.Time) (span Span, err error) {
	if from == "" {
		return Span{To: end}, nil
	}
	if span, err = Parse(from, now); err != nil {
		return Span{}, fmt.Errorf("--from %w", err)
	}
	if !end.IsZero() || value != "" {
		span.To = end
	}
	switch {
	case span.From.Before(span.To) || span.To.IsZero() && value == "":
		return span, nil
	case value == "":
		return Span{}, fmt.Errorf("--from %.*s gives an empty range; use an earlier time", maxEcho, from)
	case flag == "--through":
		return Span{}, fmt.Errorf("--from %.*s begins at %s, but --through %.*s ends at %s; use an earlier --from or a later --through",
			maxEcho, from, moment(span.From), maxEcho, value, moment(span.To))
	}
	return Span{}, fmt.Errorf("--from %.*s must be before --to %.*s, but they are %s and %s",
		maxEcho, from, maxEcho, value, moment(span.From), moment(span.To))
}

func parseInstant(s string, now time.Time) (Span, bool) {
	t, err := gong.ParseTime(s)
	if err != nil {
		return Span{}, false
	}
	return Span{From: t.Instant().In(now.Location())}, true
}

// parseClock reads what the zone's clock and calendar show.
func parseClock(s string, now time.Time) (Span, bool) {
	if whole, ok := parseDate(s, now); ok {
		return Span{From: whole.From}, true
	}
	shown, ok := parseShown(s)
	return Span{From: at(shown, now.Location())}, ok
}

// parseShown reads a date and a time of day as a clock shows them.
func parseShown(s string) (shown time.Time, ok bool) {
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02t15:04", "2006-01-02 15:04:05", "2006-01-02t15:04:05"} {
		if shown, err := time.Parse(layout, s); err == nil {
			return shown, true
		}
	}
	return time.Time{}, false
}

// Clock is when the clock of a zone showed a date and a time of day, such as 2026-01-31 09:00.
// A time that it showed twice is the first of the two. One that it skipped is an error.
func Clock(s string, zone *time.Location) (time.Time, error) {
	clock, ok := parseShown(normal(s))
	if !ok {
		return time.Time{}, fmt.Errorf("%.*q is not a date and time; use 2026-01-31 09:00 or 2026-01-31T09:00:00-07:00", maxEcho, s)
	}
	t := at(clock, zone)
	if !shown(t).Equal(clock) {
		return time.Time{}, fmt.Errorf("%.*q was skipped by the clock of %s; correct it, or pass another --tz", maxEcho, s, zone)
	}
	return t, nil
}

// parseDate reads the date of a day, month or year, and is the whole of it.
func parseDate(s string, now time.Time) (Span, bool) {
	for layout, unit := range map[string]Unit{"2006-01-02": Day, "2006-01": Month, "2006": Year} {
		if shown, err := time.Parse(layout, s); err == nil {
			return unit.span(shown, now.Location()), true
		}
	}
	return Span{}, false
}

// parseWhole reads what names a whole day, week, month or year.
func parseWhole(s string, now time.Time) (Span, bool) {
	if span, ok := parseDate(s, now); ok || s == "now" {
		return span, ok
	}
	return parseWords(s, now)
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

// away is a number that makes no time overflow, and a unit.
var away = regexp.MustCompile(`^([0-9]{1,6})(min|h|d|w|mo|y)$`)

// shift is the time that lies so many units after now, or before it by a sign of -1.
func shift(s string, sign int, now time.Time) (time.Time, bool) {
	found := away.FindStringSubmatch(s)
	if found == nil {
		return time.Time{}, false
	}
	n, _ := strconv.Atoi(found[1])
	n *= sign
	shifted := shown(now)
	switch found[2] {
	case "min":
		return now.Add(time.Duration(n) * time.Minute), true
	case "h":
		return now.Add(time.Duration(n) * time.Hour), true
	case "d":
		shifted = shifted.AddDate(0, 0, n)
	case "w":
		shifted = shifted.AddDate(0, 0, 7*n)
	case "mo":
		shifted = addMonths(shifted, n)
	case "y":
		shifted = addMonths(shifted, 12*n)
	}
	return at(shifted, now.Location()), true
}

// addMonths is the same day and time of another month, or its last day where it is shorter.
func addMonths(t time.Time, months int) time.Time {
	added := t.AddDate(0, months, 0)
	if added.Day() != t.Day() { // it ran over into the next
		added = added.AddDate(0, 0, -added.Day())
	}
	return added
}

func parseAgo(s string, now time.Time) (Span, bool) {
	from, ok := shift(s, -1, now)
	return Span{from, now}, ok && from.Year() > 0
}

// Length reads how long something lasts, such as 30min, 2h or 30d.
func Length(s string) (time.Duration, bool) {
	begin := time.Unix(0, 0).UTC()
	end, ok := shift(normal(s), 1, begin)
	if !ok {
		return 0, false
	}
	return end.Sub(begin), true
}

// Ahead reads when something ends: a time from now on (12h, 90d, 2w, 3mo, 1y), or a date
// or time after now, in now's zone. A date is its beginning.
func Ahead(s string, now time.Time) (time.Time, error) {
	end, ok := shift(normal(s), 1, now)
	if !ok {
		span, _ := Parse(s, now) // an error leaves the zero time
		end = span.From
	}
	if !end.After(now) || end.Year() > 9999 {
		return time.Time{}, fmt.Errorf("%.*q is not a time to come; use a time from now such as 12h, 90d, 2w or 1y, or a date such as %s", maxEcho, s, now.AddDate(1, 0, 0).Format(time.DateOnly))
	}
	return end, nil
}
