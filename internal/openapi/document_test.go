package openapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/openapitest"
)

// read is the document as the page reads it.
func read(t testing.TB) *description {
	t.Helper()
	var d description
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

// newValidator holds answers to the document. It checks the document's own
// schemas and examples first.
func newValidator(t testing.TB) *openapitest.Validator {
	t.Helper()
	v, err := openapitest.New(document)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The document is one of OpenAPI 3.1, as the OpenAPI Initiative's schema has it
// (spec.openapis.org/oas/3.1/schema/2022-10-07, Apache-2.0).
func TestDocumentIsOpenAPI(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/openapi-3.1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Error(err)
	}
}

// The fields of a call and their order, and the enums and theirs, are those of
// package gong; all fields are always there.
func TestCallSchema(t *testing.T) {
	call := read(t).Components.Schemas["Call"]
	if diff := cmp.Diff(gong.FieldNames(), call.Required); diff != "" {
		t.Errorf("required (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(gong.FieldNames(), propertiesOf(t, "Call")); diff != "" {
		t.Errorf("properties (-want +got)\n%s", diff)
	}
	schemas := read(t).Components.Schemas
	for _, tt := range []struct {
		field, schema string
		want          []string
	}{
		{"direction", "Direction", texts(gong.Directions())},
		{"scope", "CallScope", texts(gong.CallScopes())},
		{"media", "Media", texts(gong.MediaTypes())},
	} {
		if diff := cmp.Diff(tt.want, schemas[tt.schema].Enum); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.schema, diff)
		}
		one := call.Properties[tt.field].OneOf
		if len(one) != 2 || nameOf(one[0].Ref) != tt.schema || one[1].Type[0] != "null" {
			t.Errorf("%s is not one of %s and null", tt.field, tt.schema)
		}
	}
}

func texts[T ~string](values []T) (texts []string) {
	for _, value := range values {
		texts = append(texts, string(value))
	}
	return texts
}

// propertiesOf are the names of a schema's properties as the document orders
// them.
func propertiesOf(t *testing.T, name string) (names []string) {
	t.Helper()
	var d struct {
		Components struct {
			Schemas map[string]struct{ Properties json.RawMessage }
		}
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(d.Components.Schemas[name].Properties))
	if _, err := decoder.Token(); err != nil {
		t.Fatal(err)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// Every call that gong writes is as described, field by field: set, and unset
// but for the id. One with a field of another type is not, nor one without a field.
func TestCallsOfGong(t *testing.T) {
	v := newValidator(t)
	check := func(call string) error {
		body := `{"requestId":"4al018gzaztcr8nbukw","records":{"totalRecords":1,"currentPageSize":1,"currentPageNumber":0},"calls":[` + call + `]}`
		header := http.Header{"Content-Type": {"application/json;charset=UTF-8"}, "X-Traceid": {"4al018gzaztcr8nbukw"}}
		return v.Check(httptest.NewRequest("GET", gong.Path, nil), http.StatusOK, header, []byte(body))
	}
	for _, field := range gong.FieldNames() {
		sound := false
		for _, text := range []string{"text", "7", "true", "2026-03-04T12:00:00.123+23:45", "Inbound", "Internal", "Video"} {
			c := gong.Call{ID: "1"}
			if c.SetText(field, text) != nil || field == "id" && text != "7" || field == "workspaceId" && text != "7" {
				continue
			}
			sound = true
			document := string(c.AppendJSON(nil))
			if err := check(document); err != nil {
				t.Errorf("%s: %v", document, err)
			}
			if err := check(strings.Replace(document, `"`+field+`":`, `"other":`, 1)); err == nil {
				t.Errorf("%s: may be missing", field)
			}
		}
		if !sound {
			t.Errorf("%s takes none of the texts", field)
		}
		var wrong map[string]any
		if err := json.Unmarshal((&gong.Call{ID: "1"}).AppendJSON(nil), &wrong); err != nil {
			t.Fatal(err)
		}
		wrong[field] = []string{}
		document, err := json.Marshal(wrong)
		if err != nil {
			t.Fatal(err)
		}
		if check(string(document)) == nil {
			t.Errorf("%s may be an array", field)
		}
	}
}

// Every example of an answer was answered: it is in a golden exchange of the
// API, but for the id of the request.
func TestExamplesAreReal(t *testing.T) {
	real := recorded(t)
	d := read(t)
	seen := 0
	check := func(status string, r *response) {
		r = named(r, r.Ref, d.Components.Responses)
		for name, e := range r.Content["application/json"].Examples {
			seen++
			if !real[status+" "+without(t, []byte(e.Value))] {
				t.Errorf("%s, example %q: no golden exchange has\n%s", status, name, e.Value)
			}
		}
	}
	for path, methods := range d.Paths {
		for _, o := range methods {
			for status, r := range o.Responses {
				if path != "/openapi.json" {
					check(status, r)
				}
			}
		}
	}
	for status, r := range d.Other.Responses {
		check(status, r)
	}
	if seen < 12 {
		t.Errorf("only %d examples", seen)
	}
}

// recorded are the statuses and bodies of the golden exchanges.
func recorded(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../api/testdata/exchanges/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden exchanges", err)
	}
	bodies := make(map[string]bool)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		status := ""
		for line := range strings.Lines(string(text)) {
			line, isAnswer := strings.CutPrefix(line, "< ")
			if first, found := strings.CutPrefix(line, "HTTP/1.1 "); isAnswer && found {
				status = first[:3]
			}
			if isAnswer && strings.HasPrefix(line, "{") {
				bodies[status+" "+without(t, []byte(line))] = true
			}
		}
	}
	return bodies
}

// without is a body without its requestId and white space.
func without(t *testing.T, body []byte) string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatal(err)
	}
	delete(members, "requestId")
	short, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(short)
}

// Every status of an operation has an example, where it has a body of ours.
func TestEveryStatusHasAnExample(t *testing.T) {
	d := read(t)
	check := func(path, status string, r *response) {
		for media, content := range named(r, r.Ref, d.Components.Responses).Content {
			if len(content.Examples) == 0 && path != "/openapi.json" {
				t.Errorf("%s %s %s has no example", path, status, media)
			}
		}
	}
	for path, methods := range d.Paths {
		for _, o := range methods {
			for status, r := range o.Responses {
				check(path, status, r)
			}
		}
	}
	for status, r := range d.Other.Responses {
		check("others", status, r)
	}
}
