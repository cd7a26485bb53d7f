package program_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault/internal/program"
)

// fields are the keys of a call in the contract's order.
func fields() []string {
	return strings.Fields(`id url title scheduled started duration primaryUserId direction system scope media
		language workspaceId sdrDisposition clientUniqueId customData purpose meetingUrl isPrivate calendarEventId`)
}

// names are the keys of a JSON object in the order that they stand in.
func names(t testing.TB, object string) (names []string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(object))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// Three calls of one moment, in their order. The second has markup and a field
// of the future.
const noonOne, noonTwo, noonThree = `{"id":"9","started":"2026-03-04T12:00:00Z"}`,
	`{"id":"10","started":"2026-03-04T12:00:00Z","title":"<b>Q&A</b> “é” \u2028","future":{"b":1.0e+2,"a":[null]}}`,
	`{"id":"18446744073709551617","started":"2026-03-04T14:00:00+02:00","workspaceId":"7"}`

// newNoon serves the three calls and returns a client of them.
func newNoon(t *testing.T, args ...string) (*program.CLI, *program.Client) {
	t.Helper()
	c := program.New(t)
	c.Put("default", noonThree, noonTwo, noonOne)
	k := c.Key()
	return c, as(c.Serve(args...), k)
}

const noonQuery = "fromDateTime=2026-03-04T12:00:00Z&toDateTime=2026-03-04T12:00:01Z"

// The whole body, to the byte, but for what is new in each answer.
func TestBody(t *testing.T) {
	_, client := newNoon(t)
	p := client.Page(noonQuery)
	want := `{"requestId":"` + p.RequestID + `","records":{"totalRecords":3,"currentPageSize":3,"currentPageNumber":0},"calls":[` +
		`{"id":"9","url":null,"title":null,"scheduled":null,"started":"2026-03-04T12:00:00Z","duration":null,"primaryUserId":null,"direction":null,"system":null,"scope":null,"media":null,"language":null,"workspaceId":null,"sdrDisposition":null,"clientUniqueId":null,"customData":null,"purpose":null,"meetingUrl":null,"isPrivate":null,"calendarEventId":null},` +
		`{"id":"10","url":null,"title":"<b>Q&A</b> “é” ` + "\u2028" + `","scheduled":null,"started":"2026-03-04T12:00:00Z","duration":null,"primaryUserId":null,"direction":null,"system":null,"scope":null,"media":null,"language":null,"workspaceId":null,"sdrDisposition":null,"clientUniqueId":null,"customData":null,"purpose":null,"meetingUrl":null,"isPrivate":null,"calendarEventId":null,"future":{"b":1.0e+2,"a":[null]}},` +
		`{"id":"18446744073709551617","url":null,"title":null,"scheduled":null,"started":"2026-03-04T14:00:00+02:00","duration":null,"primaryUserId":null,"direction":null,"system":null,"scope":null,"media":null,"language":null,"workspaceId":"7","sdrDisposition":null,"clientUniqueId":null,"customData":null,"purpose":null,"meetingUrl":null,"isPrivate":null,"calendarEventId":null}]}`
	if diff := cmp.Diff(want, p.Bytes()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, document := range p.Documents() {
		if diff := cmp.Diff(fields(), names(t, document)[:20]); diff != "" {
			t.Errorf("%s (-want +got)\n%s", document, diff)
		}
	}
}

// There is a cursor where there is a next page, and no key of that name where
// there is none.
func TestCursorOnAllButTheLastPage(t *testing.T) {
	_, client := newNoon(t, "--page-size", "2")
	first := client.Page(noonQuery)
	if first.Records.Cursor == nil || *first.Records.Cursor == "" {
		t.Fatalf("%+v", first.Records)
	}
	last := client.Get("cursor=" + *first.Records.Cursor)
	if last.Status != http.StatusOK || strings.Contains(last.Body, `"cursor"`) {
		t.Errorf("%d: %s", last.Status, last.Body)
	}
}

// Every answer has these headers, and its X-Traceid is its requestId.
func TestHeaders(t *testing.T) {
	_, client := newNoon(t)
	stranger := *client
	stranger.Key.AccessKeySecret = "wrong"
	seen := make(map[string]bool)
	for name, a := range map[string]program.Answer{
		"calls":     client.Get(noonQuery),
		"no calls":  client.Get("fromDateTime=2000-01-01T00:00:00Z&toDateTime=2000-01-02T00:00:00Z"),
		"malformed": client.Get(""),
		"stranger":  stranger.Get(noonQuery),
	} {
		var body struct{ RequestID string }
		if err := json.Unmarshal([]byte(a.Body), &body); err != nil {
			t.Fatal(err)
		}
		if got := a.Header.Values("X-Traceid"); len(got) != 1 || got[0] != body.RequestID {
			t.Errorf("%s: X-Traceid %q, requestId %q", name, got, body.RequestID)
		}
		if !regexp.MustCompile(`^[0-9a-z]{18,20}$`).MatchString(body.RequestID) || seen[body.RequestID] {
			t.Errorf("%s: requestId %q", name, body.RequestID)
		}
		seen[body.RequestID] = true
		for header, want := range map[string]string{
			"Content-Type":     "application/json;charset=UTF-8",
			"Vary":             "Accept-Encoding",
			"Content-Encoding": "",
			"Content-Length":   strconv.Itoa(len(a.Body)),
		} {
			if got := strings.Join(a.Header.Values(header), "|"); got != want {
				t.Errorf("%s: %s is %q, not %q", name, header, got, want)
			}
		}
	}
}

func TestGzip(t *testing.T) {
	_, client := newNoon(t)
	plain := client.Page(noonQuery)
	r := client.Request(noonQuery)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br")
	a := client.Send(r)
	if got := a.Header.Get("Content-Encoding") + " " + a.Header.Get("Vary"); got != "gzip Accept-Encoding" {
		t.Fatalf("got %q", got)
	}
	z, err := gzip.NewReader(strings.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	plain.RequestID = a.Header.Get("X-Traceid")
	if got := string(body); got != plain.Bytes() {
		t.Errorf("got\n%s\nwant\n%s", got, plain.Bytes())
	}
	r = client.Request(noonQuery)
	r.Header.Set("Accept-Encoding", "gzip;q=0, br")
	if a := client.Send(r); a.Header.Get("Content-Encoding") != "" || !json.Valid([]byte(a.Body)) {
		t.Errorf("%v: %q", a.Header, a.Body)
	}
}

func TestMethods(t *testing.T) {
	_, client := newNoon(t)
	for _, tt := range []struct {
		method, path string
		status       int
		text         string // "" for no body
		allow        []string
	}{
		{http.MethodHead, "/v2/calls", http.StatusOK, "", nil},
		{http.MethodPut, "/v2/calls/1/media", http.StatusMethodNotAllowed, "This server does not serve PUT /v2/calls/1/media", []string{""}},
		{http.MethodDelete, "/v2/calls", http.StatusMethodNotAllowed, "This server does not serve DELETE /v2/calls", []string{"GET, HEAD, POST"}},
		{http.MethodGet, "/v2/calls/99999", http.StatusNotFound, "Call ID 99999 was not found", nil},
		{http.MethodGet, "/", http.StatusMethodNotAllowed, "This server does not serve GET /", []string{""}},
	} {
		r := client.Request(noonQuery)
		r.Method, r.URL.Path = tt.method, tt.path
		a := client.Send(r)
		if tt.text != "" {
			program.WantErrors(t, a, tt.status, tt.text)
		} else if a.Status != tt.status || a.Body != "" || a.Header.Get("Content-Type") != "application/json;charset=UTF-8" {
			t.Errorf("%s %s: %+v", tt.method, tt.path, a)
		}
		if got := a.Header["Allow"]; !slices.Equal(got, tt.allow) {
			t.Errorf("%s %s: Allow is %q", tt.method, tt.path, got)
		}
	}
}

// A call by its id has the bytes of the list.
func TestCallIsAsListed(t *testing.T) {
	_, client := newNoon(t)
	list := client.Get(noonQuery)
	var page struct {
		Calls []json.RawMessage
	}
	if err := json.Unmarshal([]byte(list.Body), &page); err != nil || len(page.Calls) == 0 {
		t.Fatalf("%v, %s", err, list.Body)
	}
	for _, listed := range page.Calls {
		r := client.Request("")
		r.URL.Path = "/v2/calls/" + fieldOf(string(listed), "id")
		a := client.Send(r)
		want := `{"requestId":"` + fieldOf(a.Body, "requestId") + `","call":` + string(listed) + `}`
		if a.Status != http.StatusOK || a.Body != want {
			t.Errorf("%d %s, want %s", a.Status, a.Body, want)
		}
	}
}

// What clients send that means nothing here is ignored.
func TestIgnored(t *testing.T) {
	_, client := newNoon(t)
	for name, change := range map[string]func(*http.Request){
		"content type": func(r *http.Request) { r.Header.Set("Content-Type", "application/json") },
		"body": func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader([]byte(`{"cursor":"x"}`))), 14
		},
		"headers":            func(r *http.Request) { r.Header.Set("X-Gong-Client", "mcp"); r.Header.Set("Accept", "text/html") },
		"unknown parameters": func(r *http.Request) { r.URL.RawQuery += "&limit=1&page=7&pageSize=1&sort=desc&FROMDATETIME=x" },
		"empty parameters":   func(r *http.Request) { r.URL.RawQuery += "&cursor=&workspaceId=" },
	} {
		r := client.Request(noonQuery)
		change(r)
		if a := client.Send(r); a.Status != http.StatusOK || !strings.Contains(a.Body, `"totalRecords":3,"currentPageSize":3,`) {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

// The same instant in the forms that clients write it.
func TestTimes(t *testing.T) {
	_, client := newNoon(t)
	for _, from := range []string{
		"2026-03-04T12:00:00Z", "2026-03-04T12%3A00%3A00Z", "2026-03-04T12:00:00.000Z", "2026-03-04T12:00Z", "2026-03-04t12:00:00z",
		"2026-03-04T12:00:00.000000%2B00:00", "2026-03-04T12:00:00+00:00", "2026-03-04T12:00:00%2b00%3a00", "2026-03-04T14:00:00+02:00",
		"2026-03-04T05:00:00-07:00", "2026-03-04T05:00:00-7:00", "2026-03-04T05:00:00-0700", "2026-03-04T05:00:00-07", "2026-03-05T11:45:00.000000000+23:45",
	} {
		if p := client.Page("fromDateTime=" + from + "&toDateTime=2026-03-04T12:00:00.000001Z"); p.Records.TotalRecords != 3 {
			t.Errorf("from %s: %+v", from, p.Records)
		}
		program.WantErrors(t, client.Get("fromDateTime=2026-03-04T11:59:59.999999Z&toDateTime="+from), http.StatusNotFound, noCalls)
	}
}

// What is wrong with parameters is told, all of it, parameter by parameter.
func TestMalformed(t *testing.T) {
	_, client := newNoon(t)
	for query, want := range map[string][]string{
		"": {"fromDateTime: must not be null", "toDateTime: must not be null", "callvault serve --dates=optional allows requests without dates"},
		"fromDateTime=2026-03-04T12:00:00Z&toDateTime=2026-03-04T14:00:00+02:00": {"fromDateTime: must be before toDateTime"},
		"fromDateTime=2026-03-04T12:00:01Z&toDateTime=2026-03-04T12:00:00Z":      {"fromDateTime: must be before toDateTime"},
		"cursor=nonsense": {"Failed to verify cursor"},
		noonQuery + "&toDateTime=2026-03-04T12:00:01Z": {"toDateTime: must be sent once"},
	} {
		program.WantErrors(t, client.Get(query), http.StatusBadRequest, want...)
	}
	for query, want := range map[string][]string{
		"fromDateTime=2026-03-04&toDateTime=2026-03-04T12:00:00&workspaceId=main": {"fromDateTime: ", "toDateTime: ", "workspaceId: "},
		noonQuery + "&workspaceId=123456789012345678901":                          {"workspaceId: "},
		"fromDateTime=%zz&toDateTime=2026-02-30T00:00:00Z":                        {"fromDateTime: ", "toDateTime: "},
		"fromDateTime=%3Cscript%3E%26&toDateTime=2026-03-04T12:00:00Z":            {`fromDateTime: "<script>&" `},
	} {
		a := client.Get(query)
		got := program.ErrorsOf(t, a)
		if a.Status != http.StatusBadRequest || len(got) != len(want) {
			t.Errorf("%s: %d %q", query, a.Status, got)
			continue
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]) || !saysWhatToSend.MatchString(got[i]) {
				t.Errorf("%s: %q does not begin with %q and say what to send", query, got[i], want[i])
			}
		}
	}
}

var saysWhatToSend = regexp.MustCompile("; (use|send) ")

// With --dates optional a range may be left open at either end.
func TestOptionalDates(t *testing.T) {
	_, client := newNoon(t, "--dates", "optional")
	for query, want := range map[string]int{"": 3, "fromDateTime=2026-03-04T12:00:00Z": 3, "toDateTime=2026-03-04T12:00:01Z": 3, "workspaceId=7": 1} {
		if p := client.Page(query); p.Records.TotalRecords != want {
			t.Errorf("%q: %+v", query, p.Records)
		}
	}
	program.WantErrors(t, client.Get("toDateTime=2026-03-04T12:00:00Z"), http.StatusNotFound, noCalls)
}

// fieldOf is a text of a flat object of JSON.
func fieldOf(object, name string) string {
	_, rest, _ := strings.Cut(object, `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
