package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// mustBeAbsent refuses the name of a file that is there, or of which SQLite would
// take another file for its log.
func mustBeAbsent(path string) error {
	for _, suffix := range []string{"", "-wal", journal} {
		_, err := os.Lstat(path + suffix)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case suffix == "":
			return fmt.Errorf("%s is there already, and is not overwritten", path)
		default:
			return fmt.Errorf("%s is there without its store, and would be taken for the log of %s: move it away first", path+suffix, path)
		}
	}
	return nil
}

// writeWhole lets write fill an empty file, for its owner alone, which gets its
// name when it is complete and on the disk.
func writeWhole(path string, write func(part string) error) (err error) {
	folder, mark := filepath.Dir(path), "."+filepath.Base(path)+".unfinished-"
	if err := removeUnfinished(folder, mark); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, mark+"*")
	if err != nil {
		return err
	}
	part := f.Name()
	defer func() {
		if err != nil {
			err = errors.Join(err, removePart(part))
		}
	}()
	if err := f.Close(); err != nil { // SQLite's locks end when any handle of the file is closed
		return err
	}
	if err := write(part); err != nil {
		return err
	}
	// SQLite makes a file anew, for all to read, that was taken for a dead one's.
	if err := os.Chmod(part, 0o600); err != nil {
		return err
	}
	if err := syncPath(part); err != nil {
		return err
	}
	if err := reveal(part, path); err != nil {
		return err
	}
	if err := syncFolder(folder); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// begunWithin is how long it takes at most from making an empty file to locking
// it.
const begunWithin = time.Minute

// removeUnfinished removes what earlier runs that were killed have left. A file
// that is being written is locked by SQLite, but for the first moment, when it is
// empty.
func removeUnfinished(folder, mark string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), mark) || strings.HasSuffix(entry.Name(), journal) {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		info, err := entry.Info()
		if err != nil || info.Size() == 0 && time.Since(info.ModTime()) < begunWithin || isLocked(path) {
			continue
		}
		if err := removePart(path); err != nil {
			return err
		}
	}
	return nil
}

// journal is what the name of the file ends with that SQLite keeps beside one
// that it is writing.
const journal = "-journal"

func removePart(path string) error {
	return errors.Join(ignoreAbsent(os.Remove(path+journal)), ignoreAbsent(os.Remove(path)))
}

// isLocked tells whether a process is writing a SQLite file, whatever is in it.
func isLocked(path string) bool {
	c, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return true
	}
	defer c.Close()
	c.SetBusyTimeout(0)
	err = sqlitex.ExecuteTransient(c, "BEGIN EXCLUSIVE", nil)
	return sqlite.ErrCode(err).ToPrimary() == sqlite.ResultBusy
}

// reveal gives a complete file its name, unless there is a file of that name by
// now.
func reveal(part, path string) error {
	err := os.Link(part, path)
	if err == nil {
		_ = os.Remove(part) // the file has its name; the next run removes this one
		return nil
	}
	// Not every file system has links. Two at once may replace each other there.
	if err := mustBeAbsent(path); err != nil {
		return err
	}
	return os.Rename(part, path)
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func syncPath(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncFolder makes the names in a folder durable, where a system can.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil // it may be written to and not read
	}
	if err != nil {
		return err
	}
	defer folder.Close()
	err = folder.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}
