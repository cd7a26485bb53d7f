//go:build unix

package file

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// isOwn tells whether a file is a regular file of this user, root included.
func isOwn(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && owner(info) == os.Geteuid()
}

func owner(info fs.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid)
	}
	return -1
}

// Names is the number of hard links of a file.
func Names(info fs.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Nlink)
	}
	return 1
}

// checkTrust refuses a file or link of another user in a folder that everybody may write
// to. It is the rule of fs.protected_symlinks in Linux, for every system.
func checkTrust(path string, info fs.FileInfo) error {
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	const sticky = fs.ModeSticky | 0o002
	if folder.Mode()&sticky != sticky || owner(info) == os.Geteuid() || owner(info) == owner(folder) {
		return nil
	}
	return fmt.Errorf("%s belongs to another user, in a folder that everybody may write to; name another file", path)
}

// checkReplaceable refuses a file that only its owner may replace in a sticky folder.
func checkReplaceable(path string, info fs.FileInfo) error {
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	me := os.Geteuid()
	if folder.Mode()&fs.ModeSticky == 0 || me == 0 || me == owner(info) || me == owner(folder) {
		return nil
	}
	return fmt.Errorf("%s belongs to another user, and only its owner may replace it in this folder; name another file", path)
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
func keepAccess(f *os.File, path string, old fs.FileInfo) {
	s, ok := old.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	mode := old.Mode().Perm()
	if f.Chown(int(s.Uid), int(s.Gid)) != nil && f.Chown(-1, int(s.Gid)) != nil {
		mode = mode&^0o070 | mode&0o007<<3
	}
	if !keepList(f, path) {
		mode = mode&^0o070 | mode&0o007<<3
	}
	_ = f.Chmod(mode) // the file system may have no modes
}

func duplicate(fd int, path string) (*os.File, error) {
	copied, err := syscall.Dup(fd)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	syscall.CloseOnExec(copied)
	return os.NewFile(uintptr(copied), path), nil
}
