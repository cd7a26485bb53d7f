package sqlite

import (
	"context"
	"fmt"
	"os"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/callvault/callvault/internal/file"
)

// Progress is told of how many bytes of a copy are written and how many they
// will be, about.
type Progress func(written, size int64)

// Backup writes the store in a file, as it is at one moment, to another file,
// which is not there yet. Readers and writers of the store go on meanwhile. The
// copy appears under its name when it is complete and on the disk. It needs no
// other file beside it, its owner alone may read it, and nothing of deleted
// calls is in it.
func Backup(ctx context.Context, store, file string, progress Progress) error {
	if err := backup(ctx, store, file, progress); err != nil {
		return fmt.Errorf("backup: %w", whatEnded(ctx, err))
	}
	return nil
}

func backup(ctx context.Context, store, name string, progress Progress) error {
	return writeStore(name, func(d *file.Draft) error {
		before, err := os.Stat(store)
		if err != nil {
			return err // it would be made
		}
		path, err := makeFile(store)
		if err == nil {
			err = checkLog(ctx, path)
		}
		if err != nil {
			return err
		}
		c, err := openConn(ctx, path, writerCache)
		if err != nil {
			return explain(path, err)
		}
		defer c.Close()
		if err := checkSchema(ctx, c); err != nil {
			return explain(path, err)
		}
		held, err := c.hold(before, store)
		if err != nil {
			return explain(path, err)
		}
		if err := c.vacuumInto(ctx, d, progress); err != nil {
			return err
		}
		return held.check()
	})
}

// Restore makes a file that Backup wrote a store, which is not there yet. The
// file is checked first, and is not changed.
func Restore(ctx context.Context, file, store string, progress Progress) error {
	if err := restore(ctx, file, store, progress); err != nil {
		return fmt.Errorf("restore: %w", whatEnded(ctx, err))
	}
	return nil
}

func restore(ctx context.Context, backup, store string, progress Progress) error {
	return writeStore(store, func(d *file.Draft) error {
		if info, err := os.Stat(backup); err == nil { // opening it says what else is wrong
			if err := checkRegular(backup, info); err != nil {
				return err
			}
		}
		opened, err := sqlite.OpenConn(backup, sqlite.OpenReadOnly)
		if err != nil {
			return explain(backup, err)
		}
		c := &conn{Conn: opened, path: backup, stmts: make(map[string]*sqlite.Stmt)}
		defer c.Close()
		if err := c.checkBackup(ctx); err != nil {
			return explain(backup, err)
		}
		return c.vacuumInto(ctx, d, progress)
	})
}

// whatEnded is the context's error when it was the context that ended the work.
func whatEnded(ctx context.Context, err error) error {
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultInterrupt && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// checkBackup refuses what is not a sound store that this program knows.
func (c *conn) checkBackup(ctx context.Context) error {
	c.SetInterrupt(ctx.Done())
	defer c.SetInterrupt(nil)
	if id, err := pragma(c.Conn, "application_id"); err != nil {
		return err
	} else if id != applicationID {
		return errForeign
	}
	if err := checkSchema(ctx, c); err != nil {
		return err
	}
	return c.each(func(st *sqlite.Stmt) error {
		if text := st.ColumnText(0); text != "ok" {
			return fmt.Errorf("it is damaged: %s", text)
		}
		return nil
	}, "PRAGMA integrity_check(1)")
}

// vacuumInto writes what c reads, as it is at one moment, to an empty file.
func (c *conn) vacuumInto(ctx context.Context, d *file.Draft, progress Progress) error {
	c.SetInterrupt(ctx.Done())
	defer c.SetInterrupt(nil)
	size, err := c.number("SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size")
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watch(d.Part(), int64(size), progress, ended)
	}()
	err = waitBusy(ctx, func() error {
		return sqlitex.ExecuteTransient(c.Conn, "VACUUM INTO ?", &sqlitex.ExecOptions{Args: []any{d.Part()}})
	})
	close(ended)
	<-watched
	switch sqlite.ErrCode(err) {
	case sqlite.ResultFull, sqlite.ResultIOErrWrite: // c is only read from
		return explain(d.Target(), err)
	}
	return explain(c.path, err)
}

// watchEvery is how often a file that is being written is looked at.
const watchEvery = 100 * time.Millisecond

// watch tells how large a file is until it is complete.
func watch(part string, size int64, progress Progress, ended <-chan struct{}) {
	glances := time.NewTicker(watchEvery)
	defer glances.Stop()
	for {
		select {
		case <-ended:
			return
		case <-glances.C:
		}
		if info, err := os.Stat(part); err == nil {
			progress(min(info.Size(), size), size)
		}
	}
}
