package api

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

func TestAcceptsGzip(t *testing.T) {
	tests := []struct {
		values string // several headers, separated by "|"
		want   bool
	}{
		{"", false},
		{"gzip", true},
		{"GZip", true},
		{"x-gzip", true},
		{"deflate, gzip, br", true},
		{"deflate|gzip", true},
		{"gzip;q=0", false},
		{"gzip;q=0.000", false},
		{"gzip; q=0.001", true},
		{"gzip;q=1.000", true},
		{" gzip ; Q = 0.5 ", true},
		{"gzip;level=9;q=0", false},
		{"gzip;level=9", true},
		{"gzip;q=high", false},
		{"gzip;q=-1", false},
		{"gzip;q=2", false},
		{"gzip;q=NaN", false},
		{"*", true},
		{"*;q=0", false},
		{"*, gzip;q=0", false},
		{"gzip;q=0, *", false},
		{"*;q=0, gzip", true},
		{"identity", false},
		{"identity, gzip;q=0.5", false},
		{"identity;q=0.5, gzip;q=0.5", true},
		{"identity;q=0, *", true},
		{"deflate, br", false},
		{"gzipped", false},
	}
	for _, test := range tests {
		var values []string
		if test.values != "" {
			values = strings.Split(test.values, "|")
		}
		if got := acceptsGzip(values); got != test.want {
			t.Errorf("acceptsGzip(%q) = %v, want %v", values, got, test.want)
		}
	}
}

// TestGzip: compression changes the length and the encoding of an answer, and nothing else.
func TestGzip(t *testing.T) {
	s := newServer(t, Config{})
	s.newID = func() string { return "always-the-same" }
	var calls []callvault.Call
	for i := range 50 {
		calls = append(calls, call(t, fmt.Sprint(i), i, ""))
	}
	s.put(t, "acme", calls...)
	plain := s.get(everything)
	for range 3 { // compressors are used again
		r := request(everything)
		r.Header.Set("Accept-Encoding", "gzip")
		w := s.do(r)
		wantHeader(t, w.Header(), "Content-Encoding", "gzip")
		wantHeader(t, w.Header(), "Content-Length", strconv.Itoa(w.Body.Len()))
		wantHeader(t, w.Header(), "Vary", "Accept-Encoding")
		wantHeader(t, w.Header(), "Content-Type", "application/json;charset=UTF-8")
		if w.Body.Len() > plain.Body.Len()/2 {
			t.Errorf("%d bytes became %d", plain.Body.Len(), w.Body.Len())
		}
		z, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(z)
		if err != nil || !bytes.Equal(body, plain.Body.Bytes()) {
			t.Errorf("got %v, %s\nwant %s", err, body, plain.Body)
		}

		r.Method = http.MethodHead
		head := s.do(r)
		wantHeader(t, head.Header(), "Content-Length", w.Header().Get("Content-Length"))
		wantHeader(t, head.Header(), "Content-Encoding", "gzip")
		if head.Body.Len() > 0 {
			t.Errorf("HEAD got %d bytes", head.Body.Len())
		}
	}
	wantHeader(t, plain.Header(), "Vary", "Accept-Encoding")
	wantHeader(t, plain.Header(), "Content-Encoding", "")

	// A small body is not worth compressing.
	r := request("/v2/calls")
	r.Header.Set("Accept-Encoding", "gzip")
	wantHeader(t, s.do(r).Header(), "Content-Encoding", "")
}

func wantHeader(t *testing.T, h http.Header, name, want string) {
	t.Helper()
	if got := h.Get(name); got != want {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
}

// FuzzAcceptsGzip: several headers count as one with commas (RFC 9110, 5.3). A client gets
// gzip only if it names gzip or * and does not refuse it.
func FuzzAcceptsGzip(f *testing.F) {
	f.Add("gzip;q=0.5, identity;q=0.7", "*;q=0")
	f.Add("*", "gzip ; Q=1e-3;q=2")
	f.Add("br;q=NaN, x-gzip;q=+1", "identity;q=0x1p-2")
	f.Fuzz(func(t *testing.T, one, other string) {
		got := acceptsGzip([]string{one, other})
		if joined := acceptsGzip([]string{one + "," + other}); joined != got {
			t.Errorf("%q and %q: %t, joined %t", one, other, got, joined)
		}
		all := strings.ToLower(one + "," + other)
		if got && !strings.Contains(all, "gzip") && !strings.Contains(all, "*") {
			t.Errorf("%q and %q ask for gzip", one, other)
		}
		if acceptsGzip([]string{one, other, "gzip;q=0"}) {
			t.Errorf("%q and %q ask for gzip although it is refused", one, other)
		}
	})
}
