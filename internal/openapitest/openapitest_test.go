package openapitest

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const document = `{
  "openapi": "3.1.0",
  "info": {"title": "t", "version": "1"},
  "paths": {"/things": {"get": {"responses": {
    "200": {
      "description": "a thing",
      "headers": {"X-Id": {"required": true, "schema": {"type": "string", "pattern": "^[0-9]+$"}}},
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    },
    "304": {"description": "as before", "headers": {"X-Id": {"required": true, "schema": {"type": "string"}}}}
  }}}},
  "x-other-requests": {"responses": {"404": {
    "description": "nothing",
    "content": {"application/json": {"schema": {"type": "object", "required": ["errors"]}}}
  }}},
  "components": {"schemas": {"Thing": {
    "type": "object",
    "required": ["name", "kind"],
    "properties": {"name": {"type": ["string", "null"]}, "kind": {"type": ["string", "null"], "enum": ["a", "b", null]},
      "at": {"type": "string", "format": "date-time"}}
  }}}
}`

func TestCheck(t *testing.T) {
	v, err := New([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	sound := http.Header{"Content-Type": {"application/json;charset=UTF-8"}, "X-Id": {"1"}}
	with := func(name, value string) http.Header {
		changed := maps.Clone(sound)
		changed[name] = []string{value}
		return changed
	}
	without := func(name string) http.Header {
		changed := maps.Clone(sound)
		delete(changed, name)
		return changed
	}
	for name, tt := range map[string]struct {
		request string
		status  int
		header  http.Header
		body    string
		want    string // part of the error, "" for none
	}{
		"sound":               {"GET /things", 200, sound, `{"name":"x","kind":"a"}`, ""},
		"null":                {"GET /things", 200, sound, `{"name":null,"kind":null}`, ""},
		"a further field":     {"GET /things", 200, sound, `{"name":"x","kind":"a","more":1.0e+2}`, ""},
		"HEAD":                {"HEAD /things", 200, sound, "", ""},
		"another path":        {"GET /things/", 404, sound, `{"errors":[]}`, ""},
		"another method":      {"POST /things", 404, sound, `{"errors":[]}`, ""},
		"an escaped path":     {"GET /%74hings", 404, sound, `{"errors":[]}`, ""},
		"a missing field":     {"GET /things", 200, sound, `{"name":"x"}`, "kind"},
		"a wrong type":        {"GET /things", 200, sound, `{"name":1,"kind":"a"}`, "name"},
		"not of the enum":     {"GET /things", 200, sound, `{"name":"x","kind":"A"}`, "kind"},
		"no time":             {"GET /things", 200, sound, `{"name":"x","kind":"a","at":"noon"}`, "noon"},
		"no JSON":             {"GET /things", 200, sound, `{"name":"x"`, "decode"},
		"no body":             {"GET /things", 200, sound, ``, "decode"},
		"a missing header":    {"GET /things", 200, without("X-Id"), `{"name":"x","kind":"a"}`, "X-Id"},
		"a wrong header":      {"GET /things", 200, with("X-Id", "one"), `{"name":"x","kind":"a"}`, "X-Id"},
		"another type":        {"GET /things", 200, with("Content-Type", "text/plain"), `{"name":"x","kind":"a"}`, "Content-Type"},
		"no type":             {"GET /things", 200, without("Content-Type"), `{"name":"x","kind":"a"}`, "Content-Type"},
		"another status":      {"GET /things", 201, sound, `{"name":"x","kind":"a"}`, "the description does not have this status"},
		"another's status":    {"GET /things", 404, sound, `{"errors":[]}`, "the description does not have this status"},
		"HEAD without header": {"HEAD /things", 200, without("X-Id"), "", "X-Id"},
		"HEAD with a body":    {"HEAD /things", 200, sound, `{}`, "a body of 2 bytes"},
		"304 with a body":     {"GET /things", 304, sound, `{}`, "a body of 2 bytes"},
		"304":                 {"GET /things", 304, sound, ``, ""},
		"not compressed":      {"GET /things", 200, with("Content-Encoding", "gzip"), `{"name":"x","kind":"a"}`, "gzip"},
	} {
		method, target, _ := strings.Cut(tt.request, " ")
		err := v.Check(httptest.NewRequest(method, target, nil), tt.status, tt.header, []byte(tt.body))
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

// A document that is none, and one whose example does not fit, are refused.
func TestNewRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":          "{",
		"no paths":         `{"openapi":"3.1.0"}`,
		"an unknown ref":   strings.Replace(document, "schemas/Thing\"", "schemas/Other\"", 1),
		"an example":       strings.Replace(document, `"schema": {"$ref"`, `"example": {"name":1}, "schema": {"$ref"`, 1),
		"another's status": strings.Replace(document, `"description": "nothing",`, "", 1),
	} {
		if text == document {
			t.Fatalf("%s: nothing was replaced", name)
		}
		if _, err := New([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The end of an answer that is not as described is an error.
func TestTransport(t *testing.T) {
	v, err := New([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	for body, sound := range map[string]bool{`{"name":"x","kind":"a"}`: true, `{"name":"x"}`: false, ``: false} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-Id", "1")
			io.WriteString(w, body)
		}))
		defer s.Close()
		client := &http.Client{Transport: &Transport{s.Client().Transport, v}}
		response, err := client.Get(s.URL + "/things")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		response.Body.Close()
		if string(got) != body || (err == nil) != sound {
			t.Errorf("%q: got %q, %v", body, got, err)
		}
	}
}
