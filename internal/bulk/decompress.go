package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is the largest window of zstd that is read: what all levels but the
// --ultra ones make, and more would not fit the memory of an import.
const maxWindow = 8 << 20

// ErrDamaged is returned for compressed data that fails its checksum. What was read
// before may be damaged too.
var ErrDamaged = errors.New("the compressed data is damaged")

var (
	errWindow   = errors.New("it was compressed with a window of more than 8 MiB (--long or --ultra): pipe it through 'zstd -dc'")
	errCut      = errors.New("the file was cut off, or is still being written")
	errTrailing = errors.New("something else follows the compressed data")
)

const (
	gzipMagic = "\x1f\x8b"
	zstdMagic = "\x28\xb5\x2f\xfd"
	zstdSkips = "\x2a\x4d\x18" // bytes 2 to 4 of a skippable frame, which pzstd writes
)

// unpacked is the content of a source, decompressed.
type unpacked struct {
	in     io.Reader
	format string // gzip, zstd, or empty
	source *witness
	close  func()
	empty  bool // the source has no bytes
}

// unpack looks at the first bytes of a source.
func unpack(source io.Reader) (*unpacked, error) {
	u := &unpacked{source: &witness{in: source}, close: func() {}}
	buffered := bufio.NewReaderSize(u.source, 64<<10)
	// A short source is handled below.
	magic, err := buffered.Peek(len(zstdMagic))
	if err != nil && err != io.EOF {
		return nil, err
	}
	u.in, u.empty = buffered, len(magic) == 0
	switch text := string(magic); {
	case bytes.HasPrefix(magic, []byte(gzipMagic)):
		u.format = "gzip"
		members := &members{buffered: buffered}
		u.in = members
		if err = members.next(); err == gzip.ErrHeader {
			err = ErrDamaged
		}
	case text == zstdMagic, len(text) == 4 && text[0]&0xf0 == 0x50 && text[1:] == zstdSkips:
		u.format = "zstd"
		var z *zstd.Decoder
		z, err = zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err == nil {
			u.in, u.close = z, z.Close
		}
	default:
		return u, nil
	}
	if err != nil {
		return nil, u.named(err)
	}
	return u, nil
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.in.Read(p)
	if err != nil && err != io.EOF && u.format != "" {
		err = u.named(err)
	}
	return n, err
}

// named adds the name of the format to an error.
func (u *unpacked) named(err error) error {
	switch {
	case u.source.err != nil:
		return u.source.err
	case errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF:
		err = errCut
	case errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded):
		err = errWindow
	case errors.Is(err, gzip.ErrHeader) || errors.Is(err, zstd.ErrMagicMismatch):
		err = errTrailing
	default:
		err = ErrDamaged
	}
	return fmt.Errorf("%s: %w", u.format, err)
}

// members reads the members of a gzip file one by one: gzip.Reader alone takes a few
// bytes behind the last for a member that was cut off.
type members struct {
	buffered *bufio.Reader
	gzip.Reader
}

func (m *members) next() error {
	err := m.Reset(m.buffered)
	m.Multistream(false)
	return err
}

func (m *members) Read(p []byte) (int, error) {
	for {
		n, err := m.Reader.Read(p)
		switch {
		case err != io.EOF:
			return n, err
		case n > 0:
			return n, nil
		}
		magic, err := m.buffered.Peek(len(gzipMagic))
		switch {
		case len(magic) == 0:
			return 0, err
		case !strings.HasPrefix(gzipMagic, string(magic)):
			return 0, gzip.ErrHeader
		}
		if err := m.next(); err != nil {
			return 0, err
		}
	}
}

// witness remembers an error of the source itself, such as a failing disk.
type witness struct {
	in  io.Reader
	err error
}

func (w *witness) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}
