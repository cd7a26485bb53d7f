package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/file"
)

// stdinName stands for standard input among the files.
const stdinName = "-"

// input is the files of an import.
type input struct {
	files  []inputFile
	size   int64 // of all files, as they are on the disk; -1 when it isn't known
	copies []*file.Draft
}

type inputFile struct {
	name string
	open func() (io.ReadCloser, error)
	once bool // a pipe: it can be read only once
}

// openInput looks at every file before anything is done with the first.
func (a *app) openInput(names []string) (*input, error) {
	in := &input{}
	stdin := false
	for _, name := range names {
		if name == stdinName {
			if stdin {
				return nil, usagef("standard input (-) is named twice")
			}
			stdin = true
			in.grow(a.stdinInfo())
			in.files = append(in.files, inputFile{name, func() (io.ReadCloser, error) { return io.NopCloser(a.stdin), nil }, true})
			continue
		}
		if err := in.add(name); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// add adds a file. One that can't be read is refused before any is.
func (in *input) add(name string) error {
	info, err := os.Stat(name)
	if on := (*fs.PathError)(nil); errors.As(err, &on) {
		return fmt.Errorf("%s: %w", name, on.Err)
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a folder; name the files in it", name)
	}
	in.grow(info)
	added := inputFile{name, func() (io.ReadCloser, error) { return os.Open(name) }, !info.Mode().IsRegular()}
	in.files = append(in.files, added)
	if added.once { // to open a pipe waits for whoever writes to it
		return nil
	}
	f, err := added.open()
	if err != nil {
		return err
	}
	return f.Close()
}

// grow adds the size of a file; a nil one has no size to be known.
func (in *input) grow(info fs.FileInfo) {
	switch {
	case info == nil || !info.Mode().IsRegular():
		in.size = -1
	case in.size >= 0:
		in.size += info.Size()
	}
}

// stdinInfo is what is known of standard input, which may be a file.
func (a *app) stdinInfo() fs.FileInfo {
	f, ok := a.stdin.(*os.File)
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	return info
}

// keep copies what can be read only once to temporary files, so that it can be
// read twice.
func (in *input) keep(ctx context.Context) error {
	for i := range in.files {
		from := &in.files[i]
		if !from.once {
			continue
		}
		to, err := file.Temporary()
		if err != nil {
			return fmt.Errorf("keep %s: %w", from.name, err)
		}
		in.copies = append(in.copies, to)
		if err := copyTo(ctx, to.Part(), from.open); err != nil {
			return fmt.Errorf("keep %s: %w", from.name, err)
		}
		from.open = func() (io.ReadCloser, error) { return os.Open(to.Part()) }
		from.once = false
	}
	return nil
}

func copyTo(ctx context.Context, path string, open func() (io.ReadCloser, error)) (err error) {
	from, err := open()
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	copied := make(chan error, 1)
	go func() {
		_, err := io.Copy(to, from)
		copied <- err
	}()
	select {
	case err := <-copied:
		return err
	case <-ctx.Done(): // a pipe may never say anything again
		return ctx.Err()
	}
}

// close removes the copies.
func (in *input) close() error {
	var errs []error
	for _, made := range in.copies {
		errs = append(errs, made.Discard())
	}
	return errors.Join(errs...)
}

// sources are the files with read told of every piece that is read of them.
func (in *input) sources(read func(n int)) []bulk.Source {
	sources := make([]bulk.Source, len(in.files))
	for i, file := range in.files {
		sources[i] = bulk.Source{Name: file.name, Open: func() (io.ReadCloser, error) {
			f, err := file.open()
			if err != nil {
				return nil, err
			}
			if onDisk, ok := f.(*os.File); ok {
				return newCountedFile(onDisk, read), nil
			}
			return &countedPipe{f, read}, nil
		}}
	}
	return sources
}

// countedPipe tells how much was read of a source that has no size.
type countedPipe struct {
	io.ReadCloser
	read func(n int)
}

func (f *countedPipe) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	f.read(n)
	return n, err
}

// countedFile tells how much was read of a file, from wherever, and never more
// than it has.
type countedFile struct {
	*os.File
	read func(n int)
	left int64 // of its size
}

func newCountedFile(f *os.File, read func(n int)) *countedFile {
	counted := &countedFile{File: f, read: read, left: math.MaxInt64}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		counted.left = info.Size()
	}
	return counted
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
