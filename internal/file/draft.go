// Package file writes files whole or not at all.
//
// A file is written as a draft, in the folder of the file that it will be and
// under a hidden name, and gets its own name when it is complete and on the disk.
// A link is followed, so that its target is replaced and not the link; what is
// replaced keeps its mode, and its owner and group as far as the writer may give
// them. A new file is for its owner alone: calls are confidential.
//
// What a killed process leaves is removed by the next one that writes in the
// folder: see Sweep.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Draft is a file that is being written. What is not a regular file, such as a pipe
// or a device, has no draft: it is written as it is.
type Draft struct {
	out    *os.File
	part   *part       // nil for what is written as it is
	target string      // the name that it gets
	old    fs.FileInfo // of the file that it replaces; nil for none
	reveal func(part, target string) error
}

// Create begins a file that takes the place of the one at path, if there is one.
// It refuses what can't or may not be replaced, before anything is written. To
// open a pipe waits for whoever reads from it, until the context is done.
func Create(ctx context.Context, path string) (*Draft, error) {
	p, err := look(path)
	if err != nil {
		return nil, err
	}
	if p.isStream {
		out, err := openStream(ctx, p.target)
		if err != nil {
			return nil, err
		}
		return &Draft{out: out, target: path}, nil
	}
	if p.old != nil {
		if err := mayReplace(p.target, p.old); err != nil {
			return nil, err
		}
	}
	return p.begin(os.Rename)
}

// CreateNew begins a file at a path where there is none. The error is fs.ErrExist
// where there is one, and so is that of Commit where there is one by then.
func CreateNew(path string) (*Draft, error) {
	p, err := look(path)
	if err != nil {
		return nil, err
	}
	if p.isStream || p.old != nil {
		return nil, &existsError{path}
	}
	return p.begin(renameNew)
}

// Temporary begins a file that gets no name: it is in the folder of temporary files,
// for a library that reads it by Part, until Discard.
func Temporary() (*Draft, error) {
	return place{target: filepath.Join(os.TempDir(), "temporary")}.begin(os.Rename)
}

// existsError is an fs.ErrExist.
type existsError struct{ path string }

func (e *existsError) Error() string { return e.path + " is there already, and is not overwritten" }
func (e *existsError) Unwrap() error { return fs.ErrExist }

// Write writes a file, which appears under its name when write returns nil.
func Write(ctx context.Context, path string, write func(io.Writer) error) (err error) {
	d, err := Create(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Discard()) }()
	if err := write(d); err != nil {
		return err
	}
	return d.Commit()
}

// Write adds to the file.
func (d *Draft) Write(p []byte) (int, error) {
	n, err := d.out.Write(p)
	return n, d.named(err)
}

// Part is the name that the file has until it is complete, for a library that opens
// files by name. It is empty for what is written as it is.
func (d *Draft) Part() string {
	if d.part == nil {
		return ""
	}
	return d.part.name(partSuffix)
}

// Target is the name that Commit gives the file: the path it was begun with, or
// what that leads to.
func (d *Draft) Target() string { return d.target }

// Replaces tells whether there was a file of this name when it was begun.
func (d *Draft) Replaces() bool { return d.old != nil }

// Commit gives the file its name, when it is on the disk.
func (d *Draft) Commit() error {
	if d.part == nil {
		return d.close()
	}
	if d.old != nil {
		keepAccess(d.out, d.target, d.old)
	}
	return d.commit(d.target, d.reveal)
}

// CommitAs gives the file another name in its folder, in the place of what has it.
func (d *Draft) CommitAs(path string) error {
	if d.part == nil {
		return d.close()
	}
	return d.commit(path, os.Rename)
}

func (d *Draft) commit(target string, reveal func(part, target string) error) (err error) {
	defer func() { err = errors.Join(err, d.Discard()) }()
	err = errors.Join(d.mustBeThere(), d.out.Sync(), d.close()) // Windows renames no open file
	if err == nil {
		err = reveal(d.Part(), target)
	}
	if err != nil {
		return d.named(err)
	}
	_ = d.part.remove() // it has its name; what can't be removed is for a sweep
	d.part = nil
	return syncFolder(filepath.Dir(target))
}

// mustBeThere refuses a draft whose name another file has by now: it may be for
// all to read.
func (d *Draft) mustBeThere() error {
	begun, err := d.out.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Lstat(d.Part()); err != nil || !os.SameFile(begun, there) {
		return fmt.Errorf("%s was not written: its unfinished file was removed meanwhile", d.target)
	}
	return nil
}

// Discard removes a file that did not become complete. After Commit it does
// nothing.
func (d *Draft) Discard() error {
	err := d.close()
	if d.part != nil {
		err = errors.Join(err, d.part.remove())
		d.part = nil
	}
	return err
}

func (d *Draft) close() error {
	if d.out == nil {
		return nil
	}
	err := d.out.Close()
	d.out = nil
	return err
}

// named is an error with the name that people know the file by.
func (d *Draft) named(err error) error { return named(err, d.target) }

func named(err error, target string) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &fs.PathError{Op: "write", Path: target, Err: errFull{err}}
	}
	if because := reason(err); because != err {
		return &fs.PathError{Op: "write", Path: target, Err: because}
	}
	return err
}

// errFull says what ENOSPC means.
type errFull struct{ error }

func (e errFull) Error() string { return "its disk is full (" + reason(e.error).Error() + ")" }
func (e errFull) Unwrap() error { return e.error }

// reason is what the system said, without the name of the file that it said it of.
func reason(err error) error {
	if on := (*fs.PathError)(nil); errors.As(err, &on) {
		return on.Err
	}
	if on := (*os.LinkError)(nil); errors.As(err, &on) {
		return on.Err
	}
	return err
}

// openStream opens what is written as it is.
func openStream(ctx context.Context, path string) (*os.File, error) {
	if fd, ok := ownHandle(path); ok {
		return duplicate(fd, path)
	}
	type result struct {
		f   *os.File
		err error
	}
	opened := make(chan result, 1)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		opened <- result{f, err}
	}()
	select {
	case r := <-opened:
		return r.f, r.err
	case <-ctx.Done(): // nobody may ever read from a pipe
		return nil, ctx.Err()
	}
}

// renameNew renames a file unless there is one of the new name.
func renameNew(part, target string) error {
	err := os.Link(part, target)
	if err == nil {
		return nil // the other name is removed with the draft
	}
	// Not every file system has links. Two at once may replace each other there.
	if _, err := os.Lstat(target); err == nil {
		return &existsError{target}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(part, target)
}

// syncFolder makes the names in a folder durable, where a system can.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil // it may be written to and not read
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
