package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is the largest window of zstd that is read: what all levels but the
// --ultra ones make, and more would not fit the memory of an import.
const maxWindow = 8 << 20

var errWindow = errors.New("it was compressed with a window of more than 8 MiB (--long or --ultra): pipe it through 'zstd -dc'")

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// decompress returns what is in a source, by its first bytes. Done is called
// when nothing more is read.
func decompress(source io.Reader) (in io.Reader, done func(), err error) {
	buffered := bufio.NewReaderSize(source, 64<<10)
	// A short source is no error here.
	magic, err := buffered.Peek(len(zstdMagic))
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(magic, gzipMagic):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, nil, fmt.Errorf("gzip: %w", err)
		}
		return named{"gzip", z}, func() { z.Close() }, nil
	case bytes.HasPrefix(magic, zstdMagic):
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, fmt.Errorf("zstd: %w", err)
		}
		return named{"zstd", z}, z.Close, nil
	}
	return buffered, func() {}, nil
}

// named puts the name of the format before its errors.
type named struct {
	format string
	in     io.Reader
}

func (n named) Read(p []byte) (int, error) {
	read, err := n.in.Read(p)
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded):
		err = fmt.Errorf("%s: %w", n.format, errWindow)
	case err != nil && err != io.EOF:
		err = fmt.Errorf("%s: %w", n.format, err)
	}
	return read, err
}
