package bulk

import (
	"bufio"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/callvault/callvault"
)

// Writer writes calls to a file, in the order they come. It holds no more of
// them than it needs, however many there are.
type Writer interface {
	// Write adds a call: its document as a store keeps it, which is not read
	// after Write returns.
	Write(document []byte) error

	// Close completes the file, by what stands at its end in its format. It does
	// not close what the file is written to. What is not closed is not whole.
	Close() error
}

// NewWriter begins a file of calls in a format; tables have names of hosts and workspaces.
// The same calls in the same order, with the same names, give the same bytes.
func NewWriter(w io.Writer, f Format, names callvault.EntryNames) (Writer, error) {
	switch f {
	case NDJSON:
		return &jsonWriter{out: bufio.NewWriterSize(w, writeSize), between: "\n", after: "\n"}, nil
	case JSON:
		return &jsonWriter{out: bufio.NewWriterSize(w, writeSize), before: "[\n", between: ",\n", after: "\n]\n", none: "[]\n"}, nil
	case CSV:
		return newCSVWriter(w, names), nil
	case Parquet:
		return newParquetWriter(w, names), nil
	}
	return nil, fmt.Errorf("unknown format %q", f)
}

// writeSize is how much is written at a time, in bytes.
const writeSize = 64 << 10

// jsonWriter writes a document to the line.
type jsonWriter struct {
	out     *bufio.Writer
	before  string // the first document
	between string // two documents
	after   string // the last document
	none    string // stands in place of all if there is no document
	began   bool
}

func (w *jsonWriter) Write(document []byte) error {
	before := w.between
	if !w.began {
		before, w.began = w.before, true
	}
	w.out.WriteString(before) // an error stays until the next write
	_, err := w.out.Write(document)
	return err
}

func (w *jsonWriter) Close() error {
	after := w.after
	if !w.began {
		after = w.none
	}
	w.out.WriteString(after)
	return w.out.Flush()
}

// NewCompressor compresses what is written to it; to close it completes that, and
// leaves w open. The same bytes come to the same bytes, on every machine: no time,
// no name, and one encoder however many processors there are.
func NewCompressor(w io.Writer, z Compression) (io.WriteCloser, error) {
	switch z {
	case Gzip:
		return gzip.NewWriter(w), nil
	case Zstd:
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	}
	return asItIs{w}, nil
}

// asItIs is not compressed.
type asItIs struct{ io.Writer }

func (asItIs) Close() error { return nil }
