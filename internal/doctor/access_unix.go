//go:build unix

package doctor

import "syscall"

// writable returns why this user may not write to a file or into a folder. It asks
// and does not open: see internal/file.
func writable(path string) error {
	const write = 2
	if err := syscall.Access(path, write); err != nil {
		return err
	}
	return nil
}
