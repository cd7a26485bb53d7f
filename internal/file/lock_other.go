//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package file

import (
	"errors"
	"os"
	"runtime"
)

// hold has nothing to do: Windows removes no file that a process has open.
func hold(*os.File) error { return nil }

func isHeld(error) bool { return false }

func removeHeld(lock *os.File) error { return errors.Join(lock.Close(), os.Remove(lock.Name())) }

// claim makes a lock again that nobody has open, where that can be known.
func claim(path string) *os.File {
	if runtime.GOOS != "windows" || os.Remove(path) != nil {
		return nil
	}
	f, _ := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	return f
}
