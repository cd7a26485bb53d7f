package page

import (
	"context"
	"time"

	"github.com/callvault/callvault"
)

// A store walks in one direction, and counts at any size. So what is looked for from
// the end is found by counts: how far back a time lies for so many calls to follow
// it. That takes a few dozen of them, and a few milliseconds.

// minute is a minute of a callvault.Time.
const minute callvault.Time = 60 * 1_000_000

// never is later than every call: dates have four digits.
var never = callvault.FloorTime(time.Date(10_001, 1, 1, 0, 0, 0, 0, time.UTC))

// ends are the times of a query's first and last call; ErrNotFound when there is
// none.
func ends(ctx context.Context, calls callvault.Calls, q callvault.Query) (first, last callvault.Time, err error) {
	found := callvault.ErrNotFound
	err = calls.Scan(ctx, q, q.Start(), 1, func(row callvault.Record) error {
		first, found = row.Time, nil
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	if found != nil {
		return 0, 0, found
	}
	q.To = min(q.To, never)
	// Calls are at low or after it, none are at high or after it.
	low, high := first, q.To
	for step := minute; high-low > 1; {
		q.From = low + (high-low)/2
		if high == q.To && step < high-low {
			q.From = low + step
			step *= 2
		}
		n, err := calls.Count(ctx, q)
		if err != nil {
			return 0, 0, err
		}
		if n == 0 {
			high = q.From
		} else {
			low = q.From
		}
	}
	return first, low, nil
}

// reachBack is a time of the range, from which to a position there are at least so
// many calls, and not many more, or the range's start.
func reachBack(ctx context.Context, calls callvault.Calls, q callvault.Query, before callvault.Position, size int) (callvault.Time, error) {
	start := q.From
	q.To = before.Time
	// From near there are too few; from far there are enough, or there are no more.
	near, far := q.To, q.To
	n := 0
	for step := minute; n < size && far > start; step *= 2 {
		near, far = far, start
		if step < near-start {
			far = near - step
		}
		q.From = far
		var err error
		if n, err = calls.Count(ctx, q); err != nil {
			return 0, err
		}
	}
	for n > 4*size && near-far > 1 {
		q.From = far + (near-far)/2
		m, err := calls.Count(ctx, q)
		if err != nil {
			return 0, err
		}
		if m < size {
			near = q.From
		} else {
			far, n = q.From, m
		}
	}
	return far, nil
}
