package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
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
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		return body // an error of another form, or nothing
	}
	complete := func(document any) any {
		text, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		c, err := gong.ParseCall(text)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if document, found := members["call"]; found {
		members["call"] = complete(document)
	}
	changes, _ := members["changes"].([]any)
	for _, change := range changes {
		if change := change.(map[string]any); change["call"] != nil {
			change["call"] = complete(change["call"])
		}
	}
	calls, _ := members["calls"].([]any)
	for i, call := range calls {
		if details := call.(map[string]any); details["metaData"] != nil {
			details["metaData"] = complete(details["metaData"])
		} else {
			calls[i] = complete(call)
		}
	}
	whole, err := json.Marshal(members)
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
	described := 0
	for _, operations := range d.Paths {
		described += len(operations)
	}
	if described != len(s.routes) {
		t.Errorf("%d operations are described, %d are served", described, len(s.routes))
	}
	for _, route := range s.routes {
		o, known := d.Paths[route.path][strings.ToLower(route.method)]
		if !known {
			t.Errorf("%s %s is not described", route.method, route.path)
			continue
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
	if diff := cmp.Diff(queryNames[:], names); diff != "" {
		t.Errorf("parameters (-want +got)\n%s", diff)
	}
}
