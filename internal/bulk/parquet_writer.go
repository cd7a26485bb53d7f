package bulk

import (
	"fmt"
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// The sizes of a Parquet file's parts. A row group is held in memory, compressed,
// until it is written; the rows before the next pages are held as they are.
const (
	groupBytes = 32 << 20 // of documents: at most 110,000, since the names alone take 300 bytes
	heldRows   = 1000
	heldBytes  = 256 << 10
	pageBytes  = 256 << 10
)

// documentIndex is the number of the column document, after the names.
const documentIndex = fieldCount + 2

// parquetWriter writes a table by its columns. The file names no column as sorted, because the
// time that orders calls has no column. But the times of a page are close together, and the
// indexes have the bounds of each page, so readers can skip pages.
type parquetWriter struct {
	out      *parquet.GenericWriter[any]
	splitter *splitter
	names    callvault.EntryNames
	values   values

	held    []byte                             // documents of rows that are in columns
	columns [documentIndex + 1][]parquet.Value // of these rows
	bytes   int                                // of the row group's documents
}

func newParquetWriter(w io.Writer, names callvault.EntryNames) *parquetWriter {
	return &parquetWriter{
		out: parquet.NewGenericWriter[any](w,
			parquetSchema(),
			// The version is the table's and not the build's, so that equal calls give
			// equal bytes in every build.
			parquet.CreatedBy("callvault", "1", "0"),
			parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1}),
			parquet.DataPageVersion(1),
			// They would repeat what the column index has, and whole texts with it.
			parquet.DataPageStatistics(false),
			parquet.PageBufferSize(pageBytes),
			// Buffers that grow in pieces, and are this writer's own.
			parquet.ColumnPageBuffers(parquet.NewChunkBufferPool(pageBytes)),
			parquet.WriteBufferSize(writeSize),
		),
		splitter: newSplitter(),
		names:    names,
		held:     make([]byte, 0, heldBytes),
	}
}

func (w *parquetWriter) Write(document []byte) error {
	if len(w.columns[0]) == heldRows || len(w.held) > 0 && len(w.held)+len(document) > heldBytes {
		if err := w.flush(); err != nil {
			return err
		}
	}
	// What is held does not move: values are parts of it.
	w.held = append(w.held, document...)
	document = w.held[len(w.held)-len(document):]
	if err := w.splitter.split(document, &w.values); err != nil {
		return err
	}
	for i, raw := range w.values {
		value, err := parquetValue(i, raw)
		if err != nil {
			return fmt.Errorf("the document %.60q: %w", document, err)
		}
		w.columns[i] = append(w.columns[i], value)
	}
	for i, name := range w.values.names(w.names) {
		value, definition := parquet.NullValue(), 0
		if name != "" {
			value, definition = parquet.ByteArrayValue([]byte(name)), 1
		}
		w.columns[fieldCount+i] = append(w.columns[fieldCount+i], value.Level(0, definition, fieldCount+i))
	}
	w.columns[documentIndex] = append(w.columns[documentIndex], parquet.ByteArrayValue(document).Level(0, 0, documentIndex))
	w.bytes += len(document)
	if w.bytes < groupBytes {
		return nil
	}
	return w.endGroup()
}

// parquetValue is the value of the contract's field with a number.
func parquetValue(field int, raw []byte) (v parquet.Value, err error) {
	definition := 1
	switch {
	case raw == nil:
		definition = 0
	case field == durationField:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return v, errDocument
		}
		v = parquet.Int64Value(n)
	case field == privateField:
		v = parquet.BooleanValue(raw[0] == 't')
	case raw[0] != '"':
		return v, errDocument
	case field == scheduledField || field == startedField:
		t, err := gong.ParseTime(string(raw[1 : len(raw)-1]))
		if err != nil {
			return v, errDocument
		}
		v = parquet.Int64Value(int64(callvault.FloorTime(t.Instant())))
	default:
		v = parquet.ByteArrayValue(unquote(raw))
	}
	if field == idField { // which every call has
		definition = 0
	}
	return v.Level(0, definition, field), nil
}

// flush hands the rows that are held to the columns, which copy them.
func (w *parquetWriter) flush() error {
	for i, column := range w.out.ColumnWriters() {
		if _, err := column.WriteRowValues(w.columns[i]); err != nil {
			return err
		}
		w.columns[i] = w.columns[i][:0]
	}
	w.held = w.held[:0]
	return nil
}

// endGroup writes the row group.
func (w *parquetWriter) endGroup() error {
	if err := w.flush(); err != nil {
		return err
	}
	w.bytes = 0
	return w.out.Flush()
}

func (w *parquetWriter) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.out.Close()
}
