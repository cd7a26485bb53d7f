package page

import (
	"context"

	"github.com/callvault/callvault"
)

// ends are the times of a query's first and last call; ErrNotFound when there is
// none.
func ends(ctx context.Context, calls callvault.Calls, q callvault.Query) (first, last callvault.Time, err error) {
	found := callvault.ErrNotFound
	err = calls.Scan(ctx, q, q.Start(), 1, func(r callvault.Record) error {
		first, found = r.Time, nil
		return nil
	})
	if err == nil {
		err = found
	}
	if err != nil {
		return 0, 0, err
	}
	last = first // in case the last one goes meanwhile
	err = calls.ScanBack(ctx, q, callvault.Position{Time: q.To}, 1, func(r callvault.Record) error {
		last = max(first, r.Time)
		return nil
	})
	return first, last, err
}
