// Package bulk moves calls between files and stores: it reads NDJSON, JSON
// arrays, saved response pages, CSV and Parquet, compressed or not, and writes
// NDJSON, JSON, CSV and Parquet. It reads users and workspaces from JSON, too.
// Its memory stays the same however large a file is.
package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// maxRecord is the longest record that is read, in bytes as it is sent. A
// document may have callvault.MaxDocument; this leaves room for white space
// and escapes around it. A longer record is skipped without being held.
const maxRecord = 1 << 20

// Record is one record of a source: a call, a user or a workspace, or what is wrong with it.
type Record struct {
	Line int // where it begins, the first line is 1; of Parquet the number of its row

	// Through is the last line of which every record has been read when this
	// one has, as far as that is known without waiting for the source. It is less
	// than Line when the line may have more records.
	Through int

	// Number is the record's among those of its line, from 1, where something stands
	// before it there: a line may be the whole file. It is 0 where Line tells enough.
	Number int

	Kind  callvault.Kind  // of Entry; empty for a call
	Bare  bool            // of JSON, outside of saved pages: the reader was told the kind
	Call  gong.Call       // when Err is nil, and then gong has checked it
	Entry callvault.Entry // a user or a workspace, when Err is nil
	Err   error           // a *gong.CallError: the record is bad, the next one may not be
}

// Reader reads the records of one source.
type Reader struct {
	Kind callvault.Kind // of the records of JSON outside of saved pages, empty for calls; set before the first Read

	header header // of a table
	read   func() (Record, error)
	close  func()
	empty  bool // the source has no bytes
}

// newReader looks at the first bytes of a source: they tell whether it is
// compressed by gzip or zstd, and whether it is JSON (NDJSON, an array, saved
// response pages, one after the other or mixed), Parquet, or CSV with a header of
// the contract's field names. Text is UTF-8. Parquet is read from its end, so
// it is first copied to a temporary file, which Close removes. A mapping with columns is
// for a table; other files are refused then.
func newReader(source io.Reader, m Mapping) (*Reader, error) {
	in, err := unpack(source)
	if err != nil {
		return nil, err
	}
	r, err := readerOf(bufio.NewReaderSize(in, windowSize), m)
	if err != nil {
		in.close()
		return nil, err
	}
	after := r.close
	r.close, r.empty = func() { after(); in.close() }, in.empty
	return r, nil
}

func readerOf(in *bufio.Reader, m Mapping) (*Reader, error) {
	// A short source is not an error here.
	magic, err := in.Peek(len(parquetMagic))
	if err != nil && err != io.EOF {
		return nil, err
	}
	if string(magic) == parquetMagic {
		if !m.isEmpty() {
			return nil, errNotMapped
		}
		return newSpooledReader(in)
	}
	if bytes.HasPrefix(magic, []byte(byteOrderMark)) {
		in.Discard(len(byteOrderMark))
	}
	r := &Reader{close: func() {}}
	w := newWindow(in)
	switch c, at, err := w.firstByte(0); {
	case err == io.EOF:
		r.read = func() (Record, error) { return Record{}, io.EOF }
	case err == bufio.ErrBufferFull:
		return nil, &LineError{1, errors.New("the file begins with too much white space; remove it")}
	case err != nil:
		return nil, err
	case (c == '{' || c == '[') && !m.isEmpty():
		return nil, errNotMapped
	case c == '{' || c == '[':
		records := newJSONReader(w)
		r.read = func() (Record, error) {
			records.kind = r.Kind
			return records.read()
		}
	default:
		h, err := readHeader(in, w.atHand()[:at], m)
		if err != nil {
			return nil, &LineError{h.lines, err}
		}
		r.read, r.header = newCSVReader(in, h, m).read, h
	}
	return r, nil
}

const byteOrderMark = "\xef\xbb\xbf"

// Read returns the next record, io.EOF after the last, and any other error
// when the rest of the source cannot be read.
func (r *Reader) Read() (Record, error) { return r.read() }

// Close ends the reading; the source itself is the caller's.
func (r *Reader) Close() { r.close() }

// fatal is an error at a line after which the rest of a source is not read.
func fatal(line int, format string, args ...any) error {
	return &LineError{line, fmt.Errorf(format+"; the rest was not read", args...)}
}

// LineError is an error at a line of a source.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// wholly is the error of a record as a whole.
func wholly(text string) *gong.CallError {
	return &gong.CallError{Problems: []gong.FieldError{{Problem: text}}}
}

var errNoFormat = errors.New("import reads NDJSON, JSON arrays, saved response pages, CSV with a header of field names and Parquet, each also in gzip or zstd")
