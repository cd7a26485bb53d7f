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

// The sizes of a Parquet file's parts. A row group is held in memory, compressed.
const (
	groupBytes = 32 << 20 // of documents: at most 110,000, since the names alone take 300 bytes
	pageBytes  = 256 << 10
)

// parquetWriter writes a table by its columns.
//
// The order of calls is by a time that is no column, so the file names no column
// that it is sorted by. Page and column indexes have the bounds of each page, and
// in the order of calls the times of a page are close together: that is what a
// reader prunes by.
type parquetWriter struct {
	out      *parquet.GenericWriter[any]
	splitter *splitter
	values   values
	row      [1]parquet.Row
	bytes    int // of the row group's documents
}

func newParquetWriter(w io.Writer) *parquetWriter {
	return &parquetWriter{
		out: parquet.NewGenericWriter[any](w,
			parquetSchema(),
			// The version is that of this table and not of a build: equal calls give
			// equal bytes, whoever writes them.
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
	}
}

func (w *parquetWriter) Write(document []byte) error {
	if err := w.splitter.split(document, &w.values); err != nil {
		return err
	}
	row := w.row[0][:0]
	for i, raw := range w.values {
		value, err := parquetValue(i, raw)
		if err != nil {
			return fmt.Errorf("the document %.60q: %w", document, err)
		}
		row = append(row, value)
	}
	w.row[0] = append(row, parquet.ByteArrayValue(document).Level(0, 0, fieldCount))
	if _, err := w.out.WriteRows(w.row[:]); err != nil { // copies the values
		return err
	}
	if w.bytes += len(document); w.bytes < groupBytes {
		return nil
	}
	w.bytes = 0
	return w.out.Flush()
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

func (w *parquetWriter) Close() error { return w.out.Close() }
