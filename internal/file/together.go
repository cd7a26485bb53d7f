package file

import (
	"errors"
	"fmt"
	"io/fs"
)

// Content is a file to write.
type Content struct {
	Path  string
	Bytes []byte
	Mode  fs.FileMode
}

// WriteTogether writes files, none of which gets its name before all are complete. A file
// that is replaced keeps its owner, because a server may run as that user.
func WriteTogether(files []Content) (err error) {
	var drafts []*Draft
	defer func() {
		for _, d := range drafts {
			err = errors.Join(err, d.Discard())
		}
	}()
	for i, f := range files {
		for _, other := range files[:i] {
			if Same(f.Path, other.Path) {
				return fmt.Errorf("%s and %s are one file; remove one of the links", other.Path, f.Path)
			}
		}
		d, err := Create(f.Path)
		if err != nil {
			return err
		}
		drafts = append(drafts, d)
		if _, err := d.Write(f.Bytes); err != nil {
			return err
		}
	}
	for i, d := range drafts {
		if err := d.CommitMode(files[i].Mode); err != nil {
			return err
		}
	}
	return nil
}
