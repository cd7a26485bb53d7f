package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// windowSize is what of a source is in memory at once: a record, and what stands around
// it.
const windowSize = maxRecord + 64<<10

// window is the text of a source from the next byte on, as far as it is in memory. A
// decoder reads ahead in it; only pass leaves anything behind.
type window struct {
	in     *bufio.Reader
	lent   int  // bytes from the next one on that the decoder has read
	line   int  // of the next byte, the first is 1
	column int  // of the next byte in its line, from 0
	inLine bool // something other than white space stands before the next byte in its line

	fenced bool  // Read ends where another value begins
	failed error // of the source, in Read
}

// newWindow needs a reader whose buffer has windowSize.
func newWindow(in *bufio.Reader) *window { return &window{in: in, line: 1} }

// atHand is the text that is in memory.
func (w *window) atHand() []byte {
	data, _ := w.in.Peek(w.in.Buffered()) // of what is buffered it is never an error
	return data
}

// Read reads ahead. At the end of the window the error is bufio.ErrBufferFull. Where it is
// fenced, the error before a line that begins another value is errFence: a line with a brace
// or a bracket that is indented no deeper than the value that is read.
func (w *window) Read(p []byte) (int, error) {
	if w.lent == w.in.Buffered() {
		if _, err := w.in.Peek(w.lent + 1); err != nil {
			if err != io.EOF && err != bufio.ErrBufferFull {
				w.failed = err
			}
			return 0, err
		}
	}
	if w.fenced && w.lent > 0 && w.atHand()[w.lent-1] == '\n' {
		c, at, _ := w.firstByte(w.lent)
		indent := at - 1 - bytes.LastIndexByte(w.atHand()[:at], '\n')
		if (c == '{' || c == '[') && indent <= w.column {
			return 0, errFence
		}
	}
	const most = 8 << 10 // the decoder's buffer may have grown far beyond a record
	data := w.atHand()[w.lent:]
	if end := bytes.IndexByte(data[:min(len(data), most)], '\n'); w.fenced && end >= 0 {
		data = data[:end+1]
	}
	n := copy(p[:min(len(p), most)], data)
	w.lent += n
	return n, nil
}

var errFence = errors.New("another value begins")

// lentOneLine tells whether the decoder has read no further than the first line.
func (w *window) lentOneLine() bool {
	_, after, _ := bytes.Cut(w.atHand()[:w.lent], []byte("\n"))
	return len(bytes.TrimLeft(after, whiteSpace)) == 0
}

// firstByte is the first byte from an offset on that is not white space, and its offset.
func (w *window) firstByte(from int) (c byte, at int, err error) {
	for at = from; ; at++ {
		data, err := w.in.Peek(at + 1)
		if err != nil {
			return 0, len(data), err
		}
		if !isSpace(data[at]) {
			return data[at], at, nil
		}
	}
}

// firstLine is the text up to the end of the line, or of the window.
func (w *window) firstLine() []byte {
	for searched := 0; ; {
		data := w.atHand()
		if end := bytes.IndexByte(data[searched:], '\n'); end >= 0 {
			return data[:searched+end]
		}
		searched = len(data)
		if data, err := w.in.Peek(searched + 1); err != nil {
			return data
		}
	}
}

// pass leaves n bytes behind.
func (w *window) pass(n int) {
	passed := w.atHand()[:n]
	if lines := bytes.Count(passed, []byte("\n")); lines > 0 {
		w.line, w.column, w.inLine = w.line+lines, 0, false
		passed = passed[bytes.LastIndexByte(passed, '\n')+1:]
	}
	w.column += len(passed)
	w.inLine = w.inLine || len(bytes.TrimLeft(passed, whiteSpace)) > 0
	w.in.Discard(n)
	w.lent = max(w.lent-n, 0)
}

// passLine leaves the rest of the line behind, however long it is.
func (w *window) passLine() error {
	for {
		data := w.atHand()
		if end := bytes.IndexByte(data, '\n'); end >= 0 {
			w.pass(end + 1)
			return nil
		}
		w.pass(len(data))
		if _, err := w.in.Peek(1); err == io.EOF {
			return nil
		} else if err != nil {
			return fatal(w.line, "%w", err)
		}
	}
}

// through is the last line that is known to have ended, without waiting for more, if one
// comma may stand before the end of this one.
func (w *window) through() int {
	for i, c := range w.atHand() {
		switch {
		case c == '\n':
			return w.line
		case !isSpace(c) && (c != ',' || bytes.IndexByte(w.atHand()[:i], ',') >= 0):
			return w.line - 1
		}
	}
	return w.line - 1
}

const whiteSpace = " \t\r\n" // of JSON

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
