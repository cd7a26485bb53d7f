//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package file

import (
	"errors"
	"os"
	"syscall"
)

// hold locks a file until it is closed or its process ends.
func hold(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// isHeld tells whether an error of hold is that another has the lock.
func isHeld(err error) bool { return errors.Is(err, syscall.EWOULDBLOCK) }

func removeHeld(lock *os.File) error { return errors.Join(os.Remove(lock.Name()), lock.Close()) }

// claim locks a lock that nobody holds. It returns nil if somebody does.
func claim(path string) *os.File {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	if hold(f) != nil {
		f.Close()
		return nil
	}
	return f
}
