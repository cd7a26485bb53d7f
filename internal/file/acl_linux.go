package file

import (
	"errors"
	"os"
	"strconv"
	"syscall"
)

// accessList is the attribute with the access list of a file. If a file has one, the
// group bits of its mode are the list's mask and not the group's rights.
const accessList = "system.posix_acl_access"

// keepList gives a file the access list of the one that it replaces. If that has none, it
// removes the list that a new file may get from its folder. It is false if it can't.
func keepList(f *os.File, path string) bool {
	// By the open file's number: somebody may have put a link in its place.
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
