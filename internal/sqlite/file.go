package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/file"
)

// Files returns the names of a store's files: the store, its log, the log's index and
// the journal. They follow the target of a link, as in SQLite.
func Files(path string) []string {
	if followed, err := file.Follow(path); err == nil {
		path = followed
	}
	return []string{path, path + "-wal", path + "-shm", path + journal}
}

// makeFile creates an empty file with mode 0600 unless there is one: the store will hold
// calls and the secret that signs cursors. SQLite gives its other files the same mode.
// It returns the target of a link, which SQLite names its other files by.
func makeFile(path string) (target string, made bool, err error) {
	target, err = file.Follow(path)
	if err != nil {
		return "", false, err
	}
	file.Sweep(filepath.Dir(target))
	orphan := mustBeAlone(target) // counts only if this creates the file
	f, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return target, false, checkNames(target)
	}
	if err != nil {
		return "", false, err
	}
	err = errors.Join(orphan, f.Close())
	if err == nil {
		// Or a loss of power may leave the journal of a store whose own name was not kept.
		err = file.SyncFolder(filepath.Dir(target))
	}
	if err != nil {
		return "", false, errors.Join(err, os.Remove(target))
	}
	return target, true, nil
}

// removeUnused removes a file that was made for a store and became none. It leaves one that
// another process has open, or has made a store of.
func removeUnused(path string) error {
	if slices.ContainsFunc(logs, func(suffix string) bool { return isThere(path + suffix) }) {
		return nil
	}
	if at, err := fileVersion(path); err != nil || at > 0 {
		return err
	}
	return os.Remove(path)
}

// fileVersion reads the version of a schema without SQLite: 0 of an empty file.
func fileVersion(path string) (uint32, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var version [4]byte
	_, err = f.ReadAt(version[:], 60) // https://www.sqlite.org/fileformat.html#user_version
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return binary.BigEndian.Uint32(version[:]), err
}

// checkNames refuses a file with several hard links: SQLite would keep a log for each
// name, and lose what is in one of them. A read-only file has no log.
func checkNames(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return nil // opening it says why
	}
	if err := checkRegular(path, info); err != nil {
		return err
	}
	names := file.Names(info)
	if names < 2 || file.CheckAccess(path, os.O_RDWR) != nil {
		return nil
	}
	return fmt.Errorf("%s has %d names (hard links), and each would have a log of its own; remove the others, or copy the file", path, names)
}

// checkRegular refuses a pipe, which opening would wait for, and a device.
func checkRegular(path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() || info.IsDir() {
		return nil
	}
	return fmt.Errorf("%s is a pipe, a socket or a device; name a file", path)
}

// writeStore lets write fill an empty file with mode 0600. The file gets its name when it
// is complete and on the disk, and replaces one that has the name.
func writeStore(path string, write func(*file.Draft) error) (err error) {
	d, err := file.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Discard()) }()
	if err := mustBeAlone(d.Target()); err != nil {
		return err
	}
	if err := write(d); err != nil {
		return err
	}
	if err := mustBeAlone(d.Target()); err != nil { // somebody may have opened it meanwhile
		return err
	}
	return d.Commit()
}

const sizeSQL = `SELECT page_count * page_size FROM pragma_page_count, pragma_page_size`

// Size is the size of the file, but for its log.
func (s *Store) Size(ctx context.Context) (size int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		size, err = c.number(sizeSQL)
		return err
	})
	return size, callvault.Doing(err, "read the size of the store")
}

// journal is what the name of the file ends with that SQLite keeps beside one
// that it is writing.
const journal = "-journal"

// mustBeAlone refuses a name for a new store if SQLite would take another file for its
// log, or would take it for the log of another store, and if a store of that name may be open.
func mustBeAlone(path string) error {
	if err := checkOrphans(path); err != nil {
		return err
	}
	for _, suffix := range logs {
		if isThere(path + suffix) {
			return fmt.Errorf("%s has a log, %s: a program has it open or was killed; end 'callvault serve', then run 'callvault check --db %[1]s'", path, path+suffix)
		}
		if store, ok := strings.CutSuffix(path, suffix); ok && isThere(store) {
			return fmt.Errorf("SQLite would take %s for the log of %s; name another file", path, store)
		}
	}
	return nil
}

// logs are the ends of the names of a store's other files.
var logs = []string{"-wal", "-shm", journal}

// checkThere refuses the path of a store that is not there.
func checkThere(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // opening it says what else is wrong
	}
	if err := checkOrphans(path); err != nil {
		return err
	}
	return fmt.Errorf("there is no store at %s; name another with --db, or make one: callvault import FILE, or callvault mirror --url URL", path)
}

// checkOrphans returns an error if a store is not there and others of its files are:
// its log may hold calls that the store itself has not yet.
func checkOrphans(path string) error {
	path = Files(path)[0]
	if isThere(path) {
		return nil
	}
	var left []string
	for _, suffix := range logs {
		if isThere(path + suffix) {
			left = append(left, path+suffix)
		}
	}
	if len(left) == 0 {
		return nil
	}
	move, them := "it", "it"
	if len(left) > 1 {
		move, them = "it (and "+strings.Join(left[1:], ", ")+")", "them"
	}
	return fmt.Errorf("%s belongs to a %s that was moved without it, and may hold its latest calls; move %s to where that file is now, do not delete %s, then run this again",
		left[0], filepath.Base(path), move, them)
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

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

// syncEvery is how often syncLog does.
const syncEvery = 50 * time.Millisecond

// syncLog keeps bringing the log to the disk during a large transaction, until stopped. A commit
// waits for all that is not there yet, also if that was undone and others commit.
func (c *conn) syncLog() (stop func()) {
	log, err := os.OpenFile(c.path+"-wal", os.O_RDWR, 0)
	if err != nil {
		return func() {} // the commit waits longer
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer log.Close()
		ticker := time.NewTicker(syncEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				_ = log.Sync() // SQLite's own sync fails, too
			case <-end:
				return
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}
