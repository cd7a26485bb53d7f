package bulk

import (
	"context"
	"io"
	"io/fs"
	"os"
)

// parquetSource is a file that can be read from anywhere, such as an *os.File. What
// a Source opens need not be one.
type parquetSource interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// isParquet tells whether a file is Parquet, and may be read as it is: a pipe may
// not.
func isParquet(f parquetSource) bool {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	var magic [len(parquetMagic)]byte
	_, err = readFullAt(f, magic[:], 0)
	return err == nil && string(magic[:]) == parquetMagic
}

// newFileReader reads Parquet from where it is, until ctx is done.
func newFileReader(ctx context.Context, f parquetSource) (*Reader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	r, err := newParquetReader(until{ctx, f}, info.Size())
	if err != nil {
		return nil, err
	}
	return r.reader(), nil
}

// newSpooledReader copies Parquet to a temporary file and reads it from there.
func newSpooledReader(in io.Reader) (*Reader, error) {
	file, err := os.CreateTemp("", "callvault-import-")
	if err != nil {
		return nil, err
	}
	remove := func() {
		file.Close()
		os.Remove(file.Name())
	}
	size, err := io.Copy(file, in)
	if err != nil {
		remove()
		return nil, err
	}
	r, err := newParquetReader(file, size)
	if err != nil {
		remove()
		return nil, err
	}
	reader := r.reader()
	reader.close = func() { r.close(); remove() }
	return reader, nil
}

func (r *parquetReader) reader() *Reader {
	return &Reader{Unknown: unknownColumns(r.names()), read: r.read, close: r.close, left: func() []string { return nil }}
}

// until reads from a file as long as it is wanted.
type until struct {
	ctx context.Context
	io.ReaderAt
}

func (u until) ReadAt(p []byte, at int64) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.ReaderAt.ReadAt(p, at)
}
