package bulk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync/atomic"
)

// Stdin stands for standard input among the names of files.
const Stdin = "-"

// ErrStdinTwice is returned for a list of files that has standard input twice.
var ErrStdinTwice = errors.New("standard input (-) is named twice; name it once")

// Files are the files of an import.
type Files struct {
	Size    int64 // of all, as they are on the disk, or -1 if one is a pipe
	HasPipe bool  // one may never end

	names []string
	stdin io.Reader
	read  atomic.Int64 // bytes, in this pass
}

// OpenFiles looks at every file before anything is done with the first, and refuses those
// that can't be read.
func OpenFiles(names []string, stdin io.Reader) (*Files, error) {
	files := &Files{names: names, stdin: stdin}
	for i, name := range names {
		switch {
		case name == Stdin && slices.Contains(names[:i], name):
			return nil, ErrStdinTwice
		case name == Stdin:
			files.HasPipe = true
		default:
			if err := files.add(name); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if files.HasPipe {
		files.Size = -1
	}
	return files, nil
}

func (files *Files) add(name string) error {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return errors.New("it is a folder; name the files in it")
	case err == nil && !info.Mode().IsRegular():
		files.HasPipe = true // opening it waits for its writer
		return nil
	case err == nil:
		files.Size += info.Size()
		var f *os.File
		if f, err = os.Open(name); err == nil {
			return f.Close()
		}
	}
	if on := (*fs.PathError)(nil); errors.As(err, &on) {
		return on.Err
	}
	return err
}

// Read is how many bytes were read of the files in this pass.
func (files *Files) Read() int64 { return files.read.Load() }

// Sources are the files for another pass. Read is told how many bytes were read.
func (files *Files) Sources(read func(bytes int64)) []Source {
	files.read.Store(0)
	sources := make([]Source, len(files.names))
	for i, name := range files.names {
		sources[i] = Source{Name: name, Open: func() (io.ReadCloser, error) {
			if name == Stdin {
				return io.NopCloser(files.stdin), nil
			}
			f, err := os.Open(name)
			return &countedFile{f, func(n int) { read(files.read.Add(int64(n))) }}, err
		}}
	}
	return sources
}

// countedFile tells how much was read of a file, from wherever.
type countedFile struct {
	*os.File
	read func(n int)
}

func (f *countedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.read(n)
	return n, err
}

func (f *countedFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(p, at)
	f.read(n)
	return n, err
}
