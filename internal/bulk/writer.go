package bulk

import (
	"bufio"
	"fmt"
	"io"
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

// NewWriter begins a file of calls in a format. The same calls in the same order
// give the same bytes.
func NewWriter(w io.Writer, f Format) (Writer, error) {
	switch f {
	case NDJSON:
		return &linesWriter{bufio.NewWriterSize(w, writeSize)}, nil
	case JSON:
		return &arrayWriter{out: bufio.NewWriterSize(w, writeSize)}, nil
	case CSV:
		return newCSVWriter(w), nil
	case Parquet:
		return newParquetWriter(w), nil
	}
	return nil, fmt.Errorf("calls are not written as %q", f)
}

// writeSize is how much is written at a time, in bytes.
const writeSize = 64 << 10

// linesWriter writes NDJSON.
type linesWriter struct{ out *bufio.Writer }

func (w *linesWriter) Write(document []byte) error {
	w.out.Write(document) // an error stays until the next write
	return w.out.WriteByte('\n')
}

func (w *linesWriter) Close() error { return w.out.Flush() }

// arrayWriter writes one JSON array, with a line for each document.
type arrayWriter struct {
	out   *bufio.Writer
	began bool
}

func (w *arrayWriter) Write(document []byte) error {
	before := ",\n"
	if !w.began {
		before, w.began = "[\n", true
	}
	w.out.WriteString(before) // an error stays until the next write
	_, err := w.out.Write(document)
	return err
}

func (w *arrayWriter) Close() error {
	end := "\n]\n"
	if !w.began {
		end = "[]\n"
	}
	w.out.WriteString(end)
	return w.out.Flush()
}
