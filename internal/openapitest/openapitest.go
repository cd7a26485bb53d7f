// Package openapitest checks the answers of an API against its OpenAPI document, for
// tests. It imports nothing from this module.
package openapitest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Validator checks answers against one document. It is safe for concurrent use.
type Validator struct {
	document *openapi3.T
	schemas  map[*openapi3.MediaType]*jsonschema.Schema
}

// others is the extension with the answers to requests that no path describes. The
// validator treats it as a path of the same name.
const others = "x-other-requests"

// New reads a document, and checks it and its examples.
func New(document []byte) (*Validator, error) {
	document, err := withOthers(document)
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	loaded, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("load the OpenAPI document: %w", err)
	}
	if err := loaded.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("the OpenAPI document: %w", err)
	}
	schemas, err := compile(document, loaded)
	if err != nil {
		return nil, fmt.Errorf("the schemas of the OpenAPI document: %w", err)
	}
	return &Validator{loaded, schemas}, nil
}

// withOthers returns the document with its extension as a path, so that its answers
// are checked like all others.
func withOthers(document []byte) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(document, &members); err != nil {
		return nil, err
	}
	var paths map[string]json.RawMessage
	if err := json.Unmarshal(members["paths"], &paths); err != nil {
		return nil, err
	}
	paths["/"+others] = fmt.Appendf(nil, `{"get":%s}`, members[others])
	whole, err := json.Marshal(paths)
	if err != nil {
		return nil, err
	}
	members["paths"] = whole
	return json.Marshal(members)
}

// compile compiles the schemas of all bodies once. openapi3filter would compile them
// for each answer, which takes ten milliseconds.
func compile(document []byte, loaded *openapi3.T) (map[*openapi3.MediaType]*jsonschema.Schema, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	const name = "openapi.json"
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(name, value); err != nil {
		return nil, err
	}
	schemas := make(map[*openapi3.MediaType]*jsonschema.Schema)
	escape := strings.NewReplacer("~", "~0", "/", "~1").Replace
	for path, item := range loaded.Paths.Map() {
		for method, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				place := response.Ref
				if place == "" {
					place = "#/paths/" + escape(path) + "/" + strings.ToLower(method) + "/responses/" + status
				}
				for media, content := range response.Value.Content {
					schema, err := compiler.Compile(name + place + "/content/" + escape(media) + "/schema")
					if err != nil {
						return nil, err
					}
					schemas[content] = schema
				}
			}
		}
	}
	return schemas, nil
}

// Check returns an error if the answer's status, described headers, content type or
// body differ from the description of the request.
func (v *Validator) Check(r *http.Request, status int, header http.Header, body []byte) error {
	if err := v.check(r, status, header, body); err != nil {
		return fmt.Errorf("%s %s: status %d is not as described: %w", r.Method, r.URL.Path, status, err)
	}
	return nil
}

func (v *Validator) check(r *http.Request, status int, header http.Header, body []byte) error {
	route := v.route(r)
	described := route.Operation.Responses.Status(status)
	if described == nil {
		return errors.New("the description does not have this status")
	}
	bodiless := r.Method == http.MethodHead || len(described.Value.Content) == 0
	if bodiless && len(body) > 0 {
		return fmt.Errorf("a body of %d bytes, want none", len(body))
	}
	get := r.Clone(r.Context())
	get.Method = http.MethodGet // openapi3filter skips answers to HEAD
	err := openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: get, Route: route},
		Status:                 status,
		Header:                 header,
		Options:                &openapi3filter.Options{ExcludeResponseBody: true},
	})
	if err != nil {
		return err
	}
	if len(described.Value.Content) == 0 {
		return nil
	}
	content := described.Value.Content.Get(header.Get("Content-Type"))
	if content == nil {
		return fmt.Errorf("the Content-Type is %q", header.Get("Content-Type"))
	}
	if bodiless {
		return nil
	}
	return v.checkBody(content, header, body)
}

func (v *Validator) checkBody(content *openapi3.MediaType, header http.Header, body []byte) error {
	plain, err := decompress(header, body)
	if err != nil {
		return fmt.Errorf("decompress the body: %w", err)
	}
	var value any = string(plain)
	if strings.HasPrefix(header.Get("Content-Type"), "application/json") {
		if value, err = jsonschema.UnmarshalJSON(bytes.NewReader(plain)); err != nil {
			return fmt.Errorf("decode the body: %w", err)
		}
	}
	return v.schemas[content].Validate(value)
}

// route is the operation that describes a request. HEAD is described with GET.
func (v *Validator) route(r *http.Request) *routers.Route {
	path, method := v.path(r.URL.Path), r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	item := v.document.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil || r.URL.RawPath != "" {
		path, method = "/"+others, http.MethodGet
		item = v.document.Paths.Value(path)
	}
	return &routers.Route{Spec: v.document, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method)}
}

// path is the path of the document that a request's path is an instance of. What stands
// for {id} is a number of 1 to 20 digits.
func (v *Validator) path(requested string) string {
	last := strings.LastIndexByte(requested, '/') + 1
	if digits := requested[last:]; isNumber.MatchString(digits) {
		return requested[:last] + "{id}"
	}
	return requested
}

var isNumber = regexp.MustCompile(`^[0-9]{1,20}$`)

func decompress(header http.Header, body []byte) ([]byte, error) {
	if header.Get("Content-Encoding") != "gzip" {
		return body, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
