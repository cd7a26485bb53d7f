//go:build !unix

package file

import (
	"errors"
	"io/fs"
	"os"
)

func isOwn(info fs.FileInfo) bool { return info.Mode().IsRegular() }

// Names is the number of hard links of a file, which is not known here.
func Names(fs.FileInfo) int { return 1 }

func checkTrust(string, fs.FileInfo) error { return nil }

func checkReplaceable(string, fs.FileInfo) error { return nil }

// checkWritable returns why a file is not writable. Here a lock belongs to a handle, so
// closing another handle does not end it.
func checkWritable(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// keepAccess has nothing to do: a file has the rights of its folder here.
func keepAccess(*os.File, string, fs.FileInfo) {}

func duplicate(int, string) (*os.File, error) { return nil, errors.ErrUnsupported }
