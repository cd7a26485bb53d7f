package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/screen"
)

// stdinName stands for standard input among the files.
const stdinName = "-"

// input is the files of an import.
type input struct {
	*app
	names []string
	size  int64  // of all files, as they are on the disk, or screen.Unknown
	once  string // a pipe among them, which can be read only once
}

// openInput looks at every file before anything is done with the first.
func (a *app) openInput(names []string) (*input, error) {
	in := &input{app: a, names: names}
	stdin := false
	for _, name := range names {
		if name == stdinName && stdin {
			return nil, usagef("standard input (-) is named twice")
		}
		stdin = stdin || name == stdinName
		if err := in.add(name); err != nil {
			return nil, err
		}
	}
	if in.once != "" {
		in.size = screen.Unknown
	}
	return in, nil
}

// add looks at a file. One that can't be read is refused before any is.
func (in *input) add(name string) error {
	if name == stdinName {
		in.once = "standard input"
		return nil
	}
	info, err := os.Stat(name)
	if on := (*fs.PathError)(nil); errors.As(err, &on) {
		return fmt.Errorf("%s: %w", name, on.Err)
	}
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		return fmt.Errorf("%s is a folder; name the files in it", name)
	case !info.Mode().IsRegular():
		in.once = name // to open a pipe waits for whoever writes to it
		return nil
	}
	in.size += info.Size()
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return f.Close()
}

// sources are the files. Read is told of every piece that is read of them, if their size
// is known.
func (in *input) sources(read func(n int)) []bulk.Source {
	sources := make([]bulk.Source, len(in.names))
	for i, name := range in.names {
		sources[i] = bulk.Source{Name: name, Open: func() (io.ReadCloser, error) {
			if name == stdinName {
				return io.NopCloser(in.stdin), nil
			}
			f, err := os.Open(name)
			if err != nil || in.size == screen.Unknown {
				return f, err
			}
			info, err := f.Stat()
			if err != nil {
				return nil, errors.Join(err, f.Close())
			}
			return &countedFile{f, read, info.Size()}, nil
		}}
	}
	return sources
}

// countedFile tells how much was read of a file, from wherever, and never more
// than it has.
type countedFile struct {
	*os.File
	read func(n int)
	left int64 // of its size
}

func (f *countedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.count(n)
	return n, err
}

func (f *countedFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(p, at)
	f.count(n)
	return n, err
}

func (f *countedFile) count(n int) {
	n = int(min(int64(n), f.left))
	f.left -= int64(n)
	f.read(n)
}
