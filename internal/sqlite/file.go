package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/callvault/callvault/internal/file"
)

// Files are the names of a store's files: its own, and those that SQLite keeps
// beside it. They are named by what a link leads to, as SQLite does.
func Files(path string) []string {
	if followed, err := file.Follow(path); err == nil {
		path = followed
	}
	return []string{path, path + "-wal", path + "-shm", path + journal}
}

// makeFile makes an empty file, for its owner alone, unless there is one: it will
// have records of a company and the secret that signs cursors. SQLite gives the
// files beside it the same mode. It returns the name that SQLite calls those by,
// which is that of the file a link leads to.
func makeFile(path string) (string, error) {
	path, err := file.Follow(path)
	if err != nil {
		return "", err
	}
	file.Sweep(filepath.Dir(path))
	orphan := mustBeAlone(path) // of a store that is not there, if this makes it
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

// checkNames refuses a file with more names than one: SQLite would keep a log beside
// each, and lose what is in one of them. A file that can't be written to has none.
func checkNames(path string) error {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil // opening it says why
	}
	names := file.Names(info)
	if names < 2 || checkWritable(path) != nil {
		return nil
	}
	return fmt.Errorf("%s has %d names (hard links), and each would have a log of its own; remove the others, or copy the file", path, names)
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
