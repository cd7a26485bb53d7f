// Package openapi is the description of the API that machines read, an OpenAPI
// 3.1 document, and the page for people that is made from it.
//
// The document is written by hand, in openapi.json. Tests compare what package gong or
// internal/api says too: the fields and their order, the enums, the names of parameters,
// the examples.
package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

//go:embed openapi.json
var document []byte

// Document serves the document to GET and HEAD. Address is where the document says that
// the API is: "/" if the API itself serves it, because a proxy may stand before it, and
// otherwise a URL such as http://127.0.0.1:8080.
func Document(address string) (http.Handler, error) {
	body, err := at(address)
	if err != nil {
		return nil, err
	}
	return fileOf("application/json", body), nil
}

// at is the document with the address of the API.
func at(address string) ([]byte, error) {
	quoted, err := json.Marshal(address)
	if err != nil {
		return nil, fmt.Errorf("the address of the API: %w", err)
	}
	return bytes.Replace(document, []byte(`"url": "/"`), append([]byte(`"url": `), quoted...), 1), nil
}

// fileOf serves bytes to GET and HEAD, or 304 to a client that has them. Clients ask each
// time, because a newer program may have others.
func fileOf(contentType string, body []byte) http.Handler {
	sum := sha256.Sum256(body)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Etag", etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}
