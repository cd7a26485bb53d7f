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
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Draft is a file that is being written. A pipe, a device or an open file is written
// directly, without a draft.
type Draft struct {
	out    *os.File
	part   *part       // nil for what is written directly
	target string      // the name that Commit gives it
	old    fs.FileInfo // of the file that it replaces, or nil
	reveal func(part, target string) error
}

// Create begins a file that replaces the one at path, if there is one. It returns an
// error before anything is written if that file can't or may not be replaced. Opening a
// pipe waits for a reader until the context is done.
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

// CreateNew begins a new file. It returns fs.ErrExist if there is a file at path, and so
// does Commit if another process has made one since.
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

// Temporary begins a file in the folder for temporary files. It is read by its name
// Part, and Discard removes it.
func Temporary() (*Draft, error) {
	return place{target: filepath.Join(os.TempDir(), "temporary")}.begin(os.Rename)
}

// existsError is an fs.ErrExist.
type existsError struct{ path string }

func (e *existsError) Error() string {
	return e.path + " already exists and is not overwritten; name another file"
}
func (e *existsError) Unwrap() error { return fs.ErrExist }

// Write replaces the file at path with what write writes. If write fails, the file stays
// as it was.
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

// Part is the name of the draft, for a library that opens files by name. It is empty for
// what is written directly.
func (d *Draft) Part() string {
	if d.part == nil {
		return ""
	}
	return d.part.name(partSuffix)
}

// Target is the name that Commit gives the file: the path, or the target of the link at
// the path.
func (d *Draft) Target() string { return d.target }

// Replaces tells whether there was a file of this name when the draft was begun.
func (d *Draft) Replaces() bool { return d.old != nil }

// Commit syncs the file to the disk and gives it its name.
func (d *Draft) Commit() error {
	if d.part == nil {
		return d.close()
	}
	if d.old != nil {
		keepAccess(d.out, d.target, d.old)
	}
	return d.commit(d.target, d.reveal)
}

// CommitAs is Commit with another name in the same folder. It replaces a file of that name.
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
	_ = d.part.remove() // a sweep removes what is left
	d.part = nil
	return syncFolder(filepath.Dir(target))
}

// mustBeThere returns an error if somebody removed the draft or put another file, which
// everybody may be able to read, in its place.
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

// Discard removes an unfinished file. After Commit it does nothing.
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

// named is an error with the name of the file instead of the draft's.
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

// openStream opens what is written directly.
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
	case <-ctx.Done(): // perhaps nobody ever reads from the pipe
		return nil, ctx.Err()
	}
}

// renameNew renames a file unless there is one of the new name.
func renameNew(part, target string) error {
	err := os.Link(part, target)
	if err == nil {
		return nil // the draft's own name is removed with its lock
	}
	// Where a file system has no links, two processes may replace each other's file.
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
