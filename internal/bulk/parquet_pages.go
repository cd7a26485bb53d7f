package bulk

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// maxPage is how much memory a page may need. DuckDB writes the largest that are
// known, of up to 100 MB.
const maxPage = 256 << 20

var (
	errPage     = errors.New("a page is damaged")
	errLength   = errors.New("it is not as long as it says")
	errChecksum = errors.New("its checksum is wrong")
	errLarge    = errors.New("it needs more than 256 MiB; write smaller pages")
)

// parquetPages are the decompressed pages of a column of a row group, with headers that say
// so. The library makes room for what a header claims, so the claim is compared with the file
// first; and its own decompression returns zeros for much LZ4_RAW.
type parquetPages struct {
	in      *bufio.Reader
	size    int64 // of all in the file
	codec   format.CompressionCodec
	headers *thrift.Decoder
	raw     []byte
	page    []byte // with its header
	rest    []byte // of page
	passed  int64  // bytes that the library has read
}

func (f *parquetFile) pages(group, column int) (*parquetPages, error) {
	m := &f.chunks[group][column]
	at := m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		at = m.DictionaryPageOffset
	}
	size := m.TotalCompressedSize
	if at < int64(len(parquetMagic)) || size < 0 || size > f.size-at {
		return nil, fmt.Errorf("%w: its pages are not in the file", errParquet)
	}
	if parquet.LookupCompressionCodec(m.Codec).String() == "UNSUPPORTED" {
		return nil, fmt.Errorf("its compression is %v, which callvault does not read; write it with zstd or snappy", m.Codec)
	}
	in := bufio.NewReaderSize(io.NewSectionReader(f.in, at, size), 16<<10)
	headers := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(in))
	return &parquetPages{in: in, size: size, codec: m.Codec, headers: headers}, nil
}

func (p *parquetPages) ReadAt(dst []byte, at int64) (n int, err error) {
	if at != p.passed {
		return 0, errPage
	}
	if len(p.rest) == 0 {
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	n = copy(dst, p.rest)
	p.rest = p.rest[n:]
	p.passed += int64(n)
	return n, nil
}

func (p *parquetPages) next() error {
	var h format.PageHeader
	if err := p.headers.Decode(&h); err != nil {
		return err
	}
	values := int64(h.DataPageHeader.V.NumValues) + int64(h.DataPageHeaderV2.V.NumValues) + int64(h.DictionaryPageHeader.V.NumValues)
	switch {
	case h.CompressedPageSize < 0 || h.UncompressedPageSize < 0 || int64(h.CompressedPageSize) > p.size:
		return errLength
	case int64(h.UncompressedPageSize)+5*values > maxPage: // the library keeps a level and an offset of each value
		return errLarge
	}
	p.raw = append(p.raw[:0], make([]byte, h.CompressedPageSize)...)
	if _, err := io.ReadFull(p.in, p.raw); err != nil {
		return err
	}
	if h.CRC != 0 && crc32.ChecksumIEEE(p.raw) != uint32(h.CRC) {
		return errChecksum
	}
	h.CompressedPageSize, h.CRC = h.UncompressedPageSize, 0
	header, err := thrift.Marshal(new(thrift.CompactProtocol), &h)
	if err != nil {
		return err
	}
	p.page = append(append(p.page[:0], header...), make([]byte, h.UncompressedPageSize)...)
	p.rest = p.page
	return p.decompress(p.page[len(header):], &h.DataPageHeaderV2.V)
}

// decompress fills a page. The levels of a page of the second form are as they are,
// and its values may be.
func (p *parquetPages) decompress(page []byte, v2 *format.DataPageHeaderV2) (err error) {
	levels := int(v2.RepetitionLevelsByteLength) + int(v2.DefinitionLevelsByteLength)
	if levels < 0 || levels > min(len(p.raw), len(page)) {
		return errLength
	}
	copy(page, p.raw[:levels])
	raw, plain := p.raw[levels:], page[levels:]
	n := len(raw)
	switch {
	case p.codec == format.Uncompressed || v2.IsCompressed.Valid && !v2.IsCompressed.V || len(plain) == 0:
		copy(plain, raw)
	case p.codec == format.Lz4Raw: // the library's codec never ends over what is damaged
		n, err = lz4.UncompressBlock(raw, plain)
	default:
		var data []byte
		data, err = parquet.LookupCompressionCodec(p.codec).Decode(plain, raw)
		n = len(data)
		copy(plain, data)
	}
	if err == nil && n != len(plain) {
		err = errLength
	}
	return err
}

// damaged is the error of a page that cannot be read.
func damaged(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends too early", errPage)
	}
	return fmt.Errorf("%w: %w", errPage, err)
}
