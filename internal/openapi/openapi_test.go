package openapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// get asks a handler, with headers as pairs of name and value.
func get(t testing.TB, h http.Handler, method string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "/openapi.json", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The document is served as it is written, but for the address of the API.
func TestDocumentNamesTheAddress(t *testing.T) {
	type named struct{ Servers []struct{ URL string } }
	for _, address := range []string{"/", "http://127.0.0.1:8080", `https://"<&é`} {
		h, err := Document(address)
		if err != nil {
			t.Fatal(err)
		}
		var got named
		text := body(t, get(t, h, "GET"))
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Servers) != 1 || got.Servers[0].URL != address {
			t.Errorf("got %+v, want %s", got, address)
		}
		if address == "/" && text != string(document) {
			t.Error("the document is not served as it is")
		}
	}
}

func TestConditionalRequests(t *testing.T) {
	h, err := Document("/")
	if err != nil {
		t.Fatal(err)
	}
	whole := get(t, h, "GET")
	etag := whole.Header.Get("ETag")
	other, err := Document("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if changed := get(t, other, "GET").Header.Get("ETag"); len(etag) < 10 || changed == etag {
		t.Fatalf("ETag %s, of another document %s", etag, changed)
	}
	for _, tt := range []struct {
		value string
		want  int
	}{
		{etag, 304}, {"W/" + etag, 304}, {`"x", ` + etag, 304}, {"*", 304},
		{`"x"`, 200}, {"", 200}, {etag[1 : len(etag)-1], 200}, {`"x",`, 200},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			r := get(t, h, method, "If-None-Match", tt.value)
			if r.StatusCode != tt.want || r.Header.Get("ETag") != etag || r.Header.Get("Cache-Control") != "no-cache" {
				t.Errorf("%s %s: %d %v", method, tt.value, r.StatusCode, r.Header)
			}
			if text := body(t, r); (text != "") != (method == "GET" && tt.want == 200) {
				t.Errorf("%s %s: %d with a body of %d bytes", method, tt.value, r.StatusCode, len(text))
			}
		}
	}
}

// Each answer is as the document itself describes it.
func TestDescribesItself(t *testing.T) {
	v := newValidator(t)
	h, err := Document("/")
	if err != nil {
		t.Fatal(err)
	}
	etag := get(t, h, "GET").Header.Get("ETag")
	for _, method := range []string{"GET", "HEAD"} {
		for _, known := range []string{"", etag} {
			r := get(t, h, method, "If-None-Match", known)
			if err := v.Check(httptest.NewRequest(method, "/openapi.json", nil), r.StatusCode, r.Header, []byte(body(t, r))); err != nil {
				t.Error(err)
			}
		}
	}
}
