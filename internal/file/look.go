package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// place is where a path leads after links.
type place struct {
	target   string
	old      fs.FileInfo // of the file there, or nil
	isStream bool        // a pipe, a device or an open file: written directly
}

// look finds where to write a file, and returns an error if no file can be there.
func look(path string) (p place, err error) {
	if path == "" {
		return p, errors.New("the name of the file is empty; name one")
	}
	if os.IsPathSeparator(path[len(path)-1]) {
		return p, fmt.Errorf("%s names a folder; name a file in it", path)
	}
	if p.target, err = follow(path, isHandle); err != nil {
		return p, err
	}
	p.old, err = os.Stat(p.target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p, nil
	case err != nil:
		return p, err
	case p.old.IsDir():
		return p, fmt.Errorf("%s is a folder; name a file in it", path)
	}
	p.isStream = !p.old.Mode().IsRegular() || isHandle(p.target)
	if !isHandle(p.target) {
		err = checkTrust(p.target, p.old)
	}
	return p, err
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
	return checkReplaceable(path, info)
}

// begin makes the draft.
func (p place) begin(reveal func(part, target string) error) (*Draft, error) {
	folder := filepath.Dir(p.target)
	Sweep(folder)
	part, out, err := newPart(folder)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("the folder of %s is not writable (%w), and callvault writes a temporary file there first; name a file elsewhere", p.target, reason(err))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the folder of %s does not exist; make it, or name a file elsewhere", p.target)
	}
	if err != nil {
		return nil, named(err, p.target)
	}
	return &Draft{out: out, part: part, target: p.target, old: p.old, reveal: reveal}, nil
}
