package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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
func makeFile(path string) (string, error) {
	path, err := file.Follow(path)
	if err != nil {
		return "", err
	}
	file.Sweep(filepath.Dir(path))
	orphan := mustBeAlone(path) // counts only if this creates the file
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return path, checkNames(path)
	}
	if err != nil {
		return "", err
	}
	err = errors.Join(orphan, f.Close())
	if err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
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

// Remove deletes the files of a store that is closed.
func Remove(path string) error {
	var errs []error
	for _, name := range Files(path) {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
