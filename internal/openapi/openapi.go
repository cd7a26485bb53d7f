// Package openapi is the description of the API that machines read, an OpenAPI
// 3.1 document, and the page for people that is made from it.
//
// The document is written by hand, in openapi.json. What it says twice, because
// package gong or internal/api says it too, is held by tests: the fields and
// their order, the enums, the names of parameters, the examples.
package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Path is where the document is served.
const Path = "/openapi.json"

//go:embed openapi.json
var document []byte

// Document serves the document to GET and HEAD. Address is where the API is, as
// the document shall say it: "/" where the API itself serves it, since a proxy
// may stand before it, and otherwise a URL such as http://127.0.0.1:8080.
func Document(address string) (http.Handler, error) {
	body, err := at(address)
	if err != nil {
		return nil, err
	}
	return newFile("application/json", body), nil
}

// at is the document with the address of the API.
func at(address string) ([]byte, error) {
	quoted, err := json.Marshal(address)
	if err != nil {
		return nil, fmt.Errorf("the address of the API: %w", err)
	}
	return bytes.Replace(document, []byte(`"url": "/"`), append([]byte(`"url": `), quoted...), 1), nil
}

// file is bytes that are served as they are: in memory once, however many ask.
type file struct {
	body        []byte
	contentType string
	etag        string
}

func newFile(contentType string, body []byte) *file {
	sum := sha256.Sum256(body)
	return &file{body, contentType, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

// ServeHTTP answers with the bytes, or with 304 when the client has them. A
// newer program may have others, so a client is to ask each time.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header["Etag"] = []string{f.etag}
	header["Cache-Control"] = []string{"no-cache"}
	if f.known(r.Header["If-None-Match"]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header["Content-Type"] = []string{f.contentType}
	header["Content-Length"] = []string{strconv.Itoa(len(f.body))}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(f.body) // a client that is gone has nobody to tell
	}
}

// known tells whether the client has the bytes: whether an If-None-Match names
// them, be it as a weak tag (RFC 9110, 13.1.2).
func (f *file) known(values []string) bool {
	for _, value := range values {
		for tag := range strings.SplitSeq(value, ",") {
			tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
			if tag == "*" || tag == f.etag {
				return true
			}
		}
	}
	return false
}
