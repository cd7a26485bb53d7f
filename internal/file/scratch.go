package file

import (
	"errors"
	"os"
	"path/filepath"
)

// Scratch is a file that ends with its process. It has no name where a system lets an open
// file be removed. Elsewhere Close removes it, and Sweep if the process was killed.
type Scratch struct {
	*os.File
	draft *Draft
}

// NewScratch makes a file in a folder. Only this user may read it.
func NewScratch(folder string) (*Scratch, error) {
	d, err := begin(&Draft{target: filepath.Join(folder, "a temporary file")})
	if err != nil {
		return nil, err
	}
	if os.Remove(d.Name()) == nil { // Windows removes no open file
		err = release(d.lock)
		d.lock = nil
	}
	s := &Scratch{d.out, d}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Write adds to the file.
func (s *Scratch) Write(p []byte) (int, error) { return s.draft.Write(p) }

// Close closes the file, which is gone then.
func (s *Scratch) Close() error {
	if s.draft.lock == nil {
		return s.File.Close()
	}
	return s.draft.Discard()
}
