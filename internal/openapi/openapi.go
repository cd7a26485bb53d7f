// Package openapi is the description of the API that machines read, an OpenAPI
// 3.1 document, and the page for people that is made from it.
//
// The document is written by hand, in openapi.json. Tests compare what package gong or
// internal/api says too: the fields and their order, the enums, the names of parameters,
// the examples.
package openapi

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/callvault/callvault/internal/web"
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
	return web.File("application/json", body), nil
}

// at is the document with the address of the API.
func at(address string) ([]byte, error) {
	quoted, err := json.Marshal(address)
	if err != nil {
		return nil, fmt.Errorf("the address of the API: %w", err)
	}
	return bytes.Replace(document, []byte(`"url": "/"`), append([]byte(`"url": `), quoted...), 1), nil
}
