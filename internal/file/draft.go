// Package file writes files whole or not at all.
//
// It writes a draft under a hidden name in the folder of the file, and renames it when
// it is complete and on the disk. It follows a link and replaces the target. A
// replaced file keeps its mode, and its owner and group if this user may set them. A
// new file has mode 0600, because calls are confidential.
//
// Sweep removes the drafts of killed processes. Each new draft sweeps its folder.
package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Draft is a file that is being written.
type Draft struct {
	base   string   // of the names of its own files
	lock   *os.File // nil when the draft has ended
	out    *os.File
	target string      // the name that Commit gives it
	old    fs.FileInfo // of the file that it replaces, or nil
}

// Create begins a file that replaces the one at path, if there is one. It returns an
// error before anything is written if that file can't or may not be replaced.
func Create(path string) (*Draft, error) {
	target, old, err := look(path)
	if err == nil && old != nil {
		err = mayReplace(target, old)
	}
	if err != nil {
		return nil, err
	}
	return begin(&Draft{target: target, old: old})
}

// Temporary begins a file in the folder for temporary files. It is read by its name
// Part, and Discard removes it.
func Temporary() (*Draft, error) {
	return begin(&Draft{target: filepath.Join(os.TempDir(), "temporary")})
}

// look finds where to write a file and what is there, and returns an error if no file
// can be there.
func look(path string) (target string, old fs.FileInfo, err error) {
	if path == "" {
		return "", nil, errors.New("the name of the file is empty; name one")
	}
	if os.IsPathSeparator(path[len(path)-1]) {
		return "", nil, fmt.Errorf("%s names a folder; name a file in it", path)
	}
	if target, err = Follow(path); err != nil {
		return "", nil, err
	}
	old, err = os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return target, nil, nil
	case err != nil:
		return "", nil, err
	case old.IsDir():
		return "", nil, fmt.Errorf("%s is a folder; name a file in it", path)
	case !old.Mode().IsRegular() || isHandle(target):
		return "", nil, fmt.Errorf("%s is a pipe or a device; name a file", path)
	}
	return target, old, checkTrust(target, old)
}

// mayReplace returns an error for a file that this user may not write. Write access to
// the folder would be enough to replace it.
func mayReplace(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o222 == 0 {
		return fmt.Errorf("%s is not writable (mode %04o); make it writable, or name another file", path, info.Mode().Perm())
	}
	if err := CheckAccess(path, os.O_WRONLY); err != nil {
		return fmt.Errorf("%s is not writable (%w); name another file", path, reason(err))
	}
	return nil
}

// begin makes the files of a draft.
func begin(d *Draft) (*Draft, error) {
	folder := filepath.Dir(d.target)
	Sweep(folder)
	switch err := d.open(folder); {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("the folder of %s is not writable (%w), and callvault writes a temporary file there first; name a file elsewhere", d.target, reason(err))
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the folder of %s does not exist; make it, or name a file elsewhere", d.target)
	case err != nil:
		return nil, d.named(err)
	}
	return d, nil
}

// Write adds to the file.
func (d *Draft) Write(p []byte) (int, error) {
	n, err := d.out.Write(p)
	return n, d.named(err)
}

// Name is the name of the draft, for a library that opens files by name.
func (d *Draft) Name() string { return d.base + partSuffix }

// Target is the name that Commit gives the file: the path, or the target of the link at
// the path.
func (d *Draft) Target() string { return d.target }

// Commit syncs the file to the disk and gives it its name.
func (d *Draft) Commit() error {
	if d.old != nil {
		keepAccess(d.out, d.old)
	}
	return d.CommitAs(d.target)
}

// CommitMode is Commit with a mode of its own, also for a file that is replaced. Only the
// owner and the group are kept then.
func (d *Draft) CommitMode(mode fs.FileMode) error {
	if d.old != nil {
		keepOwner(d.out, d.old)
	}
	_ = d.out.Chmod(mode) // the file system may have no modes
	return d.CommitAs(d.target)
}

// CommitAs is Commit with another name in the same folder. It replaces a file of that name.
func (d *Draft) CommitAs(target string) (err error) {
	defer func() { err = errors.Join(err, d.Discard()) }()
	err = errors.Join(d.out.Sync(), d.out.Close()) // Windows renames no open file
	if err == nil {
		err = os.Rename(d.Name(), target)
	}
	if err != nil {
		return d.named(err)
	}
	return SyncFolder(filepath.Dir(target))
}

// Discard removes an unfinished file. After Commit it does nothing.
func (d *Draft) Discard() error {
	if d.lock == nil {
		return nil
	}
	d.out.Close() // is closed already after a commit
	err := errors.Join(removeParts(d.base), release(d.lock))
	d.lock = nil
	return err
}

// named is an error with the name of the file in place of the draft's.
func (d *Draft) named(err error) error {
	because := reason(err)
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		because = fmt.Errorf("its disk is full (%w)", because)
	case because == err:
		return err
	}
	return &fs.PathError{Op: "write", Path: d.target, Err: because}
}

// reason is the system's error without a file name.
func reason(err error) error {
	if on := (*fs.PathError)(nil); errors.As(err, &on) {
		return on.Err
	}
	if on := (*os.LinkError)(nil); errors.As(err, &on) {
		return on.Err
	}
	return err
}

// SyncFolder makes the names in a folder durable, where a system can.
func SyncFolder(path string) error {
	folder, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil // a folder may be writable but not readable
	}
	if err != nil {
		return err
	}
	defer folder.Close()
	err = folder.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}
