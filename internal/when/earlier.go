package when

import "time"

// Earlier is the period that a span with both ends is compared with, the one before it: of as
// many months if the span is of whole months, of as many days if it is of whole days. While the
// span goes on, the period ends as far after its beginning as now is. It is zero if the calendar
// has none.
func (s Span) Earlier(now time.Time) (earlier Span) {
	from, to := s.From, s.To.In(s.From.Location())
	year, month, day := from.Date()
	endYear, endMonth, endDay := to.Date()
	months := (endYear-year)*12 + int(endMonth-month)
	switch isWhole := isMidnight(from) && isMidnight(to); {
	case isWhole && day == 1 && endDay == 1:
		earlier.From = from.AddDate(0, -months, 0)
	case isWhole:
		days := time.Date(endYear, endMonth, endDay, 0, 0, 0, 0, time.UTC).Sub(time.Date(year, month, day, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour)
		earlier.From = from.AddDate(0, 0, -int(days))
	default:
		earlier.From = from.Add(-to.Sub(from))
	}
	if earlier.From.Year() < 1 || !earlier.From.Before(from) {
		return Span{}
	}
	earlier.To = from
	if gone := now.Sub(from); gone > 0 && now.Before(to) {
		if end := earlier.From.Add(gone); end.Before(from) {
			earlier.To = end
		}
	}
	return earlier
}

func isMidnight(t time.Time) bool {
	hour, minute, second := t.Clock()
	return hour+minute+second+t.Nanosecond() == 0
}
