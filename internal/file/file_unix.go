//go:build unix

package file

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// stat is what the system knows of a file.
func stat(info fs.FileInfo) *syscall.Stat_t { return info.Sys().(*syscall.Stat_t) }

// isOwn tells whether a file is a regular file of this user, root included.
func isOwn(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && int(stat(info).Uid) == os.Geteuid()
}

// Names is the number of hard links of a file.
func Names(info fs.FileInfo) int { return int(stat(info).Nlink) }

// Place tells a file from all others that this machine has at the same time.
func Place(info fs.FileInfo) string { return fmt.Sprintf("%d:%d", stat(info).Dev, stat(info).Ino) }

// checkTrust refuses a file or link of another user in a folder that everybody may write
// to. It is the rule of fs.protected_symlinks in Linux, for every system.
func checkTrust(path string, info fs.FileInfo) error {
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	const sticky = fs.ModeSticky | 0o002
	owner := stat(info).Uid
	if folder.Mode()&sticky != sticky || int(owner) == os.Geteuid() || owner == stat(folder).Uid {
		return nil
	}
	return fmt.Errorf("%s belongs to another user, in a folder that everybody may write to; name another file", path)
}

// CheckAccess returns why this user may not open a file with a flag: os.O_WRONLY or
// os.O_RDWR. It does not open the file: when a process closes any handle of a file, it
// loses all its locks on it.
func CheckAccess(path string, flag int) error {
	const read, write = 4, 2
	rights := uint32(write)
	if flag == os.O_RDWR {
		rights |= read
	}
	if err := syscall.Access(path, rights); err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return nil
}

// keepAccess gives a file the owner, group and mode of the one that it replaces. If this
// user can't set the group, the group's rights become those of others.
func keepAccess(f *os.File, old fs.FileInfo) {
	mode := old.Mode().Perm()
	if !keepOwner(f, old) {
		mode = mode&^0o070 | mode&0o007<<3
	}
	_ = f.Chmod(mode) // the file system may have no modes
}

// keepOwner gives a file the group of the one that it replaces, and the owner too if this
// user may set it. It tells whether the file has the group.
func keepOwner(f *os.File, old fs.FileInfo) bool {
	uid, gid := int(stat(old).Uid), int(stat(old).Gid)
	return f.Chown(uid, gid) == nil || f.Chown(-1, gid) == nil
}
