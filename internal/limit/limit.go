// Package limit holds companies to a number of requests a second and a day, over all processes
// on a store. Each leases a part of the day and of the second, counts in memory, and loses what
// it does not use: no day exceeds its limit, and t seconds lease at most what t+1 seconds have.
package limit

import (
	"fmt"
	"strconv"
	"strings"
)

// Limit is how many requests a company may make, with all its keys together.
type Limit struct {
	PerSecond int // also how many at once; 0 does not limit
	PerDay    int // from midnight to midnight UTC; 0 does not limit
}

// Parse reads a limit as people write it: "1000/s", "5000/day", "3/s,10000/day", "gong"
// for what Gong publishes, "off" for none.
func Parse(s string) (Limit, error) {
	switch s {
	case "gong":
		return Limit{PerSecond: 3, PerDay: 10_000}, nil
	case "off":
		return Limit{}, nil
	}
	var limit Limit
	for part := range strings.SplitSeq(s, ",") {
		number, unit, _ := strings.Cut(part, "/")
		field := &limit.PerSecond
		if unit == "day" {
			field = &limit.PerDay
		}
		n, err := strconv.ParseUint(number, 10, 31)
		if err != nil || n == 0 || *field != 0 || unit != "s" && unit != "day" {
			return Limit{}, fmt.Errorf("%.40q is not a limit; use off, gong, N/s, M/day or N/s,M/day with whole numbers from 1", s)
		}
		*field = int(n)
	}
	return limit, nil
}
