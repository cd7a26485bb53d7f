package bulk

import (
	"bytes"
	"io"
)

// lineEnds makes a line feed of every carriage return that ends a line of CSV
// alone; within quotation marks it is text. It sees quotation marks as
// encoding/csv does: a line that has a stray one has no other.
type lineEnds struct {
	in        io.Reader
	delimiter byte
	held      bool // a carriage return came last: what follows decides
	last      byte // before the next byte; a line end at the beginning

	quoted bool // the next byte is within quotation marks
	closed bool // the byte before was the second mark, unless this is one too
	stray  bool // a mark stood where none may, on this line
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
	l.mend(p[:n])
	return n, err
}

// mend goes from mark to mark.
func (l *lineEnds) mend(data []byte) {
	for len(data) > 0 {
		if l.quoted {
			i := bytes.IndexByte(data, '"')
			if i < 0 {
				return
			}
			if data = data[i+1:]; len(data) > 0 && data[0] == '"' { // a doubled one
				data = data[1:]
				continue
			}
			l.quoted, l.closed, l.last = false, true, '"'
			continue
		}
		plain := data
		if i := bytes.IndexByte(data, '"'); i >= 0 {
			plain = data[:i]
		}
		l.mendPlain(plain)
		if len(plain) == len(data) {
			return
		}
		switch {
		case l.stray:
		case l.closed || l.last == l.delimiter || l.last == '\n':
			l.quoted = true
		default:
			l.stray = true
		}
		l.closed, l.last = false, '"'
		data = data[len(plain)+1:]
	}
}

// mendPlain mends what has no marks.
func (l *lineEnds) mendPlain(data []byte) {
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
	if l.closed && data[0] != l.delimiter && data[0] != '\n' && data[0] != '\r' {
		l.stray = true
	}
	if l.stray && bytes.IndexByte(data, '\n') >= 0 {
		l.stray = false
	}
	l.closed, l.last = false, data[len(data)-1]
}
