package bulk

import "io"

// lineEnds makes one line feed of each line end of a table whose lines end with
// carriage returns, as old Macs and Excel for Mac write it. It does so within
// quotation marks too: there it is the line end of a text.
type lineEnds struct {
	in        io.Reader
	wasReturn bool // the byte before was a carriage return
}

func (l *lineEnds) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil {
		var read int
		read, err = l.in.Read(p)
		for _, c := range p[:read] {
			follows := l.wasReturn && c == '\n'
			if l.wasReturn = c == '\r'; l.wasReturn {
				c = '\n'
			}
			if !follows {
				p[n] = c
				n++
			}
		}
	}
	return n, err
}
