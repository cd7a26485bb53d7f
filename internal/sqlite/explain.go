package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/file"
)

// fileError is an error of SQLite with the path of the file, and with its meaning for the
// file's owner.
type fileError struct {
	path, meaning string
	err           error
}

func (e *fileError) Error() string {
	if e.meaning == "" {
		return fmt.Sprintf("%s: %v", e.path, e.err)
	}
	return fmt.Sprintf("%s: %s (%v)", e.path, e.meaning, e.err)
}

func (e *fileError) Unwrap() error { return e.err }

// explain adds to an error what SQLite does not say: on which file, and what is
// wrong with it. An error that was explained is returned as it is.
func explain(path string, err error) error {
	if explained := (*fileError)(nil); err == nil || errors.As(err, &explained) || errors.Is(err, callvault.ErrReplaced) {
		return err
	}
	return &fileError{path, meaning(path, err), err}
}

// meaning is what an error means on a file, or "" when SQLite says enough.
func meaning(path string, err error) string {
	switch kindOf(err) {
	case cantGrow:
		return "it can't grow: its disk is full or fails, or a file has reached its size limit"
	case full:
		return "its disk is full"
	case cantOpen:
		return whyClosed(path)
	case corrupt:
		return "it is damaged"
	case notSQLite:
		return "it is not a SQLite file, or its beginning was overwritten"
	case diskFails:
		if isFolder(path) {
			return itIsFolder
		}
		return "its disk fails with " + codeOf(err)
	}
	return ""
}

// whyClosed is why a file can't be opened or written to: it may be the file, its
// log or its folder.
func whyClosed(path string) string {
	if isFolder(path) {
		return itIsFolder
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if info, err := os.Lstat(path + suffix); err == nil && suffix != "" && info.Mode()&fs.ModeSymlink != 0 {
			return fmt.Sprintf("%s is a link, which SQLite does not follow; move it away", path+suffix)
		}
		err := file.CheckAccess(path+suffix, os.O_RDWR)
		if err == nil || suffix != "" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var of *fs.PathError
		if suffix == "" && errors.As(err, &of) {
			return of.Err.Error() // the file is named already
		}
		return err.Error()
	}
	return fmt.Sprintf("the folder %s must be writable too, because SQLite keeps its log there", filepath.Dir(path))
}

const itIsFolder = "it is a folder; use the path of a file"

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
