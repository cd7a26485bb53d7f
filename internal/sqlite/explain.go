package sqlite

import (
	"fmt"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"
)

// explain adds to an error of opening a file what SQLite does not say: whether
// it is the file or its folder, and what is wrong with it.
func explain(path string, err error) error {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultCantOpen, sqlite.ResultReadOnly, sqlite.ResultPerm:
	default:
		return err
	}
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return fmt.Errorf("it is a folder; accepted is the path of a file (%w)", err)
	}
	f, openErr := os.OpenFile(path, os.O_RDWR, 0)
	if openErr != nil {
		return fmt.Errorf("%w (%w)", openErr, err)
	}
	f.Close()
	return fmt.Errorf("the folder %s must be writable too, since the log is kept beside the file (%w)", filepath.Dir(path), err)
}
