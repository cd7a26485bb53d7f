package api

import (
	"net/http"
	"strings"
)

// traceID is the id of the trace that a request belongs to: 32 lower-case hexadecimal
// digits from the header traceparent (https://www.w3.org/TR/trace-context/). A request
// without the header, with two, or with one that is not valid has no trace, "".
func traceID(header http.Header) string {
	values := header["Traceparent"]
	if len(values) != 1 {
		return ""
	}
	version, rest, _ := strings.Cut(values[0], "-")
	trace, rest, _ := strings.Cut(rest, "-")
	parent, rest, _ := strings.Cut(rest, "-")
	flags, _, more := strings.Cut(rest, "-")
	switch {
	case !isHex(version, 2) || !isHex(trace, 32) || !isHex(parent, 16) || !isHex(flags, 2):
		return ""
	case strings.Trim(trace, "0") == "" || strings.Trim(parent, "0") == "":
		return ""
	case version == "ff" || version == "00" && more: // later versions may go on
		return ""
	}
	return trace
}

func isHex(s string, length int) bool {
	return len(s) == length && strings.Trim(s, "0123456789abcdef") == ""
}
