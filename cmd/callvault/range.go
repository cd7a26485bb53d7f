package main

import (
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// parseBound reads a flag that is an end of a range: a time as the API takes
// it, or a date alone, which here means its midnight UTC. An empty one leaves
// the end open.
func parseBound(flag, s string, open callvault.Time) (callvault.Time, error) {
	if s == "" {
		return open, nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return callvault.CeilTime(day), nil
	}
	t, err := gong.ParseTime(s)
	if err != nil {
		return 0, usagef("--%s: %w, and a date such as 2018-02-18, which is its midnight UTC", flag, err)
	}
	return callvault.CeilTime(t.Instant()), nil
}

// parseRange reads the flags --from and --to.
func parseRange(from, to string) (r callvault.Range, err error) {
	if r.From, err = parseBound("from", from, callvault.MinTime); err != nil {
		return r, err
	}
	if r.To, err = parseBound("to", to, callvault.MaxTime); err != nil {
		return r, err
	}
	if r.From >= r.To {
		return r, usagef("--from %s must be before --to %s", from, to)
	}
	return r, nil
}
