// Package bulk moves calls between files and stores: it reads NDJSON, JSON
// arrays, saved response pages, CSV and Parquet, compressed or not, and writes
// NDJSON, JSON, CSV and Parquet.
// Its memory stays the same however large a file is.
package bulk

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/callvault/callvault/gong"
)

// maxRecord is the longest record that is read, in bytes as it is sent. A
// document may have callvault.MaxDocument; this leaves room for white space
// and escapes around it. A longer record is skipped without being held.
const maxRecord = 1 << 20

// Record is one record of a source: a call, or what is wrong with it.
type Record struct {
	Line int // where it begins, the first line is 1; of Parquet the number of its row

	// Through is the last line of which every record has been read when this
	// one has, as far as that is known without waiting for the source. It is less
	// than Line when the line may have more records.
	Through int

	Call gong.Call // when Err is nil
	Err  error     // a *gong.CallError: the record is bad, the next one may not be
}

// Reader reads the records of one source.
type Reader struct {
	// Unknown are the columns of a table that the contract does not name. They
	// are kept as further fields, but may be misspelt.
	Unknown []string

	read  func() (Record, error)
	close func()
}

// NewReader looks at the first bytes of a source: they tell whether it is
// compressed by gzip or zstd, and whether it is JSON (NDJSON, an array, saved
// response pages, one after the other or mixed), Parquet, or CSV with a header of
// the contract's field names. Parquet is read from its end, so it is first copied to a
// temporary file, which Close removes.
func NewReader(source io.Reader) (*Reader, error) {
	plain, done, err := decompress(source)
	if err != nil {
		return nil, err
	}
	r, err := newReader(bufio.NewReader(plain))
	if err != nil {
		done()
		return nil, err
	}
	after := r.close
	r.close = func() { after(); done() }
	return r, nil
}

// zipMagic is what a zip begins with, and so a spreadsheet as such.
const zipMagic = "PK\x03\x04"

func newReader(in *bufio.Reader) (*Reader, error) {
	// A short source is no error here.
	magic, err := in.Peek(len(parquetMagic))
	if err != nil && err != io.EOF {
		return nil, err
	}
	if string(magic) == parquetMagic {
		return newSpooledReader(in)
	}
	if string(magic) == zipMagic {
		return nil, fatal(1, "it is a spreadsheet (xlsx) or some other zip; save it as CSV: %w", errNoFormat)
	}
	r := &Reader{close: func() {}}
	s := newStream(in)
	switch c, err := s.first(); {
	case err == io.EOF:
		r.read = func() (Record, error) { return Record{}, io.EOF }
	case err != nil:
		return nil, err
	case c == '{' || c == '[':
		r.read = (&jsonReader{stream: s}).read
	default:
		table, err := newCSVReader(s)
		if err != nil {
			return nil, err
		}
		r.read, r.Unknown = table.read, table.unknown()
	}
	return r, nil
}

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

// bad is a record with one problem that is not a field's.
func bad(line int, problem string) Record {
	return Record{Line: line, Err: &gong.CallError{Problems: []gong.FieldError{{Problem: problem}}}}
}

var errNoFormat = errors.New("accepted are NDJSON, a JSON array, saved response pages, CSV with a header of field names and Parquet, compressed by gzip or zstd or not")
