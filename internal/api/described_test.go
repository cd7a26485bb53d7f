package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/openapitest"
)

// description is the description of the API, as it is served.
func description(t testing.TB) []byte {
	t.Helper()
	document, err := os.ReadFile("../openapi/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func newDescribed(t testing.TB) *openapitest.Validator {
	t.Helper()
	v, err := openapitest.New(description(t))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// completed is a body with its calls as a store would have kept them: the tests
// of this room put short documents, for those who read them.
func completed(t testing.TB, body []byte) []byte {
	t.Helper()
	var page struct {
		RequestID json.RawMessage `json:"requestId"`
		Records   json.RawMessage `json:"records"`
		Calls     []gong.Call     `json:"calls"`
	}
	var one struct {
		RequestID json.RawMessage `json:"requestId"`
		Call      *gong.Call      `json:"call"`
	}
	if json.Unmarshal(body, &page) != nil || json.Unmarshal(body, &one) != nil || page.Calls == nil && one.Call == nil {
		return body // an error, or nothing
	}
	answer := any(page)
	if one.Call != nil {
		answer = one
	}
	whole, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// describe stands for what serves the description.
func describe(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", `"1"`)
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return
	}
	io.WriteString(w, `{"openapi":"3.1.0","info":{},"paths":{}}`)
}

// Without a description its route is as any that is not there.
func TestNoDescription(t *testing.T) {
	s := newServer(t, Config{})
	wantStatus(t, s.do(httptest.NewRequest("GET", descriptionPath, nil)), http.StatusUnauthorized, notAuthorized)
	wantStatus(t, s.get(descriptionPath), http.StatusMethodNotAllowed, "This server does not serve GET "+descriptionPath)
}

// The description has the paths, the parameters and the scope of this room.
func TestDescribed(t *testing.T) {
	type operation struct {
		Parameters []struct{ Name, In string }
		Security   []map[string][]string
	}
	var d struct {
		Paths map[string]map[string]operation
	}
	if err := json.Unmarshal(description(t), &d); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, Config{Description: http.HandlerFunc(describe)})
	if len(d.Paths) != len(s.routes) {
		t.Errorf("%d paths are described, %d are served", len(d.Paths), len(s.routes))
	}
	for _, route := range s.routes {
		o, known := d.Paths[route.path]["get"]
		if !known || len(d.Paths[route.path]) != 1 {
			t.Fatalf("%s %s is not described, or not alone", route.method, route.path)
		}
		want := []map[string][]string{{"basic": {string(route.scope)}}, {"bearer": {string(route.scope)}}}
		if route.scope == anybody {
			want = []map[string][]string{}
		}
		if diff := cmp.Diff(want, o.Security); diff != "" {
			t.Errorf("%s: security (-want +got)\n%s", route.path, diff)
		}
	}
	var names []string
	for _, p := range d.Paths[gong.Path]["get"].Parameters {
		if p.In != "query" {
			t.Errorf("%s is in %q", p.Name, p.In)
		}
		names = append(names, p.Name)
	}
	if diff := cmp.Diff(parameterNames[:], names); diff != "" {
		t.Errorf("parameters (-want +got)\n%s", diff)
	}
}
