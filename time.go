package callvault

import (
	"math"
	"time"
)

// Time is an instant in whole microseconds since 1970-01-01T00:00:00Z.
type Time int64

// The ends of time, for a range that is open on one side.
const (
	MinTime Time = math.MinInt64
	MaxTime Time = math.MaxInt64
)

// FloorTime is the whole microsecond at or before t: the time of a call.
func FloorTime(t time.Time) Time { return Time(t.UnixMicro()) }

// CeilTime is the whole microsecond at or after t, for both bounds of a range. Because calls
// have whole microseconds, the same calls are before t and before the rounded bound.
func CeilTime(t time.Time) Time {
	if t.Nanosecond()%1000 == 0 {
		return Time(t.UnixMicro())
	}
	return Time(t.UnixMicro()) + 1
}

// UTC is the instant as a time.Time in UTC.
func (t Time) UTC() time.Time { return time.UnixMicro(int64(t)).UTC() }

// String is the instant in RFC 3339, in UTC, without zeros at the end of its fraction.
func (t Time) String() string { return t.UTC().Format(time.RFC3339Nano) }

// DayOf is the number of days from 1970-01-01 to an instant, in UTC, as stores keep days.
func DayOf(t time.Time) int { return int(floorDiv(t.Unix(), 24*60*60)) }

// Midnight is the instant at which a day begins, UTC.
func Midnight(day int) time.Time { return time.Unix(int64(day)*24*60*60, 0).UTC() }
