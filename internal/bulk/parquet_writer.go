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
	groupRows  = 100_000
	groupBytes = 64 << 20 // of documents
	heldRows   = 1000
	heldBytes  = 256 << 10
	pageBytes  = 256 << 10
)

// parquetRow is the table: its columns are in the order of the contract, and
// document is the last. A time is an instant here, of whole microseconds, floored;
// what was sent, with its offset and its digits, is in the document.
//
// Encodings and pages are those that every reader knows.
type parquetRow struct {
	ID              string  `parquet:"id,plain"`
	URL             *string `parquet:"url,optional,plain"`
	Title           *string `parquet:"title,optional,plain"`
	Scheduled       *int64  `parquet:"scheduled,optional,timestamp(microsecond),plain"`
	Started         *int64  `parquet:"started,optional,timestamp(microsecond),plain"`
	Duration        *int64  `parquet:"duration,optional,plain"`
	PrimaryUserID   *string `parquet:"primaryUserId,optional,dict"`
	Direction       *string `parquet:"direction,optional,dict"`
	System          *string `parquet:"system,optional,dict"`
	Scope           *string `parquet:"scope,optional,dict"`
	Media           *string `parquet:"media,optional,dict"`
	Language        *string `parquet:"language,optional,dict"`
	WorkspaceID     *string `parquet:"workspaceId,optional,dict"`
	SDRDisposition  *string `parquet:"sdrDisposition,optional,dict"`
	ClientUniqueID  *string `parquet:"clientUniqueId,optional,plain"`
	CustomData      *string `parquet:"customData,optional,plain"`
	Purpose         *string `parquet:"purpose,optional,dict"`
	MeetingURL      *string `parquet:"meetingUrl,optional,plain"`
	IsPrivate       *bool   `parquet:"isPrivate,optional,plain"`
	CalendarEventID *string `parquet:"calendarEventId,optional,plain"`
	Document        string  `parquet:"document,plain"`
}

// parquetWriter writes a table by its columns.
//
// The order of calls is by a time that is no column, so the file names no column
// that it is sorted by. Page and column indexes have the bounds of each page, and
// in the order of calls the times of a page are close together: that is what a
// reader prunes by.
type parquetWriter struct {
	out      *parquet.GenericWriter[parquetRow]
	splitter *splitter
	values   values

	held    []byte                          // documents of rows that are in columns
	columns [fieldCount + 1][]parquet.Value // of these rows
	rows    int                             // of the row group
	bytes   int                             // of its documents
}

func newParquetWriter(w io.Writer) *parquetWriter {
	return &parquetWriter{
		out: parquet.NewGenericWriter[parquetRow](w,
			// The version is that of this table and not of a build: equal calls give
			// equal bytes, whoever writes them.
			parquet.CreatedBy("callvault", "1", "0"),
			parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault, Concurrency: 1}),
			parquet.DataPageVersion(1),
			// They would repeat what the column index has, and whole texts with it.
			parquet.DataPageStatistics(false),
			parquet.PageBufferSize(pageBytes),
			parquet.DictionaryMaxBytes(pageBytes),
			parquet.WriteBufferSize(writeSize),
		),
		splitter: newSplitter(),
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
	w.columns[fieldCount] = append(w.columns[fieldCount], parquet.ByteArrayValue(document).Level(0, 0, fieldCount))
	w.rows++
	w.bytes += len(document)
	if w.rows < groupRows && w.bytes < groupBytes {
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
	case field == scheduledField || field == startedField:
		t, err := gong.ParseTime(string(raw[1 : len(raw)-1]))
		if err != nil {
			return v, err
		}
		v = parquet.Int64Value(int64(callvault.FloorTime(t.Instant())))
	case raw[0] == '"':
		text, _ := unquote(raw, nil)
		v = parquet.ByteArrayValue(text)
	case field == durationField:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return v, err
		}
		v = parquet.Int64Value(n)
	default:
		v = parquet.BooleanValue(raw[0] == 't')
	}
	if field == idField { // which every call has
		definition = 0
	}
	return v.Level(0, definition, field), nil
}

// The numbers of fields that are not what their JSON says.
const (
	idField        = 0
	scheduledField = 3
	startedField   = 4
	durationField  = 5
)

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
	w.rows, w.bytes = 0, 0
	return w.out.Flush()
}

func (w *parquetWriter) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.out.Close()
}
