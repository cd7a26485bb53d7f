package openapitest

import (
	"bytes"
	"io"
	"net/http"
)

// Transport is a client's transport with each answer checked: the end of the
// body of one that is not as described is an error.
type Transport struct {
	Next      http.RoundTripper
	Validator *Validator
}

// RoundTrip sends the request as it is.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.Next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = &checkedBody{ReadCloser: response.Body, check: func(body []byte) error {
		return t.Validator.Check(r, response.StatusCode, response.Header, body)
	}}
	return response, nil
}

// checkedBody is a body that is checked when it has been read to its end.
type checkedBody struct {
	io.ReadCloser
	read  bytes.Buffer
	check func(body []byte) error
}

func (b *checkedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Write(p[:n])
	if err != io.EOF {
		return n, err
	}
	if err := b.check(b.read.Bytes()); err != nil {
		return n, err
	}
	return n, io.EOF
}
