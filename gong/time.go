package gong

import (
	"errors"
	"fmt"
	"strconv"
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

const (
	dateLength   = len("2006-01-02")
	minuteLength = len("2006-01-02T15:04")
	maxEcho      = 40
)

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

// parseTime returns what is wrong with s, or "".
func parseTime(s string) (t Time, problem string) {
	year, month, day, ok := parseDate(s)
	if !ok {
		return t, "is not a date and time"
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if date.Day() != day || date.Month() != time.Month(month) { // it would be taken for another day
		return t, "is not a day of the calendar"
	}
	if len(s) == dateLength {
		return t, "has no time of day and no UTC offset"
	}
	if s[dateLength]|0x20 != 't' {
		return t, "has no T between date and time"
	}
	if len(s) < minuteLength {
		return t, "is not a date and time"
	}
	hour, okHour := pair(s[11:])
	minute, okMinute := pair(s[14:])
	if !okHour || !okMinute || s[13] != ':' {
		return t, "is not a date and time"
	}
	rest := s[minuteLength:]
	second := 0
	if len(rest) > 0 && rest[0] == ':' {
		if second, ok = pair(rest[1:]); !ok {
			return t, "is not a date and time"
		}
		rest = rest[3:]
		if rest, problem = t.parseFraction(rest); problem != "" {
			return t, problem
		}
	}
	if hour > 23 || minute > 59 || second > 59 {
		return t, "is not a time of day"
	}
	if problem = t.parseOffset(rest); problem != "" {
		return t, problem
	}
	t.seconds = date.Unix() + int64(hour*3600+minute*60+second) - int64(t.offset)*60
	return t, ""
}

// parseFraction reads the fraction of a second that rest may begin with, and
// returns what follows it.
func (t *Time) parseFraction(rest string) (after, problem string) {
	if len(rest) == 0 || rest[0] != '.' {
		return rest, ""
	}
	n := 0
	for n+1 < len(rest) && isDigit(rest[n+1]) {
		n++
		if n > 9 {
			return "", "has more than 9 digits of a fraction"
		}
		t.nanos = t.nanos*10 + int32(rest[n]-'0')
	}
	if n == 0 {
		return "", "has a point without a fraction"
	}
	t.digits = int8(n)
	for range 9 - n {
		t.nanos *= 10
	}
	return rest[n+1:], ""
}

// parseOffset reads the offset, which is the rest of the text.
func (t *Time) parseOffset(s string) (problem string) {
	if s == "" {
		return "has no UTC offset"
	}
	if s == "Z" || s == "z" {
		t.mark = zulu
		return ""
	}
	sign := int16(1)
	switch s[0] {
	case '-':
		sign = -1
	case '+', ' ':
	default:
		return "does not end with a UTC offset"
	}
	digits := s[1:]
	var hours, minutes int
	ok, okMinutes := false, true
	switch len(digits) {
	case len("07"):
		hours, ok = pair(digits)
	case len("7:00"):
		hours, ok = int(digits[0]-'0'), isDigit(digits[0]) && digits[1] == ':'
		minutes, okMinutes = pair(digits[2:])
	case len("07:00"):
		hours, ok = pair(digits)
		minutes, okMinutes = pair(digits[3:])
		ok = ok && digits[2] == ':'
	}
	if len(digits) == 4 && digits[1] != ':' {
		hours, ok = pair(digits)
		minutes, okMinutes = pair(digits[2:])
	}
	if !ok || !okMinutes || hours > 23 || minutes > 59 {
		return "does not end with a UTC offset"
	}
	t.mark = numeric
	t.offset = sign * int16(hours*60+minutes)
	return ""
}

func parseDate(s string) (year, month, day int, ok bool) {
	if len(s) < dateLength || s[4] != '-' || s[7] != '-' {
		return 0, 0, 0, false
	}
	century, ok1 := pair(s)
	rest, ok2 := pair(s[2:])
	month, ok3 := pair(s[5:])
	day, ok4 := pair(s[8:])
	return century*100 + rest, month, day, ok1 && ok2 && ok3 && ok4
}

// pair is the number that the first two digits of s make.
func pair(s string) (n int, ok bool) {
	if len(s) < 2 || !isDigit(s[0]) || !isDigit(s[1]) {
		return 0, false
	}
	return int(s[0]-'0')*10 + int(s[1]-'0'), true
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
	local := time.Unix(t.seconds+int64(t.offset)*60, 0).UTC()
	year, month, day := local.Date()
	hour, minute, second := local.Clock()
	dst = appendPadded(dst, year, 4)
	dst = appendPadded(append(dst, '-'), int(month), 2)
	dst = appendPadded(append(dst, '-'), day, 2)
	dst = appendPadded(append(dst, 'T'), hour, 2)
	dst = appendPadded(append(dst, ':'), minute, 2)
	dst = appendPadded(append(dst, ':'), second, 2)
	if t.digits > 0 {
		fraction := int(t.nanos)
		for range 9 - t.digits {
			fraction /= 10
		}
		dst = appendPadded(append(dst, '.'), fraction, int(t.digits))
	}
	if t.mark != numeric {
		return append(dst, 'Z')
	}
	offset := int(t.offset)
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	dst = appendPadded(append(dst, sign), offset/60, 2)
	return appendPadded(append(dst, ':'), offset%60, 2)
}

func appendPadded(dst []byte, n, width int) []byte {
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], int64(n), 10)
	for range width - len(text) {
		dst = append(dst, '0')
	}
	return append(dst, text...)
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
