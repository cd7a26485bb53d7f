package upstreamtest

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"syscall"
)

// Transport is a http.RoundTripper that calls a handler in place of a server. A handler that
// panics with http.ErrAbortHandler breaks the connection: before it wrote anything the request
// is an error, afterwards the body is.
type Transport struct {
	Handler http.Handler
}

// RoundTrip calls the handler and returns what it wrote.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	sent := r.Clone(r.Context())
	sent.RequestURI, sent.Host = r.URL.RequestURI(), r.URL.Host
	if sent.Body == nil {
		sent.Body = http.NoBody
	}
	w := &answer{header: make(http.Header)}
	broken := w.serve(t.Handler, sent)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if w.status == 0 && broken {
		return nil, syscall.ECONNRESET
	}
	response := &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, ContentLength: -1, Request: r,
	}
	if length, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64); err == nil {
		response.ContentLength = length
	}
	var body io.Reader = &w.body
	if broken || response.ContentLength > int64(w.body.Len()) {
		body = io.MultiReader(body, cut{})
	}
	response.Body = io.NopCloser(body)
	return response, nil
}

// cut is the end of a body that is not its end.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// answer is what a handler writes.
type answer struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	spoiled bool // the client will not get it
}

// serve lets a handler answer, and tells whether it broke the connection.
func (w *answer) serve(handler http.Handler, r *http.Request) (broken bool) {
	defer func() {
		switch v := recover(); v {
		case nil:
			if w.status == 0 && !broken {
				w.status = http.StatusOK
			}
		case http.ErrAbortHandler:
			broken = true
		default:
			panic(v)
		}
	}()
	handler.ServeHTTP(w, r)
	return false
}

func (w *answer) Header() http.Header { return w.header }

func (w *answer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *answer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}
