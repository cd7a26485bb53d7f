package api

import (
	"net/http"
	"strings"
	"testing"
)

const (
	traceOfTests = "0af7651916cd43dd8448eb211c80319c"
	parent       = "b7ad6b7169203331"
	traceparent  = "00-" + traceOfTests + "-" + parent + "-01"
)

// The rules are those of https://www.w3.org/TR/trace-context/, 3.2 "Traceparent Header".
func TestTraceID(t *testing.T) {
	const (
		zeroTrace  = "00000000000000000000000000000000"
		zeroParent = "0000000000000000"
	)
	for value, valid := range map[string]bool{
		traceparent: true,
		"00-" + traceOfTests + "-" + parent + "-00": true, // whether it is sampled is not ours to judge
		"00-" + traceOfTests + "-" + parent + "-ff": true, // as are flags that nobody has defined
		"00-" + traceOfTests + "-" + parent + "-0a": true,

		// Version 00 has exactly these parts.
		traceparent + "-":     false,
		traceparent + "-what": false,
		traceparent + ".":     false,
		traceparent + "1":     false,

		// What later versions add comes after another dash; ff is no version.
		"01-" + traceOfTests + "-" + parent + "-01":      true,
		"cc-" + traceOfTests + "-" + parent + "-01":      true,
		"cc-" + traceOfTests + "-" + parent + "-01-":     true,
		"cc-" + traceOfTests + "-" + parent + "-01-what": true,
		"fe-" + traceOfTests + "-" + parent + "-01-A.B":  true,
		"cc-" + traceOfTests + "-" + parent + "-01.what": false,
		"cc-" + traceOfTests + "-" + parent + "-011":     false,
		"cc-" + traceOfTests + "-" + parent:              false,
		"cc-" + traceOfTests + "-" + parent + "-":        false,
		"cc-" + zeroTrace + "-" + parent + "-01-what":    false,
		"ff-" + traceOfTests + "-" + parent + "-01":      false,
		"ff-" + traceOfTests + "-" + parent + "-01-what": false,

		// Ids of zeros are none.
		"00-" + zeroTrace + "-" + parent + "-01":                      false,
		"00-" + traceOfTests + "-" + zeroParent + "-01":               false,
		"00-" + strings.Repeat("0", 31) + "1-" + parent + "-01":       true,
		"00-" + traceOfTests + "-1" + strings.Repeat("0", 15) + "-01": true,

		// Every part has its length, and lower-case digits.
		"": false,
		"0-" + traceOfTests + "-" + parent + "-01":                                      false,
		"000-" + traceOfTests + "-" + parent + "-01":                                    false,
		"0000-" + traceOfTests + "-" + parent + "-01":                                   false,
		"00-" + traceOfTests[1:] + "-" + parent + "-01":                                 false,
		"00-" + traceOfTests + "0-" + parent + "-01":                                    false,
		"00-" + traceOfTests + "0-" + parent[1:] + "-01":                                false,
		"00-" + traceOfTests[1:] + "-" + parent + "0-01":                                false,
		"cc-" + traceOfTests[1:] + "-" + parent + "0-01":                                false,
		"00-" + traceOfTests + "-" + parent[1:] + "-01":                                 false,
		"00-" + traceOfTests + "-" + parent + "0-01":                                    false,
		"00-" + traceOfTests + "-" + parent + "-1":                                      false,
		"00-" + traceOfTests + "-" + parent + "-001":                                    false,
		"00-" + traceOfTests + "-" + parent:                                             false,
		"CC-" + traceOfTests + "-" + parent + "-01":                                     false,
		"00-" + strings.ToUpper(traceOfTests) + "-" + parent + "-01":                    false,
		"00-" + traceOfTests + "-" + strings.ToUpper(parent) + "-01":                    false,
		"00-" + traceOfTests + "-" + parent + "-0A":                                     false,
		".0-" + traceOfTests + "-" + parent + "-01":                                     false,
		"00-." + traceOfTests[1:] + "-" + parent + "-01":                                false,
		"00-" + traceOfTests[1:] + "g-" + parent + "-01":                                false,
		"00-" + traceOfTests[:15] + "\x00\n" + traceOfTests[17:] + "-" + parent + "-01": false,
		"00-" + traceOfTests + "-" + parent[1:] + ".-01":                                false,
		"00-" + traceOfTests + "-" + parent + "-.0":                                     false,
		"00_" + traceOfTests + "-" + parent + "-01":                                     false,
		"00-" + traceOfTests + "_" + parent + "-01":                                     false,
		"00-" + traceOfTests + "-" + parent + "_01":                                     false,
		"00-" + traceOfTests + "-" + parent[:7] + "-" + parent[8:] + "-01":              false,
		" " + traceparent:                     false, // net/http takes space around a value away
		strings.Repeat("-", len(traceparent)): false,
	} {
		want := ""
		if valid {
			want = value[3:35]
		}
		if got := traceID(http.Header{"Traceparent": {value}}); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

// Two headers are no header, as the specification has it: nobody knows which is meant.
func TestTraceIDOfTwoHeaders(t *testing.T) {
	for _, header := range []http.Header{nil, {"Traceparent": {}}, {"Traceparent": {traceparent, traceparent}}, {"Trace-Parent": {traceparent}}} {
		if got := traceID(header); got != "" {
			t.Errorf("%v: got %q", header, got)
		}
	}
}

// The line of a request names its trace where the header is valid, whoever sent it, and
// has nothing of the header where it is not.
func TestTraceInTheLog(t *testing.T) {
	s := newServer(t, Config{})
	const in = " trace_id=" + traceOfTests + " error="
	for value, want := range map[string]string{
		traceparent: in, "cc-" + traceOfTests + "-" + parent + "-01-hush": in,
		"": "", "hush": "", traceparent + "-hush": "", "00-hush" + traceOfTests[4:] + "-" + parent + "-01": "",
	} {
		s.log.Reset()
		r := request("/v2/calls") // which is refused, and logged with the reason
		r.Header.Set("Traceparent", value)
		wantStatus(t, s.do(r), http.StatusBadRequest)
		line := s.log.String()
		if !strings.Contains(line, want) || strings.Contains(line, "trace_id") != (want != "") || strings.Contains(line, "hush") {
			t.Errorf("%q: got log %s", value, line)
		}
	}
}
