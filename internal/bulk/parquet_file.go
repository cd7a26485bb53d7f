package bulk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	parquetthrift "github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// parquetMagic begins a Parquet file, and ends it.
const parquetMagic = "PAR1"

// maxFooter is the largest footer that is read, in bytes: what tens of thousands of
// columns of row groups take.
const maxFooter = 16 << 20

var errParquet = errors.New("not a whole Parquet file")

// parquetFile is a Parquet file of flat columns.
//
// The library that writes them is not what reads them: it takes what a page says
// of itself for granted and makes room for it, gigabytes where a byte is wrong.
// Here one value is read at a time, and what must be held is bounded.
type parquetFile struct {
	meta    format.FileMetaData
	columns []*parquetColumn
	source  *pageSource

	group int   // the next row group
	left  int64 // rows of the one before it
}

// openParquet reads the footer of a file.
func openParquet(in io.ReaderAt, size int64) (*parquetFile, error) {
	f := &parquetFile{source: &pageSource{in: in}}
	footer, err := readFooter(in, size)
	if err != nil {
		return nil, err
	}
	t := &thrift{data: footer}
	if err := t.structure(0, nil); err != nil {
		return nil, fmt.Errorf("%w: %w", errParquet, err)
	}
	// What it comes to is bounded now, by the number of its parts.
	if err := parquetthrift.Unmarshal(new(parquetthrift.CompactProtocol), footer[:t.pos], &f.meta); err != nil {
		return nil, fmt.Errorf("%w: %w: %w", errParquet, errThrift, err)
	}
	if err := f.readSchema(); err != nil {
		return nil, err
	}
	return f, f.checkGroups(size)
}

func readFooter(in io.ReaderAt, size int64) ([]byte, error) {
	const tail = 8 // the length of the footer, and the magic
	if size < int64(len(parquetMagic)+tail) {
		return nil, fmt.Errorf("%w: it ends too early", errParquet)
	}
	var end [tail]byte
	if _, err := readFullAt(in, end[:], size-tail); err != nil {
		return nil, err
	}
	switch string(end[4:]) {
	case parquetMagic:
	case "PARE":
		return nil, fmt.Errorf("%w: it is encrypted", errParquet)
	default:
		return nil, fmt.Errorf("%w: it does not end as one; it may have been cut off", errParquet)
	}
	n := int64(binary.LittleEndian.Uint32(end[:]))
	if n > maxFooter {
		return nil, fmt.Errorf("its metadata has %d bytes; at most %d are read", n, maxFooter)
	}
	if n > size-tail-int64(len(parquetMagic)) {
		return nil, fmt.Errorf("%w: %w", errParquet, errThriftShort)
	}
	footer := make([]byte, n)
	_, err := readFullAt(in, footer, size-tail-n)
	return footer, err
}

// readSchema makes the columns.
func (f *parquetFile) readSchema() error {
	if len(f.meta.Schema) < 2 {
		return fmt.Errorf("%w: it has no columns", errParquet)
	}
	for i := range f.meta.Schema[1:] {
		e := &f.meta.Schema[1+i]
		isNested := e.NumChildren.Valid && e.NumChildren.V > 0 || !e.Type.Valid
		if isNested || e.RepetitionType.Valid && e.RepetitionType.V == format.Repeated {
			return fmt.Errorf("the column %.40q is nested: a list, a map or a structure; accepted are flat columns: leave it out, or make it text", e.Name)
		}
		for _, other := range f.columns {
			if other.name == e.Name {
				return fmt.Errorf("the column %.40q is there twice", e.Name)
			}
		}
		f.columns = append(f.columns, &parquetColumn{
			name:       e.Name,
			kind:       e.Type.V,
			isOptional: e.RepetitionType.Valid && e.RepetitionType.V == format.Optional,
			source:     f.source,
		})
	}
	return nil
}

// checkGroups sees to it that every part of every column is within the file.
func (f *parquetFile) checkGroups(size int64) error {
	for i := range f.meta.RowGroups {
		g := &f.meta.RowGroups[i]
		if len(g.Columns) != len(f.columns) || g.NumRows < 0 {
			return fmt.Errorf("%w: row group %d does not have the columns of the schema", errParquet, i+1)
		}
		for j := range g.Columns {
			m := &g.Columns[j].MetaData
			if g.Columns[j].FilePath != "" || g.Columns[j].CryptoMetadata.Value != nil {
				return fmt.Errorf("the column %.40q is in another file or encrypted, which is not read", f.columns[j].name)
			}
			at, end := span(m)
			if m.Type != f.columns[j].kind || at < int64(len(parquetMagic)) || end < at || end > size {
				return fmt.Errorf("%w: the column %.40q of row group %d is not within it", errParquet, f.columns[j].name, i+1)
			}
		}
	}
	return nil
}

// nextRow makes sure that there is a next row: then each column has its value. It
// is io.EOF at the end.
func (f *parquetFile) nextRow() error {
	for f.left == 0 {
		if f.group == len(f.meta.RowGroups) {
			return io.EOF
		}
		g := &f.meta.RowGroups[f.group]
		for i, c := range f.columns {
			c.begin(&g.Columns[i].MetaData)
		}
		f.left = g.NumRows
		f.group++
	}
	f.left--
	return nil
}
