//go:build !unix

package file

import (
	"io/fs"
	"os"
)

func isOwn(info fs.FileInfo) bool { return info.Mode().IsRegular() }

// Names is the number of hard links of a file, which is not known here.
func Names(fs.FileInfo) int { return 1 }

// Place tells a file from others: not known here.
func Place(fs.FileInfo) string { return "" }

func checkTrust(string, fs.FileInfo) error { return nil }

// CheckAccess returns why this user may not open a file with a flag: os.O_WRONLY or
// os.O_RDWR. Here a lock belongs to a handle, so closing another handle does not end it.
func CheckAccess(path string, flag int) error {
	f, err := os.OpenFile(path, flag, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// keepAccess has nothing to do: a file has the rights of its folder here.
func keepAccess(*os.File, fs.FileInfo) {}

// keepOwner has nothing to do either.
func keepOwner(*os.File, fs.FileInfo) bool { return true }
