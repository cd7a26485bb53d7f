package gong

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Time is a time as a call's document writes it: an instant to the nanosecond,
// with the offset and the digits of a fraction that its source sent. Times are
// equal with == when they are written alike. The zero Time is not set.
type Time struct {
	seconds int64 // since 1970, UTC
	nanos   int32
	offset  int16 // minutes east of UTC
	digits  int8  // of the fraction that are written, 0 to 9
	mark    mark
}

// mark tells a Time that is set from one that is not, and how its offset is
// written.
type mark int8

const (
	unset   mark = iota
	zulu         // Z
	numeric      // ±hh:mm
)

// maxEcho is how much of a wrong text an error repeats, in bytes.
const maxEcho = 40

const useTimes = "use ISO-8601 with a UTC offset, such as 2018-02-18T08:00:00Z or 2018-02-18T02:30:00-07:00"

// ParseTime reads a time. Besides RFC 3339 it takes what clients send: no
// seconds, offsets such as -7:00, -0700 and -07, t and z in lower case, and an
// offset whose + arrived as a space because it was not percent-encoded. A
// fraction has 1 to 9 digits. It refuses a date alone and a time without an
// offset, which could mean several instants. The error says what is wrong and
// what to use.
func ParseTime(s string) (Time, error) {
	t, problem := parseTime(s)
	if problem != "" {
		return Time{}, fmt.Errorf("%.*q %s; %s", maxEcho, s, problem, useTimes)
	}
	return t, nil
}

// parseTime returns what is wrong with s, or "". It brings s into the form of RFC 3339,
// which the package time reads.
func parseTime(s string) (t Time, problem string) {
	const date = len("2006-01-02")
	switch {
	case len(s) < date || s[4] != '-' || s[7] != '-':
		return t, "is not a date and time"
	case len(s) == date:
		return t, "has no time of day and no UTC offset"
	case s[date]|0x20 != 't':
		return t, "has no T between date and time"
	}
	clock, zone := s[date+1:], ""
	i := strings.IndexAny(clock, "Zz+- ")
	if i < 0 {
		return t, "has no UTC offset"
	}
	clock, zone = clock[:i], clock[i:]
	if len(clock) == len("15:04") {
		clock += ":00"
	}
	const second = len("15:04:05")
	switch {
	case len(clock) < second || clock[2] != ':' || clock[5] != ':' || len(clock) > second && clock[second] != '.' || len(clock) == second+1:
		return t, "is not a date and time"
	case len(clock) > second+1+9:
		return t, "has more than 9 digits of a fraction"
	}
	t.digits = int8(max(0, len(clock)-second-1))
	if zone, t.mark = fullOffset(zone); t.mark == unset {
		return t, "does not end with a UTC offset"
	}
	text := s
	if s[date] != 'T' || len(clock) != i || zone != s[date+1+i:] { // else it is spared a copy
		text = s[:date] + "T" + clock + zone
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, "is not a date and time"
	}
	_, offset := at.Zone()
	t.seconds, t.nanos, t.offset = at.Unix(), int32(at.Nanosecond()), int16(offset/60)
	return t, ""
}

// fullOffset is an offset as RFC 3339 has it. Its mark is unset if it is none.
func fullOffset(zone string) (full string, m mark) {
	if zone == "Z" || zone == "z" {
		return "Z", zulu
	}
	sign, digits := zone[:1], zone[1:]
	if sign == " " {
		sign = "+"
	}
	switch {
	case len(digits) == len("7:00") && digits[1] == ':':
		digits = "0" + digits
	case len(digits) == len("0700"):
		digits = digits[:2] + ":" + digits[2:]
	case len(digits) == len("07"):
		digits += ":00"
	}
	if len(digits) != len("07:00") || digits[2] != ':' || digits[:2] > "23" || digits[3:] > "59" {
		return "", unset
	}
	if zone[0] == sign[0] && len(zone) == len("-07:00") {
		return zone, numeric
	}
	return sign + digits, numeric
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// TimeOf is a Go time as a document writes it: Z for UTC, otherwise the offset
// in whole minutes, and no more digits of a fraction than it needs.
func TimeOf(t time.Time) Time {
	_, offset := t.Zone()
	result := Time{seconds: t.Unix(), nanos: int32(t.Nanosecond()), offset: int16(offset / 60), mark: numeric}
	if t.Location() == time.UTC {
		result.mark = zulu
	}
	if result.nanos == 0 {
		return result
	}
	result.digits = 9
	for n := result.nanos; n%10 == 0; n /= 10 {
		result.digits--
	}
	return result
}

// IsZero tells whether the time is not set.
func (t Time) IsZero() bool { return t.mark == unset }

// Instant is the instant in UTC.
func (t Time) Instant() time.Time { return time.Unix(t.seconds, int64(t.nanos)).UTC() }

// AppendTo appends the time in RFC 3339.
func (t Time) AppendTo(dst []byte) []byte {
	local := t.Instant().In(time.FixedZone("", int(t.offset)*60))
	if t.digits == 0 && (t.mark != numeric || t.offset != 0) { // the usual form has a fast way
		return local.AppendFormat(dst, time.RFC3339)
	}
	layout := "2006-01-02T15:04:05"
	if t.digits > 0 {
		layout = "2006-01-02T15:04:05.000000000"[:len(layout)+1+int(t.digits)]
	}
	dst = local.AppendFormat(dst, layout)
	if t.mark != numeric {
		return append(dst, 'Z')
	}
	return local.AppendFormat(dst, "-07:00")
}

// String is the time in RFC 3339, with the offset and the digits that were sent.
func (t Time) String() string { return string(t.AppendTo(nil)) }

// MarshalText writes the time as String does.
func (t Time) MarshalText() ([]byte, error) {
	if t.IsZero() {
		return nil, errors.New("gong: a Time that is not set")
	}
	return t.AppendTo(nil), nil
}

// UnmarshalText reads what ParseTime accepts.
func (t *Time) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTime(string(text))
	return err
}
