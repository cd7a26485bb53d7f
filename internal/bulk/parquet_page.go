package bulk

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
)

// What the pages of a Parquet file may need. DuckDB writes the largest that are
// known: up to 100 MB a column.
const (
	maxPage      = 128 << 20 // bytes of one page
	maxHeld      = 256 << 20 // of all that are held at a time
	maxHeader    = 1 << 20   // of the header of a page, which may hold two texts
	usualHeader  = 4 << 10
	dictionaryBy = 40 // that a value of a dictionary needs beside its bytes
)

var (
	errPage      = errors.New("a page is damaged")
	errPageShort = errors.New("a page ends too early")
	errPageLarge = fmt.Errorf("its pages need more than %d MiB at a time; write smaller ones", maxHeld>>20)
)

// pageHeader is what a page says of itself.
type pageHeader struct {
	kind                   format.PageType
	compressed, plain      int64 // sizes in bytes
	hasCRC                 bool
	crc                    uint32
	values                 int64
	encoding, levels       format.Encoding
	levelsBytes, repeating int64 // of the second form of data pages
	isPlain                bool  // it is not compressed though its column is
}

// parsePageHeader reads a header and returns its length.
func parsePageHeader(data []byte) (h pageHeader, length int, err error) {
	t := &thrift{data: data}
	h.levels = format.RLE
	err = t.structure(0, func(id int, kind byte) (bool, error) {
		switch {
		case kind == thriftI32 && id <= 4:
			n, err := t.integer()
			switch id {
			case 1:
				h.kind = format.PageType(n)
			case 2:
				h.plain = n
			case 3:
				h.compressed = n
			case 4:
				h.hasCRC, h.crc = true, uint32(n)
			}
			return true, err
		case kind == thriftStruct && (id == 5 || id == 7):
			return true, t.structure(1, h.data(t))
		case kind == thriftStruct && id == 8:
			return true, t.structure(1, h.data2(t))
		}
		return false, nil
	})
	if err == nil && (h.values < 0 || h.plain < 0 || h.compressed < 0 || h.levelsBytes < 0 || h.repeating < 0) {
		err = errPage
	}
	return h, t.pos, err
}

// data reads the header of a data page of the first form, or of a dictionary.
func (h *pageHeader) data(t *thrift) func(id int, kind byte) (bool, error) {
	return func(id int, kind byte) (bool, error) {
		if kind != thriftI32 || id > 3 {
			return false, nil
		}
		n, err := t.integer()
		switch id {
		case 1:
			h.values = n
		case 2:
			h.encoding = format.Encoding(n)
		case 3:
			h.levels = format.Encoding(n)
		}
		return true, err
	}
}

// data2 reads the header of a data page of the second form.
func (h *pageHeader) data2(t *thrift) func(id int, kind byte) (bool, error) {
	return func(id int, kind byte) (bool, error) {
		if id == 7 {
			h.isPlain = kind == thriftFalse
			return false, nil
		}
		if kind != thriftI32 || id > 6 {
			return false, nil
		}
		n, err := t.integer()
		switch id {
		case 1:
			h.values = n
		case 4:
			h.encoding = format.Encoding(n)
		case 5:
			h.levelsBytes = n
		case 6:
			h.repeating = n
		}
		return true, err
	}
}

// pageSource reads the pages of a file, and bounds what they need together.
type pageSource struct {
	in      io.ReaderAt
	scratch []byte // a page as it is in the file
	held    int    // bytes of all pages that are held
	zstd    *zstd.Decoder
}

// header reads the header of the page at an offset, before an end.
func (s *pageSource) header(at, end int64) (h pageHeader, length int64, err error) {
	for _, size := range []int64{usualHeader, maxHeader} {
		window := s.grow(int(min(size, end-at)))
		if _, err := readFullAt(s.in, window, at); err != nil {
			return h, 0, err
		}
		var n int
		h, n, err = parsePageHeader(window)
		if err == nil {
			return h, int64(n), nil
		}
		if err != errThriftShort || int64(len(window)) < size {
			return h, 0, err
		}
	}
	return h, 0, err
}

// body reads what follows a header, into dst.
func (s *pageSource) body(h pageHeader, at, end int64, codec format.CompressionCodec, dst []byte) ([]byte, error) {
	if h.compressed > end-at {
		return nil, errPageShort
	}
	if h.plain > maxPage || h.compressed > maxPage || s.held-cap(dst)+int(h.plain) > maxHeld {
		return nil, errPageLarge
	}
	raw := s.grow(int(h.compressed))
	if _, err := readFullAt(s.in, raw, at); err != nil {
		return nil, err
	}
	if h.hasCRC && crc32.ChecksumIEEE(raw) != h.crc {
		return nil, fmt.Errorf("%w: its checksum is wrong", errPage)
	}
	s.held -= cap(dst)
	if int64(cap(dst)) < h.plain {
		dst = make([]byte, 0, h.plain)
	}
	s.held += cap(dst)
	// Levels of the second form are never compressed.
	levels := h.levelsBytes + h.repeating
	if levels > h.compressed || levels > h.plain {
		return nil, errPage
	}
	dst = append(dst[:0], raw[:levels]...)
	if h.isPlain {
		codec = format.Uncompressed
	}
	return s.decompress(codec, dst, raw[levels:], int(h.plain))
}

// decompress appends to dst what is in raw, up to the size of the whole page.
func (s *pageSource) decompress(codec format.CompressionCodec, dst, raw []byte, size int) ([]byte, error) {
	free := size - len(dst)
	var err error
	switch codec {
	case format.Uncompressed:
		dst = append(dst, raw[:min(free, len(raw))]...)
	case format.Snappy:
		if n, err := snappy.DecodedLen(raw); err != nil || n != free {
			return nil, fmt.Errorf("%w: it is not as long as it says", errPage)
		}
		var plain []byte
		plain, err = snappy.Decode(dst[len(dst):size], raw)
		dst = dst[:len(dst)+len(plain)]
	case format.Gzip:
		dst, err = gunzip(dst, raw, free)
	case format.Zstd:
		if s.zstd == nil {
			s.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecodeAllCapLimit(true))
			if err != nil {
				return nil, err
			}
		}
		dst, err = s.zstd.DecodeAll(raw, dst[:len(dst):size])
	default:
		return nil, fmt.Errorf("it is compressed by %s; accepted are snappy, gzip, zstd and nothing", codec)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %v: %w", errPage, codec, err)
	}
	if len(dst) != size {
		return nil, fmt.Errorf("%w: it is not as long as it says", errPage)
	}
	return dst, nil
}

func gunzip(dst, raw []byte, free int) ([]byte, error) {
	if free == 0 {
		return dst, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	n, err := io.ReadFull(z, dst[len(dst):len(dst)+free])
	return dst[:len(dst)+n], err
}

// grow is the scratch space with a length.
func (s *pageSource) grow(n int) []byte {
	if cap(s.scratch) < n {
		s.scratch = make([]byte, n)
	}
	return s.scratch[:n]
}

func (s *pageSource) close() {
	if s.zstd != nil {
		s.zstd.Close()
	}
}

// readFullAt reads a part of a file that must be there.
func readFullAt(in io.ReaderAt, p []byte, at int64) (int, error) {
	n, err := in.ReadAt(p, at)
	if n == len(p) {
		return n, nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
