package bulk

import (
	"bytes"
	"io"
	"slices"
)

// stream is a source of which one looks at the next byte, keeps what one took,
// and knows the line.
type stream struct {
	in    io.Reader
	chunk [64 << 10]byte
	pos   int
	end   int
	err   error // of in, once it has ended

	line int
	kept []byte
	keep bool
	long bool // what was to be kept is longer than maxRecord
	bol  bool // the next byte begins a line
}

// peek returns the next byte without taking it.
func (s *stream) peek() (byte, error) {
	for s.pos == s.end {
		if s.err != nil {
			return 0, s.err
		}
		s.pos = 0
		s.end, s.err = s.in.Read(s.chunk[:])
	}
	return s.chunk[s.pos], nil
}

// take takes the byte that was peeked at.
func (s *stream) take() {
	s.skip(1)
}

// skip takes n bytes of the chunk, of which no more than the last ends a line.
func (s *stream) skip(n int) {
	taken := s.chunk[s.pos : s.pos+n]
	s.pos += n
	s.bol = taken[n-1] == '\n'
	if s.bol {
		s.line++
	}
	if !s.keep || s.long {
		return
	}
	if len(s.kept)+n > maxRecord {
		s.long = true
		return
	}
	s.kept = append(s.kept, taken...)
}

// begin begins to keep what is taken.
func (s *stream) begin() {
	s.kept, s.keep, s.long = s.kept[:0], true, false
}

// unread gives back what was taken last. It begins a line.
func (s *stream) unread(data []byte) {
	again := slices.Concat(data, s.chunk[s.pos:s.end])
	s.in = io.MultiReader(bytes.NewReader(again), s.in)
	s.pos, s.end, s.err = 0, 0, nil
	s.line -= bytes.Count(data, []byte{'\n'})
	s.bol = true
}

// space takes white space and returns the byte behind it.
func (s *stream) space() (byte, error) {
	for {
		c, err := s.peek()
		if err != nil || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c, err
		}
		s.take()
	}
}

// restOfLine takes the rest of the line, and its end.
func (s *stream) restOfLine() error {
	for {
		if _, err := s.peek(); err != nil {
			return err
		}
		rest := s.chunk[s.pos:s.end]
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			s.skip(i + 1)
			return nil
		}
		s.skip(len(rest))
	}
}

// first is the first byte that tells something: behind a byte order mark and
// white space.
func (s *stream) first() (byte, error) {
	s.bol = true
	for _, mark := range []byte("\xef\xbb\xbf") {
		if c, err := s.peek(); err != nil || c != mark {
			break
		}
		s.take()
		s.bol = true
	}
	return s.space()
}

// Read lets another reader go on from here.
func (s *stream) Read(p []byte) (int, error) {
	if _, err := s.peek(); err != nil {
		return 0, err
	}
	n := copy(p, s.chunk[s.pos:s.end])
	s.pos += n
	return n, nil
}
