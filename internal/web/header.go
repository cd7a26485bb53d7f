package web

import (
	"bytes"
	"strings"
)

// header measures the header of a request as it arrives.
type header struct {
	bytes int
	lines int  // complete ones, with the request line
	coded bool // it has a Transfer-Encoding

	line  int                         // bytes so far of the current line
	start [len(transferEncoding)]byte // of the current line
}

const transferEncoding = "transfer-encoding:"

// take measures bytes that have arrived. It returns how many belong to the header, and
// whether the header ends there, with an empty line.
func (h *header) take(p []byte) (n int, whole bool) {
	for n < len(p) {
		i := bytes.IndexByte(p[n:], '\n')
		if i < 0 {
			h.add(p[n:])
			h.bytes += len(p) - n
			return len(p), false
		}
		h.add(p[n : n+i])
		n += i + 1
		h.bytes += i + 1
		if h.line == 0 || h.line == 1 && h.start[0] == '\r' {
			return n, true
		}
		h.lines++
		h.coded = h.coded || h.line > len(h.start) && strings.EqualFold(string(h.start[:]), transferEncoding)
		h.line = 0
	}
	return n, false
}

// add adds to the current line.
func (h *header) add(p []byte) {
	if h.line < len(h.start) {
		copy(h.start[h.line:], p)
	}
	h.line += len(p)
}
