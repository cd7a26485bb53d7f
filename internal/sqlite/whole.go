package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/callvault/callvault/internal/file"
)

// writeStore lets write fill an empty file with mode 0600. The file gets its name when it
// is complete and on the disk. A file that has the name is an error.
func writeStore(path string, write func(*file.Draft) error) (err error) {
	d, err := file.CreateNew(path)
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
	return d.Commit()
}

// journal is what the name of the file ends with that SQLite keeps beside one
// that it is writing.
const journal = "-journal"

// longestName is what a name may have, in bytes, so that those of the files beside
// it have no more than 255.
const longestName = 255 - len(journal)

// mustBeAlone refuses a name for a new store if SQLite would take another file for its
// log, would take it for the log of another store, or could not name its log.
func mustBeAlone(path string) error {
	if len(filepath.Base(path)) > longestName {
		return fmt.Errorf("%.40q… is too long for the name of a store, which may have %d bytes; name a shorter one", filepath.Base(path), longestName)
	}
	for _, suffix := range []string{"-wal", "-shm", journal} {
		if isThere(path + suffix) {
			return fmt.Errorf("%s is there without its store, and would be taken for the log of %s: move it away first", path+suffix, path)
		}
		if store, ok := strings.CutSuffix(path, suffix); ok && isThere(store) {
			return fmt.Errorf("%s would be taken for the log of %s; name another file", path, store)
		}
	}
	return nil
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
