package bulk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// parquetMagic begins a Parquet file, and ends it.
const parquetMagic = "PAR1"

var errParquet = errors.New("the Parquet file is damaged or incomplete")

// parquetFile is a file that the library decodes. The library is told that its pages
// are not compressed, and gets them from parquetPages.
type parquetFile struct {
	*parquet.File
	in     io.ReaderAt
	size   int64
	chunks [][]format.ColumnMetaData // of each row group, by its columns
}

func openParquet(in io.ReaderAt, size int64) (*parquetFile, error) {
	meta, err := readMetadata(in, size)
	if err != nil {
		return nil, err
	}
	f := &parquetFile{in: in, size: size}
	for i := range meta.RowGroups {
		var chunks []format.ColumnMetaData
		for j := range meta.RowGroups[i].Columns {
			m := &meta.RowGroups[i].Columns[j].MetaData
			chunks = append(chunks, *m)
			m.Codec, m.DataPageOffset, m.DictionaryPageOffset, m.TotalCompressedSize = format.Uncompressed, 0, 0, 1<<62
		}
		f.chunks = append(f.chunks, chunks)
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &meta)
	if err != nil {
		return nil, err
	}
	file := append([]byte(parquetMagic), footer...)
	file = append(binary.LittleEndian.AppendUint32(file, uint32(len(footer))), parquetMagic...)
	f.File, err = parquet.OpenFile(bytes.NewReader(file), int64(len(file)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("%w: its metadata can't be read", errParquet)
	}
	return f, nil
}

// readMetadata reads what stands at the end of a file.
func readMetadata(in io.ReaderAt, size int64) (meta format.FileMetaData, err error) {
	var end [8]byte // its length, and the magic
	before := size - int64(len(end))
	if before < int64(len(parquetMagic)) {
		return meta, fmt.Errorf("%w: it ends too early", errParquet)
	}
	if err := readAt(in, end[:], before); err != nil {
		return meta, err
	}
	length := int64(binary.LittleEndian.Uint32(end[:]))
	switch magic := string(end[4:]); {
	case magic == "PARE":
		return meta, errors.New("the Parquet file is encrypted; write it without encryption")
	case magic != parquetMagic:
		return meta, fmt.Errorf("%w: its end is missing", errParquet)
	case length > before-int64(len(parquetMagic)):
		return meta, fmt.Errorf("%w: its metadata is longer than the file", errParquet)
	}
	footer := make([]byte, length)
	if err := readAt(in, footer, before-length); err != nil {
		return meta, err
	}
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), footer, &meta); err != nil {
		return meta, fmt.Errorf("%w: its metadata can't be read", errParquet)
	}
	return meta, nil
}

// readAt reads a part of a file that must be there.
func readAt(in io.ReaderAt, p []byte, at int64) error {
	n, err := in.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	return err
}

// values are those of a column of a row group.
func (f *parquetFile) values(group, column int) (parquet.ValueReader, error) {
	pages, err := f.pages(group, column)
	if err != nil {
		return nil, err
	}
	chunk := f.RowGroups()[group].ColumnChunks()[column].(*parquet.FileColumnChunk)
	return parquet.NewColumnChunkValueReader(plainChunk{chunk, pages}), nil
}

// plainChunk is a column of a row group whose pages come from elsewhere.
type plainChunk struct {
	*parquet.FileColumnChunk
	pages io.ReaderAt
}

func (c plainChunk) Pages() parquet.Pages { return c.PagesFrom(c.pages) }

// guarded calls the library, which panics over some damaged files.
func guarded(call func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("%w: its parts contradict each other", errParquet)
		}
	}()
	return call()
}
