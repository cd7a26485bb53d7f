package program_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/openapitest"
	"github.com/callvault/callvault/internal/program"
)

// as is a client with a key. No answer comes to its end that is not as the server
// describes it at /openapi.json.
func as(s *program.Server, k program.Key) *program.Client {
	s.T.Helper()
	client := s.As(k)
	v, err := openapitest.New([]byte(description(s.T, client)))
	if err != nil {
		s.T.Fatal(err)
	}
	client.HTTP.Transport = &openapitest.Transport{Next: client.HTTP.Transport, Validator: v}
	return client
}

// description is the description of the API, which anybody may read.
func description(t testing.TB, client *program.Client) string {
	t.Helper()
	a := client.Send(describe(t, client, http.MethodGet))
	if a.Status != http.StatusOK {
		t.Fatalf("/openapi.json: %d %s", a.Status, a.Body)
	}
	return a.Body
}

// describe is a request for the description, without a key.
func describe(t testing.TB, client *program.Client, method string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, client.Base+"/openapi.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The description needs no key, is not counted, and need not be sent twice.
func TestDescription(t *testing.T) {
	c := program.New(t)
	c.Put("default", noonOne)
	client := as(c.Serve("--rate-limit", "1/day"), c.Key())
	want := description(t, client)
	client.Page(noonQuery)
	if a := client.Get(noonQuery); a.Status != http.StatusTooManyRequests {
		t.Fatalf("the limit is not reached: %d", a.Status)
	}
	a := client.Send(describe(t, client, http.MethodGet))
	if a.Status != http.StatusOK || a.Body != want || !strings.Contains(a.Body, `"/v2/calls"`) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	again := describe(t, client, http.MethodGet)
	again.Header.Set("If-None-Match", a.Header.Get("ETag"))
	if a := client.Send(again); a.Status != http.StatusNotModified || a.Body != "" {
		t.Errorf("with its ETag: %d %s", a.Status, a.Body)
	}
	if a := client.Send(describe(t, client, http.MethodHead)); a.Status != http.StatusOK || a.Body != "" {
		t.Errorf("HEAD: %d %s", a.Status, a.Body)
	}
	if a := client.Send(describe(t, client, http.MethodPost)); a.Status != http.StatusUnauthorized {
		t.Errorf("POST without a key: %d %s", a.Status, a.Body)
	}
	cross := describe(t, client, http.MethodGet)
	cross.Header.Set("Origin", "http://elsewhere.test")
	if a := client.Send(cross); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a page elsewhere may read it: %v", a.Header)
	}
}

// The operator's listener has the description too, with the address of the API,
// and a page for people.
func TestDescriptionForTheOperator(t *testing.T) {
	s := program.New(t).Serve()
	operator := *s.As(program.Key{})
	operator.Base = s.Manage()
	var d struct{ Servers []struct{ URL string } }
	if err := json.Unmarshal([]byte(description(t, &operator)), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Servers) != 1 || d.Servers[0].URL != s.Base {
		t.Errorf("servers are %+v, not %s", d.Servers, s.Base)
	}
	r := describe(t, &operator, http.MethodGet)
	r.URL.Path = "/docs"
	a := operator.Send(r)
	if a.Status != http.StatusOK || a.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(a.Body, s.Base+"/v2/calls?") {
		t.Errorf("%d %v %s", a.Status, a.Header, a.Body)
	}
}

// An answer that is not as described does not come to its end: what the other tests of this
// room rely on.
func TestUndescribed(t *testing.T) {
	_, client := newNoon(t)
	next := client.HTTP.Transport.(*openapitest.Transport).Next
	for name, change := range map[string]func(*http.Response, string) string{
		"a status": func(r *http.Response, body string) string { r.StatusCode = http.StatusTeapot; return body },
		"a header": func(r *http.Response, body string) string { r.Header.Del("X-Traceid"); return body },
		"a field":  func(_ *http.Response, body string) string { return strings.Replace(body, `"scope":null,`, "", 1) },
		"a type":   func(_ *http.Response, body string) string { return strings.Replace(body, `"id":"9"`, `"id":9`, 1) },
		"an enum": func(_ *http.Response, body string) string {
			return strings.Replace(body, `"media":null`, `"media":"video"`, 1)
		},
	} {
		client.HTTP.Transport.(*openapitest.Transport).Next = changed{next, change}
		if a, err := client.Try(client.Request(noonQuery)); err == nil {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

// changed changes answers on their way.
type changed struct {
	next   http.RoundTripper
	change func(r *http.Response, body string) string
}

func (c changed) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(strings.NewReader(c.change(response, string(body))))
	return response, err
}
