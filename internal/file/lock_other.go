//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package file

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
)

// hold has nothing to do: Windows removes no file that a process has open.
func hold(*os.File) error { return nil }

func isHeld(error) bool { return false }

// release removes a lock that this process has open.
func release(f *os.File) error {
	err := errors.Join(f.Close(), os.Remove(f.Name()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// claim removes a lock that nobody has open, where that can be known.
func claim(path string) bool { return runtime.GOOS == "windows" && os.Remove(path) == nil }
