package web

import (
	"bytes"
	"strings"
)

// header follows the header of a request as it arrives.
type header struct {
	bytes int
	lines int  // that have ended, the request's own among them
	coded bool // it has a Transfer-Encoding

	line  int                         // bytes of the line that is arriving
	start [len(transferEncoding)]byte // of it
}

const transferEncoding = "transfer-encoding:"

// take counts what has arrived, and returns how much of it belongs to the header, and
// whether that ends there, with an empty line.
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

// add adds to the line that is arriving.
func (h *header) add(p []byte) {
	if h.line < len(h.start) {
		copy(h.start[h.line:], p)
	}
	h.line += len(p)
}
