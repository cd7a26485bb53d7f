package program

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Client reads calls from a server, with a key.
type Client struct {
	T    testing.TB
	Base string
	Key  Key
	HTTP *http.Client
}

// As is a client with a key. It takes bytes As they come: nothing is
// decompressed behind its back, no redirect is followed.
func (s *Server) As(k Key) *Client {
	transport := &http.Transport{DisableCompression: true}
	s.T.Cleanup(transport.CloseIdleConnections)
	return &Client{s.T, s.Base, k, &http.Client{
		Transport:     transport,
		Timeout:       Patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Answer is a response, read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Request is GET /v2/calls with a raw query.
func (c *Client) Request(rawQuery string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, c.Base+"/v2/calls", nil)
	if err != nil {
		c.T.Fatal(err)
	}
	r.URL.RawQuery = rawQuery
	if c.Key.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Key.Token)
	} else {
		r.SetBasicAuth(c.Key.AccessKey, c.Key.AccessKeySecret)
	}
	return r
}

// Try sends a request; it may be used in any goroutine.
func (c *Client) Try(r *http.Request) (Answer, error) {
	response, err := c.HTTP.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return Answer{response.StatusCode, response.Header, string(body)}, err
}

// Send sends a request that must be answered.
func (c *Client) Send(r *http.Request) Answer {
	c.T.Helper()
	a, err := c.Try(r)
	if err != nil {
		c.T.Fatal(err)
	}
	return a
}

// Get asks for calls with a raw query.
func (c *Client) Get(rawQuery string) Answer {
	c.T.Helper()
	return c.Send(c.Request(rawQuery))
}

// Page is a response body, its calls as they are on the wire.
type Page struct {
	RequestID string `json:"requestId"`
	Records   struct {
		TotalRecords      int     `json:"totalRecords"`
		CurrentPageSize   int     `json:"currentPageSize"`
		CurrentPageNumber int     `json:"currentPageNumber"`
		Cursor            *string `json:"cursor"`
	} `json:"records"`
	Calls []json.RawMessage `json:"calls"`
}

// Bytes is the page as the contract writes it: every key in its place, the
// cursor not there when there is none, no white space.
func (p *Page) Bytes() string {
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

// Documents are the calls as text.
func (p *Page) Documents() []string {
	documents := make([]string, len(p.Calls))
	for i, call := range p.Calls {
		documents[i] = string(call)
	}
	return documents
}

// Page is get of what must be a Page, to the byte.
func (c *Client) Page(rawQuery string) Page {
	c.T.Helper()
	p, err := c.TryPage(rawQuery)
	if err != nil {
		c.T.Fatal(err)
	}
	return p
}

// TryPage is Page for any goroutine.
func (c *Client) TryPage(rawQuery string) (p Page, err error) {
	a, err := c.Try(c.Request(rawQuery))
	if err != nil {
		return p, fmt.Errorf("%s: %w", rawQuery, err)
	}
	if a.Status != http.StatusOK {
		return p, fmt.Errorf("%s: status %d: %s", rawQuery, a.Status, a.Body)
	}
	if err := json.Unmarshal([]byte(a.Body), &p); err != nil {
		return p, fmt.Errorf("%s: %w in %s", rawQuery, err, a.Body)
	}
	if want := p.Bytes(); a.Body != want {
		return p, fmt.Errorf("%s: the body is\n%s\nnot\n%s", rawQuery, a.Body, want)
	}
	if p.Records.CurrentPageSize != len(p.Calls) {
		return p, fmt.Errorf("%s: %d calls on a page that says %d", rawQuery, len(p.Calls), p.Records.CurrentPageSize)
	}
	return p, nil
}

// Walk follows the cursors to the end, with the parameters repeated, and
// checks what each page says of itself. It is nil when there are no calls.
func (c *Client) Walk(parameters url.Values) []string {
	c.T.Helper()
	if c.Get(parameters.Encode()).Status == http.StatusNotFound {
		return nil
	}
	first := c.Page(parameters.Encode())
	documents := first.Documents()
	for number, p := 1, first; p.Records.Cursor != nil; number++ {
		p = c.Page(WithCursor(parameters, p))
		if r := p.Records; r.CurrentPageNumber != number || r.TotalRecords != first.Records.TotalRecords || len(p.Calls) == 0 {
			c.T.Fatalf("page %d of %d calls says %+v", number, first.Records.TotalRecords, r)
		}
		documents = append(documents, p.Documents()...)
	}
	if first.Records.CurrentPageNumber != 0 || len(documents) != first.Records.TotalRecords {
		c.T.Fatalf("a walk of %d calls that begins with %+v", len(documents), first.Records)
	}
	return documents
}

// WithCursor is the query of the page after p.
func WithCursor(parameters url.Values, p Page) string {
	next := url.Values{"cursor": {*p.Records.Cursor}}
	for name, values := range parameters {
		next[name] = values
	}
	return next.Encode()
}

// Between is a range as parameters.
func Between(from, to string) url.Values {
	return url.Values{"fromDateTime": {from}, "toDateTime": {to}}
}

// Everything is a range that all calls of a test are in.
func Everything() url.Values { return Between("2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z") }

// ErrorsOf takes an error body apart, which must be the envelope to the byte.
func ErrorsOf(t testing.TB, a Answer) []string {
	t.Helper()
	var body struct {
		RequestID string   `json:"requestId"`
		Errors    []string `json:"errors"`
	}
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil {
		t.Fatalf("%v in %s", err, a.Body)
	}
	var again strings.Builder
	encoder := json.NewEncoder(&again)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimSuffix(again.String(), "\n"); a.Body != want || len(body.Errors) == 0 {
		t.Fatalf("the body is\n%s\nnot\n%s", a.Body, want)
	}
	return body.Errors
}

// WantErrors checks a status and the texts with it.
func WantErrors(t testing.TB, a Answer, status int, texts ...string) {
	t.Helper()
	if got := ErrorsOf(t, a); a.Status != status || strings.Join(got, "\n") != strings.Join(texts, "\n") {
		t.Errorf("got %d %q, want %d %q", a.Status, got, status, texts)
	}
}
