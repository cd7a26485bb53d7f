package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/callvault/callvault"
)

const (
	usedQuotaSQL = `SELECT used FROM quotas WHERE company = ? AND day = ?`
	addQuotaSQL  = `INSERT INTO quotas (company, day, used) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET used = used + excluded.used`
	giveQuotaSQL = `UPDATE quotas SET used = max(0, used - ?3) WHERE company = ?1 AND day = ?2`
	oldQuotasSQL = `DELETE FROM quotas WHERE company = ? AND day < ?`
)

// TakeQuota takes up to n requests from what is left of the day.
func (s *Store) TakeQuota(ctx context.Context, day callvault.QuotaDay, n int) (taken int, err error) {
	err = s.writeTo(ctx, day.Company, func(c *conn, of company) error {
		used, err := c.number(usedQuotaSQL, of.id, day.Day)
		if err != nil {
			return err
		}
		taken = max(0, min(n, day.Limit-int(used)))
		if taken == 0 {
			return nil
		}
		if err := c.run(oldQuotasSQL, of.id, day.Day-callvault.QuotaDaysKept); err != nil {
			return err
		}
		return c.run(addQuotaSQL, of.id, day.Day, taken)
	})
	if err != nil {
		return 0, callvault.Doing(err, "take quota of company %q", day.Company)
	}
	return taken, nil
}

// ReturnQuota gives back what was taken and not used.
func (s *Store) ReturnQuota(ctx context.Context, day callvault.QuotaDay, n int) error {
	err := s.writeIn(ctx, day.Company, func(c *conn, of company) error {
		return c.run(giveQuotaSQL, of.id, day.Day, n)
	})
	return callvault.Doing(err, "return quota of company %q", day.Company)
}

// TakeSecond takes up to n requests from the bucket that this process has for
// the company, in memory: one in the file would make each share of a second wait
// for the disk and for other writers.
func (s *Store) TakeSecond(ctx context.Context, second callvault.QuotaSecond, n int) (taken int, wait time.Duration, err error) {
	err = callvault.CheckCompany(second.Company)
	if err == nil {
		err = s.usable(ctx)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("take requests of a second of company %q: %w", second.Company, err)
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
