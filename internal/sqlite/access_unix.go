//go:build unix

package sqlite

import (
	"io/fs"
	"syscall"
)

// checkWritable returns why a file can't be opened to be read and written. It
// asks and does not open: when a process closes any handle of a file, all locks
// end that it has on the file, those of other connections too.
func checkWritable(path string) error {
	const readAndWrite = 4 | 2
	if err := syscall.Access(path, readAndWrite); err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return nil
}
