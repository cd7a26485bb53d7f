package sqlite

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/callvault/callvault"
)

// errLogInUse is returned when what was deleted is still in the files.
var errLogInUse = errors.New("other programs kept reading from the file, so the content of deleted calls is still in it; run the deletion again")

// Purge rewrites the file and empties the log. Overwriting deleted rows, as
// secure_delete does, is not enough: when SQLite divides a page it leaves copies of
// rows between the cells of the old one.
func (s *Store) Purge(ctx context.Context) error {
	err := s.withWriter(ctx, func(c *conn) error {
		return c.interruptible(ctx, func() error {
			if err := waitBusy(ctx, func() error { return c.once("VACUUM") }); err != nil {
				return explain(c.path, err)
			}
			return c.emptyLog(emptyWithin)
		})
	})
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return callvault.Doing(err, "purge %s", s.path)
}

// emptyLog folds the write-ahead log into the file and empties it. A reader in
// the middle of the log keeps it from doing so.
func (c *conn) emptyLog(within time.Duration) error {
	c.waitForLocks(min(within, time.Second))
	defer c.waitForLocks(0)
	for deadline := time.Now().Add(within); ; {
		busy, err := c.number("PRAGMA wal_checkpoint(TRUNCATE)")
		if err != nil || busy == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return errLogInUse
		}
	}
}

// restartLog restarts a log that is larger than limit. SQLite does so by itself only
// when nobody reads from it, which may never happen: the log of a busy server would
// grow for ever.
func (c *conn) restartLog(limit int64, within time.Duration) error {
	info, err := os.Stat(c.path + "-wal")
	if err != nil || info.Size() <= limit {
		return nil // a log that isn't there is small
	}
	c.waitForLocks(within)
	defer c.waitForLocks(0)
	_, err = c.number("PRAGMA wal_checkpoint(RESTART)")
	return err
}
