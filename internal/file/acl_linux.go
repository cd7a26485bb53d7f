package file

import (
	"errors"
	"os"
	"strconv"
	"syscall"
)

// accessList is the attribute with the access list of a file. Where there is one,
// the bits of the group in the mode are its mask and not the group's rights.
const accessList = "system.posix_acl_access"

// keepList gives a file the access list of the one that it replaces, or none where
// that has none: a new file may have one from its folder. It is false when the
// file could not be given it.
func keepList(f *os.File, path string) bool {
	// By the number of the open file, since somebody may have put a link in its place.
	name := "/proc/self/fd/" + strconv.Itoa(int(f.Fd()))
	list := make([]byte, 64<<10) // the most that an attribute can have
	n, err := syscall.Getxattr(path, accessList, list)
	switch {
	case errors.Is(err, syscall.ENOTSUP):
		return true // there are none on this file system
	case errors.Is(err, syscall.ENODATA):
		err = syscall.Removexattr(name, accessList)
		return err == nil || errors.Is(err, syscall.ENODATA) || errors.Is(err, syscall.ENOTSUP)
	case err != nil:
		return false
	}
	return syscall.Setxattr(name, accessList, list[:n], 0) == nil
}
