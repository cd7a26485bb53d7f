package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// client reads calls from a server, with a key.
type client struct {
	t    testing.TB
	base string
	key  key
	http *http.Client
}

// as is a client with a key. It takes bytes as they come: nothing is
// decompressed behind its back, no redirect is followed.
func (s *server) as(k key) *client {
	transport := &http.Transport{DisableCompression: true}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &client{s.t, s.base, k, &http.Client{
		Transport:     transport,
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// request is GET /v2/calls with a raw query.
func (c *client) request(rawQuery string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, c.base+"/v2/calls", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.URL.RawQuery = rawQuery
	if c.key.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.key.Token)
	} else {
		r.SetBasicAuth(c.key.AccessKey, c.key.AccessKeySecret)
	}
	return r
}

// try sends a request; it may be used in any goroutine.
func (c *client) try(r *http.Request) (answer, error) {
	response, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(body)}, err
}

func (c *client) send(r *http.Request) answer {
	c.t.Helper()
	a, err := c.try(r)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func (c *client) get(rawQuery string) answer {
	c.t.Helper()
	return c.send(c.request(rawQuery))
}

// page is a response body, its calls as they are on the wire.
type page struct {
	RequestID string `json:"requestId"`
	Records   struct {
		TotalRecords      int     `json:"totalRecords"`
		CurrentPageSize   int     `json:"currentPageSize"`
		CurrentPageNumber int     `json:"currentPageNumber"`
		Cursor            *string `json:"cursor"`
	} `json:"records"`
	Calls []json.RawMessage `json:"calls"`
}

// bytes is the page as the contract writes it: every key in its place, the
// cursor not there when there is none, no white space.
func (p *page) bytes() string {
	var b strings.Builder
	r := p.Records
	fmt.Fprintf(&b, `{"requestId":"%s","records":{"totalRecords":%d,"currentPageSize":%d,"currentPageNumber":%d`,
		p.RequestID, r.TotalRecords, r.CurrentPageSize, r.CurrentPageNumber)
	if r.Cursor != nil {
		fmt.Fprintf(&b, `,"cursor":"%s"`, *r.Cursor)
	}
	b.WriteString(`},"calls":[`)
	for i, call := range p.Calls {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(call)
	}
	b.WriteString("]}")
	return b.String()
}

// documents are the calls as text.
func (p *page) documents() []string {
	documents := make([]string, len(p.Calls))
	for i, call := range p.Calls {
		documents[i] = string(call)
	}
	return documents
}

// page is get of what must be a page, to the byte.
func (c *client) page(rawQuery string) page {
	c.t.Helper()
	a := c.get(rawQuery)
	if a.status != http.StatusOK {
		c.t.Fatalf("%s: status %d: %s", rawQuery, a.status, a.body)
	}
	var p page
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		c.t.Fatalf("%s: %v in %s", rawQuery, err, a.body)
	}
	if want := p.bytes(); a.body != want {
		c.t.Fatalf("%s: the body is\n%s\nnot\n%s", rawQuery, a.body, want)
	}
	if p.Records.CurrentPageSize != len(p.Calls) {
		c.t.Fatalf("%s: %d calls on a page that says %d", rawQuery, len(p.Calls), p.Records.CurrentPageSize)
	}
	return p
}

// walk follows the cursors to the end, with the parameters repeated, and
// checks what each page says of itself. It is nil when there are no calls.
func (c *client) walk(parameters url.Values) []string {
	c.t.Helper()
	if c.get(parameters.Encode()).status == http.StatusNotFound {
		return nil
	}
	first := c.page(parameters.Encode())
	documents := first.documents()
	for number, p := 1, first; p.Records.Cursor != nil; number++ {
		p = c.page(withCursor(parameters, p))
		if r := p.Records; r.CurrentPageNumber != number || r.TotalRecords != first.Records.TotalRecords || len(p.Calls) == 0 {
			c.t.Fatalf("page %d of %d calls says %+v", number, first.Records.TotalRecords, r)
		}
		documents = append(documents, p.documents()...)
	}
	if first.Records.CurrentPageNumber != 0 || len(documents) != first.Records.TotalRecords {
		c.t.Fatalf("a walk of %d calls that begins with %+v", len(documents), first.Records)
	}
	return documents
}

// withCursor is the query of the page after p.
func withCursor(parameters url.Values, p page) string {
	next := url.Values{"cursor": {*p.Records.Cursor}}
	for name, values := range parameters {
		next[name] = values
	}
	return next.Encode()
}

// between is a range as parameters.
func between(from, to string) url.Values {
	return url.Values{"fromDateTime": {from}, "toDateTime": {to}}
}

// everything is a range that all calls of a test are in.
func everything() url.Values { return between("2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z") }

// errorsOf takes an error body apart, which must be the envelope to the byte.
func errorsOf(t testing.TB, a answer) []string {
	t.Helper()
	var body struct {
		RequestID string   `json:"requestId"`
		Errors    []string `json:"errors"`
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	var again strings.Builder
	encoder := json.NewEncoder(&again)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimSuffix(again.String(), "\n"); a.body != want || len(body.Errors) == 0 {
		t.Fatalf("the body is\n%s\nnot\n%s", a.body, want)
	}
	return body.Errors
}

// wantErrors checks a status and the texts with it.
func wantErrors(t testing.TB, a answer, status int, texts ...string) {
	t.Helper()
	if got := errorsOf(t, a); a.status != status || strings.Join(got, "\n") != strings.Join(texts, "\n") {
		t.Errorf("got %d %q, want %d %q", a.status, got, status, texts)
	}
}
