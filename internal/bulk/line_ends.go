package bulk

import (
	"bytes"
	"io"
)

// lineEnds makes a line feed of every carriage return that ends a line of CSV
// alone; within quotation marks it is text. Where there are none, which is nearly
// everywhere, it looks at no quotation marks.
type lineEnds struct {
	in        io.Reader
	delimiter byte
	held      bool // a carriage return came last: what follows decides

	// start is where the record begins that is being read, and tail what was handed
	// out from about there to end.
	start, end int64
	tail       []byte
}

func (l *lineEnds) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil {
		if l.held {
			p[0], n, l.held = '\r', 1, false
		}
		var more int
		more, err = l.in.Read(p[n:])
		n += more
		if n > 0 && p[n-1] == '\r' && err == nil {
			n, l.held = n-1, true
		}
	}
	l.tail = l.tail[:copy(l.tail, l.tail[len(l.tail)-int(l.end-l.start):])]
	if hasLone(p[:n]) {
		m := marks{delimiter: l.delimiter, last: '\n'}
		m.mend(l.tail)
		m.mend(p[:n])
	}
	l.tail = append(l.tail, p[:n]...)
	l.end += int64(n)
	return n, err
}

// hasLone tells whether a carriage return stands before no line feed.
func hasLone(data []byte) bool {
	for {
		i := bytes.IndexByte(data, '\r')
		if i < 0 {
			return false
		}
		if data = data[i+1:]; len(data) == 0 || data[0] != '\n' {
			return true
		}
	}
}

// marks follows quotation marks as encoding/csv sees them: a line that has a
// stray one has no other.
type marks struct {
	delimiter byte
	last      byte // before the next byte; a line end at the beginning
	quoted    bool // the next byte is within quotation marks
	closed    bool // the byte before was the second mark, unless this is one too
	stray     bool // a mark stood where none may, on this line
}

// mend goes from mark to mark.
func (m *marks) mend(data []byte) {
	for len(data) > 0 {
		if m.quoted {
			i := bytes.IndexByte(data, '"')
			if i < 0 {
				return
			}
			m.quoted, m.closed, m.last = false, true, '"'
			data = data[i+1:]
			continue
		}
		plain := data
		if i := bytes.IndexByte(data, '"'); i >= 0 {
			plain = data[:i]
		}
		m.mendPlain(plain)
		if len(plain) == len(data) {
			return
		}
		switch {
		case m.stray:
		case m.closed || m.last == m.delimiter || m.last == '\n':
			m.quoted = true
		default:
			m.stray = true
		}
		m.closed, m.last = false, '"'
		data = data[len(plain)+1:]
	}
}

// mendPlain mends what has no marks.
func (m *marks) mendPlain(data []byte) {
	if len(data) == 0 {
		return
	}
	for i := 0; ; i++ {
		next := bytes.IndexByte(data[i:], '\r')
		if next < 0 {
			break
		}
		i += next
		if i+1 == len(data) || data[i+1] != '\n' {
			data[i] = '\n'
		}
	}
	if m.closed && data[0] != m.delimiter && data[0] != '\n' && data[0] != '\r' {
		m.stray = true
	}
	if m.stray && bytes.IndexByte(data, '\n') >= 0 {
		m.stray = false
	}
	m.closed, m.last = false, data[len(data)-1]
}
