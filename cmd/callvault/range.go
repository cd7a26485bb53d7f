package main

import (
	"time"
	_ "time/tzdata" // --tz works where the machine has no zones

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/when"
)

// times are what the shell completes a time with.
var times = []string{"today", "yesterday", "7d", "this week", "last week", "this month", "last month", "this year", "last year", "now"}

func tzFlag(cmd *cobra.Command, tz *string, zone string) {
	cmd.Flags().StringVar(tz, "tz", zone, "the time zone of dates and times without an offset: local, UTC, or a name such as Europe/Berlin")
	completeWith(cmd, "tz", "local", "UTC")
}

// parseZone reads the flag --tz.
func parseZone(tz string) (*time.Location, error) {
	zone, err := when.Zone(tz)
	if err != nil {
		return nil, usagef("--tz %w", err)
	}
	return zone, nil
}

// parseBound reads a flag that is an end of a range, in a zone. An empty one leaves
// the end open.
func parseBound(flag, s string, zone *time.Location, open callvault.Time) (callvault.Time, error) {
	if s == "" {
		return open, nil
	}
	span, err := when.Parse(s, time.Now().In(zone))
	if err != nil {
		return 0, usagef("--%s %w", flag, err)
	}
	return callvault.CeilTime(span.From), nil
}

// parseRange reads the flags --from and --to of a range that may be open.
func parseRange(from, to, tz string) (r callvault.Range, err error) {
	zone, err := parseZone(tz)
	if err != nil {
		return r, err
	}
	span, err := when.Bounds(from, to, time.Now().In(zone))
	if err != nil {
		return r, usagef("%w", err)
	}
	r = rangeOf(span)
	if from == "" {
		r.From = callvault.MinTime
	}
	if to == "" && span.To.IsZero() {
		r.To = callvault.MaxTime
	}
	return r, nil
}

// parseSpan reads the flags --from, --to and --tz of a range that ends now unless
// they say otherwise.
func parseSpan(from, to, tz string, now time.Time) (span when.Span, err error) {
	zone, err := parseZone(tz)
	if err != nil {
		return span, err
	}
	now = now.Truncate(time.Second).In(zone)
	if span, err = when.Bounds(from, to, now); err != nil {
		return span, usagef("%w", err)
	}
	if to == "" && span.To.IsZero() {
		span.To = now
	}
	if !span.From.Before(span.To) {
		return span, usagef("--from %.40s is not before now, which the range ends at; accepted is a later --to", from)
	}
	return span, nil
}

// rangeOf is a span that has both ends as a store takes it.
func rangeOf(span when.Span) callvault.Range {
	return callvault.Range{From: callvault.CeilTime(span.From), To: callvault.CeilTime(span.To)}
}
