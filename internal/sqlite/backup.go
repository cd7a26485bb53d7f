package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/callvault/callvault/internal/file"
)

// Progress is told of how many bytes of a copy are written and how many they will be,
// about. They are equal once: when the copy is written and its check begins.
type Progress func(written, size int64)

// Backup writes a snapshot of a store to another file, or over it, while others read and
// write the store. The copy gets its name when it is complete and on the disk. Only its owner
// may read it, and it has no content of deleted calls.
func Backup(ctx context.Context, store, file string, progress Progress) error {
	if err := checkThere(store); err != nil {
		return err
	}
	if err := backup(ctx, store, file, progress); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

func backup(ctx context.Context, store, name string, progress Progress) error {
	return writeStore(name, func(d *file.Draft) error {
		before, err := os.Stat(store)
		if err != nil {
			return err // it would be made
		}
		path, _, err := makeFile(store)
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
		if err := held.check(); err != nil {
			return err
		}
		return checkCopy(ctx, d.Name(), path)
	})
}

// Restore makes a file that Backup wrote a store whose companies begin new timelines. It
// replaces one that is there, unless that has a log and so may be in use. The copy is
// checked before it has its name; the file is not changed.
func Restore(ctx context.Context, file, store string, progress Progress) error {
	if err := restore(ctx, file, store, progress); err != nil {
		return fmt.Errorf("restore: %w", err)
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
		c, err := openFile(backup, backup, toRead)
		if err != nil {
			return explain(backup, err)
		}
		defer c.Close()
		if err := checkSchema(ctx, c); err != nil {
			return explain(backup, err)
		}
		if err := c.vacuumInto(ctx, d, progress); err != nil {
			return err
		}
		if err := forkCopy(d.Name()); err != nil {
			return explain(d.Target(), err)
		}
		return checkCopy(ctx, d.Name(), backup)
	})
}

// forkCopy makes the companies of a store that nobody has open begin new timelines, and gives
// back the leases of their mirrors, as far as its schema has them.
func forkCopy(draft string) error {
	c, err := openFile(draft, draft, toWrite)
	if err != nil {
		return err
	}
	defer c.Close()
	at, err := version(c)
	if err != nil || at < withTimelines {
		return err
	}
	if err := c.once("PRAGMA journal_mode = MEMORY"); err != nil { // no file beside the draft
		return err
	}
	err = c.run(forkAllSQL)
	if err == nil && at >= withMirrors {
		err = c.run(returnAllSQL)
	}
	return err
}

// checkCopy refuses a copy of a store that Check finds something wrong with. Of an older
// schema, only its structure is checked.
func checkCopy(ctx context.Context, draft, original string) error {
	c, err := openFile(draft, draft, toRead)
	if err != nil {
		return err
	}
	defer c.Close()
	found := ""
	report := func(difference string) { found = cmp.Or(found, difference) }
	err = c.interruptible(ctx, func() error {
		if old, err := c.isOld(); err != nil || old {
			return errors.Join(err, c.checkStructure(report))
		}
		return c.check(report)
	})
	if err != nil || found == "" {
		return explain(original, err)
	}
	return fmt.Errorf("%s is damaged: %s; see 'callvault check'", original, found)
}

// isOld tells whether a store is to be brought up to date before it can be used.
func (c *conn) isOld() (bool, error) {
	at, err := version(c)
	return at < schema, err
}

// vacuumInto writes what c reads, as it is at one moment, to an empty file.
func (c *conn) vacuumInto(ctx context.Context, d *file.Draft, progress Progress) error {
	err := c.interruptible(ctx, func() error {
		size, err := c.number("SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size")
		if err != nil {
			return err
		}
		ended := make(chan struct{})
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			watch(d.Name(), size, progress, ended)
		}()
		err = waitBusy(ctx, func() error { return c.once("VACUUM INTO ?", d.Name()) })
		close(ended)
		<-watched
		if err == nil {
			progress(size, size)
		}
		return err
	})
	switch kindOf(err) {
	case full, cantGrow: // c is only read from
		return explain(d.Target(), err)
	}
	return explain(c.path, err)
}

// watchEvery is how often a file that is being written is looked at.
const watchEvery = 100 * time.Millisecond

// watch tells how large a file is until it is complete.
func watch(draft string, size int64, progress Progress, ended <-chan struct{}) {
	glances := time.NewTicker(watchEvery)
	defer glances.Stop()
	for {
		select {
		case <-ended:
			return
		case <-glances.C:
		}
		if info, err := os.Stat(draft); err == nil {
			progress(min(info.Size(), size-1), size)
		}
	}
}
