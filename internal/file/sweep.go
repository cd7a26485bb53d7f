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
// file of its own because SQLite locks the part. The lock is made before the part and
// removed after it.
const (
	prefix        = ".callvault-"
	lockSuffix    = ".lock"
	partSuffix    = ".part"
	journalSuffix = ".part-journal" // SQLite's
)

var draftName = regexp.MustCompile(`^\.callvault-([A-Z2-7]{26})\.(?:lock|part|part-journal)$`)

// part is the pair of files of a draft.
type part struct {
	folder, id string
	lock       *os.File
}

func (p *part) name(suffix string) string { return filepath.Join(p.folder, prefix+p.id+suffix) }

// newPart makes the files of a draft.
func newPart(folder string) (*part, *os.File, error) {
	for {
		p := &part{folder: folder, id: rand.Text()}
		lock, err := os.OpenFile(p.name(lockSuffix), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, nil, err
		}
		p.lock = lock
		if !p.holds() { // a sweep removed it
			lock.Close()
			continue
		}
		out, err := os.OpenFile(p.name(partSuffix), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, nil, errors.Join(err, p.remove())
		}
		return p, out, nil
	}
}

// holds locks the lock file and tells whether it is still there. If the file system has
// no locks, a sweep can't lock it either and leaves it.
func (p *part) holds() bool {
	if err := hold(p.lock); isHeld(err) {
		return false
	}
	locked, err := p.lock.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(p.name(lockSuffix))
	return err == nil && os.SameFile(locked, there)
}

// remove removes what is left of a draft.
func (p *part) remove() error {
	err := p.removeParts()
	return errors.Join(err, release(p.lock))
}

func (p *part) removeParts() error {
	var errs []error
	for _, suffix := range []string{journalSuffix, partSuffix} {
		if err := os.Remove(p.name(suffix)); !errors.Is(err, fs.ErrNotExist) {
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
	var ids []string
	for _, name := range names {
		if match := draftName.FindStringSubmatch(name); match != nil && !slices.Contains(ids, match[1]) {
			ids = append(ids, match[1])
		}
	}
	for _, id := range ids {
		(&part{folder: folder, id: id}).sweep()
	}
}

// sweep removes a draft unless its writer lives. A part without a lock has no writer,
// because the writer removes the part first.
func (p *part) sweep() {
	switch info, err := os.Lstat(p.name(lockSuffix)); {
	case err == nil && !(isOwn(info) && claim(p.name(lockSuffix))):
		return
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return
	}
	for _, suffix := range []string{journalSuffix, partSuffix} {
		if info, err := os.Lstat(p.name(suffix)); err == nil && isOwn(info) {
			_ = os.Remove(p.name(suffix))
		}
	}
}
