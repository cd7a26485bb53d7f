package when

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ahead is a number that makes no time overflow, and a unit.
var ahead = regexp.MustCompile(`^([0-9]{1,4})(min|h|d|w|mo|y)$`)

// Ahead reads when something ends: a time from now on (12h, 90d, 2w, 3mo, 1y), or a date
// or time after now, in now's zone. A date is its beginning.
func Ahead(s string, now time.Time) (end time.Time, err error) {
	if found := ahead.FindStringSubmatch(strings.ToLower(s)); found != nil {
		n, _ := strconv.Atoi(found[1])
		switch found[2] {
		case "min":
			end = now.Add(time.Duration(n) * time.Minute)
		case "h":
			end = now.Add(time.Duration(n) * time.Hour)
		case "d":
			end = now.AddDate(0, 0, n)
		case "w":
			end = now.AddDate(0, 0, 7*n)
		case "mo":
			end = now.AddDate(0, n, 0)
		case "y":
			end = now.AddDate(n, 0, 0)
		}
	} else if span, err := Parse(s, now); err == nil {
		end = span.From
	}
	if !end.After(now) || end.Year() > 9999 {
		return time.Time{}, fmt.Errorf("%.*q is not a time to come; use a time from now such as 12h, 90d, 2w or 1y, or a date such as %s", maxEcho, s, now.AddDate(1, 0, 0).Format(time.DateOnly))
	}
	return end, nil
}
