package bulk

import (
	"bytes"
	"io"
	"strings"
)

// stream is a source of which one looks at the next byte, keeps what one took,
// knows the place, and goes back to where a line began.
type stream struct {
	in    io.Reader
	buf   []byte // what in is read into
	again []byte // what was given back when it was no longer in buf
	chunk []byte // one of these two
	pos   int    // of the next byte in chunk
	err   error  // of in, once it has ended

	line   int
	column int // of the next byte, from 0
	lead   int // the column of the line's first byte that is no white space, -1 before that

	// What is kept since begin is in kept, and goes on in chunk.
	keep bool
	kept []byte
	from int
	long bool // it is longer than maxRecord

	// A mark is set at the first later line that begins, at no deeper column
	// than limit, with a byte of starts.
	starts string
	limit  int
	mark   mark
}

// mark is a place to go back to.
type mark struct {
	at           int // in what is kept, -1 for none
	line, column int
}

var noMark = mark{at: -1}

func newStream(in io.Reader) *stream {
	return &stream{in: in, buf: make([]byte, 64<<10), line: 1, lead: -1, mark: noMark}
}

// peek returns the next byte without taking it.
func (s *stream) peek() (byte, error) {
	if s.pos == len(s.chunk) {
		if err := s.fill(); err != nil {
			return 0, err
		}
	}
	return s.chunk[s.pos], nil
}

// fill makes sure that there is a next byte.
func (s *stream) fill() error {
	for s.pos == len(s.chunk) {
		if err := s.hold(); err != nil {
			return err
		}
		if s.err != nil {
			return s.err
		}
		var n int
		n, s.err = s.in.Read(s.buf)
		s.chunk, s.pos, s.from = s.buf[:n], 0, 0
	}
	return nil
}

// hold takes what is kept out of the chunk. What is longer than a record is no
// longer held, but if it has a line to go on at it is taken for broken.
func (s *stream) hold() error {
	if !s.keep || s.long {
		return nil
	}
	s.kept = append(s.kept, s.chunk[s.from:s.pos]...)
	s.from = s.pos
	s.long = len(s.kept) > maxRecord
	if s.long && s.mark.at >= 0 {
		return errSyntax
	}
	return nil
}

// text is what is kept, valid until more is read.
func (s *stream) text() []byte {
	if len(s.kept) == 0 {
		return s.chunk[s.from:s.pos]
	}
	s.kept = append(s.kept, s.chunk[s.from:s.pos]...)
	s.from = s.pos
	return s.kept
}

// take takes the byte that was peeked at.
func (s *stream) take() { s.skip(1) }

// skip takes n bytes of the chunk, of which no more than the last ends a line.
func (s *stream) skip(n int) {
	s.pos += n
	s.column += n
	if s.chunk[s.pos-1] == '\n' {
		s.line, s.column, s.lead = s.line+1, 0, -1
	}
}

// begin begins to keep what is taken.
func (s *stream) begin(starts string) {
	s.drop()
	s.keep, s.starts, s.limit = true, starts, s.column
}

// drop ends the keeping.
func (s *stream) drop() {
	s.keep, s.kept, s.from, s.long, s.mark = false, s.kept[:0], s.pos, false, noMark
}

// back goes back to the mark, and drops what is kept.
func (s *stream) back() {
	data := s.text()[s.mark.at:]
	if len(data) <= s.pos {
		s.pos -= len(data)
	} else {
		// What is given back began before the chunk, so the chunk is buf.
		s.again = append(append(s.again[:0], data...), s.chunk[s.pos:]...)
		s.chunk, s.pos = s.again, 0
	}
	s.line, s.column, s.lead = s.mark.line, s.mark.column, s.mark.column
	s.drop()
}

// space takes white space and returns the byte behind it.
func (s *stream) space() (byte, error) {
	for {
		c, err := s.peek()
		if err != nil {
			return 0, err
		}
		if !isSpace(c) {
			if s.lead < 0 {
				return c, s.lineBegins(c)
			}
			return c, nil
		}
		s.take()
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// lineBegins is told the first byte of a line that is no white space.
func (s *stream) lineBegins(c byte) error {
	s.lead = s.column
	if !s.keep || s.mark.at >= 0 || !s.canStart(c) {
		return nil
	}
	if s.long {
		return errSyntax // see hold
	}
	s.mark = mark{len(s.kept) + s.pos - s.from, s.line, s.column}
	return nil
}

// atStart tells whether nothing but white space is before the next byte on its
// line. It is known behind space.
func (s *stream) atStart() bool { return s.column == s.lead }

// canStart tells whether one can go on at the next byte.
func (s *stream) canStart(c byte) bool {
	return s.atStart() && s.column <= s.limit && strings.IndexByte(s.starts, c) >= 0
}

// nextStart goes to the next place where one can go on.
func (s *stream) nextStart() error {
	for {
		c, err := s.space()
		if err != nil || s.canStart(c) {
			return err
		}
		if err := s.restOfLine(); err != nil {
			return err
		}
	}
}

// restOfLine takes the rest of the line, and its end.
func (s *stream) restOfLine() error {
	for {
		if _, err := s.peek(); err != nil {
			return err
		}
		rest := s.chunk[s.pos:]
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			s.skip(i + 1)
			return nil
		}
		s.skip(len(rest))
	}
}

// first is the first byte after white space, which is kept.
func (s *stream) first() (byte, error) {
	s.begin("")
	return s.space()
}

// Read lets another reader go on from here.
func (s *stream) Read(p []byte) (int, error) {
	if _, err := s.peek(); err != nil {
		return 0, err
	}
	n := copy(p, s.chunk[s.pos:])
	s.pos += n
	return n, nil
}
