package api

import (
	"net/http"
	"strings"
)

// The parts of a traceparent that every version has:
// version "-" trace-id "-" parent-id "-" trace-flags.
const (
	lenVersion = 2
	lenTrace   = 32
	lenParent  = 16
	lenFlags   = 2

	minTraceparent = lenVersion + 1 + lenTrace + 1 + lenParent + 1 + lenFlags
)

// traceID is the id of the trace that a request belongs to: 32 lower-case hexadecimal
// digits from the header traceparent (https://www.w3.org/TR/trace-context/). A request
// without the header, with two, or with one that is not valid has no trace, "".
func traceID(header http.Header) string {
	values := header["Traceparent"]
	if len(values) != 1 || len(values[0]) < minTraceparent {
		return ""
	}
	parts, further := values[0][:minTraceparent], values[0][minTraceparent:]
	version, rest, _ := strings.Cut(parts, "-")
	trace, rest, _ := strings.Cut(rest, "-")
	parent, flags, _ := strings.Cut(rest, "-")
	if !isHex(version, lenVersion) || !isHex(trace, lenTrace) || !isHex(parent, lenParent) || !isHex(flags, lenFlags) {
		return ""
	}
	if version == "ff" || isZero(trace) || isZero(parent) {
		return ""
	}
	// Version 00 ends here. A later one may go on, after another dash.
	if further != "" && (version == "00" || further[0] != '-') {
		return ""
	}
	return trace
}

func isHex(s string, length int) bool {
	return len(s) == length && strings.Trim(s, "0123456789abcdef") == ""
}

func isZero(s string) bool { return strings.Trim(s, "0") == "" }
