package file

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// A draft has two files: ID.part, and ID.lock, which its writer keeps locked. It is a
// file of its own because SQLite locks the part. The lock is made first and removed last,
// so there is no part without one.
const (
	prefix     = ".callvault-"
	lockSuffix = ".lock"
	partSuffix = ".part"
)

// sqliteSuffixes are of the files that SQLite may keep beside a part.
var sqliteSuffixes = []string{partSuffix + "-journal", partSuffix + "-wal", partSuffix + "-shm"}

var lockName = regexp.MustCompile(`^(\.callvault-[A-Z2-7]{26})\.lock$`)

// open makes the files of a draft.
func (d *Draft) open(folder string) (err error) {
	for {
		d.base = filepath.Join(folder, prefix+rand.Text())
		d.lock, err = os.OpenFile(d.base+lockSuffix, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		if !isHeld(hold(d.lock)) {
			break // if a sweep has just removed it, no later one finds the part
		}
		d.lock.Close() // a sweep is about to remove it
	}
	d.out, err = os.OpenFile(d.base+partSuffix, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return errors.Join(err, release(d.lock))
	}
	return nil
}

// release removes a lock that this process holds.
func release(lock *os.File) error {
	err := removeHeld(lock)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// removeParts removes all files of a draft but its lock.
func removeParts(base string) error {
	var errs []error
	for _, suffix := range slices.Concat(sqliteSuffixes, []string{partSuffix}) {
		if err := os.Remove(base + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Sweep removes the drafts that killed processes left in a folder. It leaves drafts that
// are being written, those of other users, and those that it can't remove.
func Sweep(folder string) {
	dir, err := os.Open(folder)
	if err != nil {
		return
	}
	names, _ := dir.Readdirnames(-1) // after an error, use the names read so far
	dir.Close()
	for _, name := range names {
		match := lockName.FindStringSubmatch(name)
		if match == nil {
			continue
		}
		path := filepath.Join(folder, name)
		if info, err := os.Lstat(path); err != nil || !isOwn(info) {
			continue
		}
		if lock := claim(path); lock != nil {
			_ = removeParts(filepath.Join(folder, match[1]))
			_ = release(lock)
		}
	}
}
