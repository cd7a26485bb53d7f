// Package sqlite keeps calls in one SQLite file, on a local file system.
//
// One process writes at a time, and the others wait as long as their contexts allow; readers
// wait for nobody. A commit is on the disk when it is acknowledged (WAL, synchronous=FULL).
// The write-ahead log can't shrink during a long Scan.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/limit"
)

const (
	// Two readers a processor, within these bounds: the second one is for reads that wait for
	// the disk. Each has a cache, and on two processors sixteen took twice the memory of four
	// and were no faster.
	leastReaders = 4
	mostReaders  = 16

	// Pages that a connection keeps in memory, in KiB. A reader needs the
	// inner pages of the tree, the operating system caches the rest; a writer
	// goes through the tables in order and needs no more.
	readerCache = 2 << 10
	writerCache = 16 << 10

	// How long to wait for a store that another process locks while it opens or closes
	// it. The last one to close folds a log of up to some hundred MiB into the file. A
	// process whose file was overwritten may hold the lock for ever.
	openWithin = time.Minute

	// How long to wait before asking again for a lock that another process
	// holds.
	lockPoll = 2 * time.Millisecond

	// How long Purge tries to empty the log while others read from it.
	emptyWithin = 30 * time.Second

	// A log that is larger after a large batch is restarted. A reader that takes
	// longer than restartWithin puts that off.
	maxLog        = 128 << 20
	restartWithin = 250 * time.Millisecond
)

// Store is a callvault.Store in one SQLite file.
type Store struct {
	view
	path    string
	held    *holding
	open    func(ctx context.Context, path string) (*conn, error) // opens a reader
	readers chan *conn                                            // that rest; there are no more than slots
	slots   chan struct{}                                         // each lets one read
	writer  chan *conn                                            // the one writer, when it rests; nil when there is none
	closed  chan struct{}
	close   func() error // what Close does, once

	migrated time.Duration

	turns     turns
	waiting   waiting
	companies sync.Map // name to row id; companies are never removed
	seconds   *limit.Buckets
}

var errClosed = errors.New("the store is closed")

var _ callvault.Store = (*Store)(nil)

// Open opens the store in a file and makes it when there is none. The schema
// is brought up to date; ErrSchemaNewer is returned for one that is ahead of
// this program. If it fails, it leaves no file that it made.
func Open(ctx context.Context, path string) (*Store, error) {
	target, made, err := makeFile(path)
	if err != nil {
		return nil, err
	}
	s, err := openTarget(ctx, target, path)
	if err != nil && made {
		err = errors.Join(err, removeUnused(target))
	}
	return s, err
}

// openTarget opens the store in a file that is there, by the name that it was given.
func openTarget(ctx context.Context, path, named string) (*Store, error) {
	readers := min(max(leastReaders, 2*runtime.GOMAXPROCS(0)), mostReaders)
	s := newStore(path, readers, openReader)
	s.writer = make(chan *conn, 1)
	if err := checkLog(ctx, path); err != nil {
		return nil, err
	}
	before, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	w, err := openWriter(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open %w", explain(path, err))
	}
	// Turns to write are waited for in waitBusy, which asks more often than
	// SQLite's handler does, so that a writer with batch after batch cannot
	// keep the others out.
	w.waitForLocks(0)
	s.migrated, err = migrate(ctx, w)
	if err == nil {
		err = waitBusy(ctx, func() (err error) { s.held, err = w.hold(before, named); return err })
	}
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("open %w", explain(path, err))
	}
	s.writer <- w
	return s, nil
}

// OpenExisting is Open of a store that must be there.
func OpenExisting(ctx context.Context, path string) (*Store, error) {
	if err := checkThere(path); err != nil {
		return nil, err
	}
	return Open(ctx, path)
}

// Migrated is how long Open took to bring the schema of an older callvault up to date, or
// 0 if it was up to date.
func (s *Store) Migrated() time.Duration { return s.migrated }

// newStore is a store that opens up to a number of readers as they are needed, and no writer.
func newStore(path string, readers int, open func(context.Context, string) (*conn, error)) *Store {
	s := &Store{
		path:    path,
		open:    open,
		readers: make(chan *conn, readers),
		slots:   make(chan struct{}, readers),
		closed:  make(chan struct{}),
		turns:   turns{maxLog, restartWithin, time.Sleep},
		seconds: limit.NewBuckets(time.Now),
	}
	s.view = view{s, s}
	for range readers {
		s.slots <- struct{}{}
	}
	s.close = sync.OnceValue(s.closeConns)
	return s
}

// Close waits for reads and writes under way; those that come later fail. The
// last process to close the file folds the write-ahead log into it. To close
// again does nothing.
func (s *Store) Close() error { return s.close() }

func (s *Store) closeConns() error {
	close(s.closed)
	for range cap(s.slots) {
		<-s.slots
	}
	if s.held.hasStranger() {
		return nil // the connections end with the process, which removes nothing
	}
	var errs []error
	for len(s.readers) > 0 {
		errs = append(errs, (<-s.readers).Close())
	}
	if s.writer != nil {
		errs = append(errs, (<-s.writer).Close())
	}
	return callvault.Doing(errors.Join(errs...), "close %s", s.path)
}

func openReader(ctx context.Context, path string) (*conn, error) {
	return openConn(ctx, path, readerCache)
}

func openConn(ctx context.Context, path string, cacheKiB int) (*conn, error) {
	mendLog(path)
	c, err := openFile(path, path, toWrite)
	if err != nil {
		return nil, err
	}
	// Before anything is set that the file would keep.
	if err := waitBusyWithin(ctx, openWithin, path, c.checkOurs); err != nil {
		c.Close()
		return nil, err
	}
	for _, setting := range append(settings, fmt.Sprintf("cache_size = -%d", cacheKiB)) {
		// Changing to WAL can meet a lock for which SQLite does not call its
		// busy handler, when two processes make the file at the same time.
		err := waitBusyWithin(ctx, openWithin, path, func() error { return c.once("PRAGMA " + setting) })
		if setting == logged && isReadOnly(err) {
			continue // a backup, which is read as it is
		}
		if err != nil {
			c.Close()
			return nil, err
		}
	}
	c.waitForLocksForEver()
	return c, nil
}

// mendLog gives the files beside a store, which a reader may have made while the
// store was read-only, what the mode of the store has and theirs lack. Where it
// can't, opening says why.
func mendLog(path string) {
	store, err := os.Stat(path)
	if err != nil {
		return
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		info, err := os.Lstat(path + suffix)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if mode := info.Mode().Perm() | store.Mode().Perm(); mode != info.Mode().Perm() {
			_ = os.Chmod(path+suffix, mode)
		}
	}
}

// settings are the pragmas of every connection. The size of pages counts only
// before the first table is made; secure_delete overwrites what is deleted or
// replaced; fullfsync is what makes a commit durable on macOS.
var settings = []string{
	"page_size = 16384",
	"synchronous = FULL",
	"fullfsync = ON",
	"secure_delete = ON",
	"journal_size_limit = 67108864",
	logged,
}

// logged is what a store becomes when it is opened to be written to.
const logged = "journal_mode = WAL"

// waitBusy repeats f while the file is locked, until the context is done.
func waitBusy(ctx context.Context, f func() error) error {
	for {
		err := f()
		if kindOf(err) != busy {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

// waitBusyWithin is waitBusy for a bounded time, with an error that says what to do.
func waitBusyWithin(ctx context.Context, bound time.Duration, path string, f func() error) error {
	bounded, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	err := waitBusy(bounded, f)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("another process has kept %s locked for a minute; if that was open when somebody overwrote the file, end it, then run this again", path)
	}
	return err
}

// read runs f on a connection of its own, in one read transaction: everything
// f reads is of one moment.
func (s *Store) read(ctx context.Context, f func(*conn) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	slot, err := take(ctx, s, s.slots)
	if err != nil {
		return err
	}
	defer func() { s.slots <- slot }()
	if err := s.held.glance(); err != nil {
		return err
	}
	var c *conn
	select {
	case c = <-s.readers:
	default:
		if c, err = s.openAnother(ctx); err != nil {
			return err
		}
	}
	defer func() { s.readers <- c }()
	if err := s.inTransaction(ctx, c, "BEGIN", f); err != nil {
		return s.whyFailed(err)
	}
	return s.held.glance() // a read may take long
}

// openAnother opens a reader of the files that are held, and of no others.
func (s *Store) openAnother(ctx context.Context) (*conn, error) {
	if err := s.held.check(); err != nil {
		return nil, err
	}
	c, err := s.open(ctx, s.path)
	if err != nil {
		return nil, s.whyFailed(fmt.Errorf("open %w", explain(s.path, err)))
	}
	if err := s.inTransaction(ctx, c, "BEGIN", s.held.checkWithin); err != nil {
		c.Close() // it was only opened to be read from
		return nil, s.whyFailed(err)
	}
	return c, nil
}

// whyFailed is an error of SQLite's, or that the files were replaced, which shows in
// many ways.
func (s *Store) whyFailed(err error) error {
	if err == nil || kindOf(err) == general {
		return err // nothing of the files
	}
	if replaced := s.held.check(); errors.Is(replaced, callvault.ErrReplaced) {
		return replaced
	}
	return err
}

// write runs f on the writer in one transaction, which is on the disk when
// write returns nil and undone when it returns an error. If its turn does not come soon, it
// lets yielding batches know.
func (s *Store) write(ctx context.Context, f func(*conn) error) error {
	waits := noticeOf(s.path, patience)
	defer waits.end()
	return s.writeQuietly(ctx, func(c *conn) error {
		waits.end()
		return f(c)
	})
}

// writeQuietly is write that lets nobody know that it waits.
func (s *Store) writeQuietly(ctx context.Context, f func(*conn) error) error {
	return s.withWriter(ctx, func(c *conn) error { return s.inTransaction(ctx, c, "BEGIN IMMEDIATE", f) })
}

// withWriter waits for the writer and runs f on it.
func (s *Store) withWriter(ctx context.Context, f func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.writer == nil {
		return errReadOnly
	}
	c, err := take(ctx, s, s.writer)
	if err != nil {
		return err
	}
	defer func() { s.writer <- c }()
	if err := s.held.check(); err != nil {
		return err
	}
	if err := f(c); err != nil {
		return s.whyFailed(err)
	}
	return s.held.check() // what was written is acknowledged now
}

func (s *Store) inTransaction(ctx context.Context, c *conn, begin string, f func(*conn) error) error {
	return c.interruptible(ctx, func() (err error) {
		if err := waitBusy(ctx, func() error { return c.run(begin) }); err != nil {
			return err
		}
		committed := false
		defer func() {
			if committed {
				return
			}
			// An error of f is returned as it is, not in a join of one.
			if undone := c.rollback(); undone != nil {
				err = errors.Join(err, undone)
			}
		}()
		if err := f(c); err != nil {
			return err
		}
		if err := c.run("COMMIT"); err != nil {
			return err
		}
		committed = true
		return nil
	})
}
