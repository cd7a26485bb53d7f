//go:build !unix

package sqlite

import "os"

// checkWritable returns why a file can't be opened to be read and written. Locks
// are of a handle here: to close another one leaves them.
func checkWritable(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}
