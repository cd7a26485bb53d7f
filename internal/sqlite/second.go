package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/callvault/callvault"
)

// TakeSecond takes up to n requests from the bucket that this process has for
// the company, in memory: one in the file would make each share of a second wait
// for the disk, and for whoever is writing.
func (s *Store) TakeSecond(ctx context.Context, second callvault.QuotaSecond, n int) (taken int, wait time.Duration, err error) {
	err = callvault.CheckCompany(second.Company)
	if err == nil {
		err = s.usable(ctx)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("take of a second of company %q: %w", second.Company, err)
	}
	taken, wait = s.seconds.Take(second, n)
	return taken, wait, nil
}

// usable is why nothing can be asked of the store: it is closed or was replaced, or
// the context is done.
func (s *Store) usable(ctx context.Context) error {
	select {
	case <-s.closed:
		return errClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.held.glance()
}
