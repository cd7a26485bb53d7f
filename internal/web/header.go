package web

import "bytes"

// header counts the lines of a request's header as it arrives.
type header struct {
	lines int  // complete ones, with the request line
	line  int  // bytes so far of the current line
	first byte // of the current line
}

// take counts bytes that have arrived. It returns how many belong to the header, and
// whether the header ends there, with an empty line.
func (h *header) take(p []byte) (n int, whole bool) {
	for n < len(p) {
		i := bytes.IndexByte(p[n:], '\n')
		line := p[n:]
		if i >= 0 {
			line = line[:i]
		}
		if h.line == 0 && len(line) > 0 {
			h.first = line[0]
		}
		h.line += len(line)
		if i < 0 {
			return len(p), false
		}
		n += i + 1
		if h.line == 0 || h.line == 1 && h.first == '\r' {
			return n, true
		}
		h.lines++
		h.line = 0
	}
	return n, false
}
