package sqlite

import (
	"errors"
	"os"
	"time"
)

// errLogInUse is returned when what was deleted is still in the files.
var errLogInUse = errors.New("the calls are deleted, but their content is still in the file because others have read from it all the while; to delete again removes it")

// emptyLog folds the write-ahead log into the file and empties it, so that
// nothing that was deleted stays in either. A reader in the middle of the log
// keeps it from doing so.
func emptyLog(c *conn, within time.Duration) error {
	c.SetBusyTimeout(min(within, time.Second))
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

// restartLog begins the log anew when it is larger than limit. SQLite does so by itself
// only at a moment when nobody reads from it, which may never come: without
// this a log grows for as long as a server is busy.
func (c *conn) restartLog(limit int64) error {
	info, err := os.Stat(c.path + "-wal")
	if err != nil || info.Size() <= limit {
		return nil // a log that isn't there is small
	}
	c.SetBusyTimeout(restartWithin)
	defer c.SetBusyTimeout(0)
	_, err = c.number("PRAGMA wal_checkpoint(RESTART)")
	return err
}
