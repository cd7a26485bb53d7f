package upstream

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// transport answers requests by a function, without a socket, as net/http would: with a
// status, a body and the header Date.
type transport func(w http.ResponseWriter, r *http.Request)

var answered = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Date", answered.Format(http.TimeFormat))
	f(w, r)
	return w.Result(), nil
}

func (f transport) requests() *Requests {
	address := &url.URL{Scheme: "https", Host: "calls.example.com"}
	return NewRequests(address, gong.Credential{Token: "hushhush"}, "callvault/test", &http.Client{Transport: f})
}

// replying answers every request with a status and a body.
func replying(status int, body string) *Requests {
	return transport(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}).requests()
}

func id(digits string) callvault.ID {
	id, err := callvault.ParseID(digits)
	if err != nil {
		panic(err)
	}
	return id
}

// A page has its calls as an import would write them, and the server's clock.
func TestList(t *testing.T) {
	var asked *http.Request
	r := transport(func(w http.ResponseWriter, r *http.Request) {
		asked = r
		io.WriteString(w, `{"requestId":"r","records":{"totalRecords":7,"cursor":"next"},"calls":[{"id":2,"started":"2026-03-04T05:00:00+01:00","more":[1, 2]}]}`)
	}).requests()
	from := time.Date(2026, 1, 1, 0, 0, 0, 1000, time.UTC)
	page, err := r.List(t.Context(), Ask{From: from, To: from.AddDate(1, 0, 0), Workspace: id("9"), Cursor: "a+b"})
	if err != nil || page.Total != 7 || page.Cursor != "next" || len(page.Skipped) != 0 || len(page.Calls) != 1 || !page.Date.Equal(answered) {
		t.Fatalf("%+v, %v", page, err)
	}
	want, err := callvault.ParseCall([]byte(`{"id":"2","started":"2026-03-04T05:00:00+01:00","more":[1,2]}`))
	if got := page.Calls[0]; err != nil || got.ID != want.ID || got.Time != want.Time || string(got.Document) != string(want.Document) {
		t.Errorf("%+v, %v", got, err)
	}
	if want := "/v2/calls?cursor=a%2Bb&fromDateTime=2026-01-01T00%3A00%3A00.000001Z&toDateTime=2027-01-01T00%3A00%3A00.000001Z&workspaceId=9"; asked.URL.RequestURI() != want || asked.Header.Get("Authorization") != "Bearer hushhush" || asked.UserAgent() != "callvault/test" {
		t.Errorf("%s, %v", asked.URL, asked.Header)
	}
}

// A redirect causes no second request, because the budget of a mirror would not count it.
func TestRedirectsAreNotFollowed(t *testing.T) {
	requests := 0
	r := transport(func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.Redirect(w, r, "/gong"+r.URL.Path, http.StatusFound)
	}).requests()
	_, list := r.List(t.Context(), Ask{})
	_, call := r.Call(t.Context(), id("7"))
	_, users := r.Users(t.Context(), "")
	_, workspaces := r.Workspaces(t.Context())
	for _, err := range []error{list, call, users, workspaces} {
		if none := (*gong.NoAnswerError)(nil); !errors.As(err, &none) || !strings.HasSuffix(Text(err), "use https://calls.example.com/gong as --url") {
			t.Errorf("got %v", err)
		}
	}
	if requests != 4 {
		t.Errorf("%d requests were sent for 4", requests)
	}
}

// List refuses a page with more calls, or a larger total, than the API can have.
func TestListOfTooMuch(t *testing.T) {
	calls := strings.Repeat("{},", maxPage) + "{}"
	for name, body := range map[string]string{
		"calls": `{"records":{"totalRecords":7},"calls":[` + calls + `]}`,
		"total": `{"records":{"totalRecords":9000000000000000000},"calls":[]}`,
	} {
		_, err := replying(200, body).List(t.Context(), Ask{})
		if answer := (*gong.AnswerError)(nil); !errors.As(err, &answer) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The contract's 404 of a range without calls is an empty page with a date. In place of a
// later page it is an error.
func TestListOfAnEmptyRange(t *testing.T) {
	r := replying(404, `{"requestId":"r","errors":["No calls found corresponding to the provided filters"]}`)
	page, err := r.List(t.Context(), Ask{})
	if err != nil || page.Total != 0 || len(page.Calls) != 0 || page.Cursor != "" || !page.Date.Equal(answered) {
		t.Errorf("%+v, %v", page, err)
	}
	if _, err := r.List(t.Context(), Ask{Cursor: "c"}); !isStatus(err, 404) {
		t.Errorf("got %v", err)
	}
}

func isStatus(err error, status int) bool {
	refusal := (*gong.Error)(nil)
	return errors.As(err, &refusal) && refusal.Status == status
}

// A document that breaks the contract is skipped by its id, and the rest is taken.
func TestSkippedDocuments(t *testing.T) {
	page, err := replying(200, `{"records":{"totalRecords":6},"calls":[
		{"id":"1","started":"2026-03-04T05:00:00Z"},
		{"id":"2","started":"noon"}, 7, {"id":3}, {"started":"2026-03-04T05:00:00Z"},
		{"id":"1","started":"2026-03-05T05:00:00Z"},
		{"id":"4","started":"2026-03-04T05:00:00Z"}]}`).List(t.Context(), Ask{})
	if err != nil || len(page.Calls) != 2 || page.Calls[0].ID != id("1") || page.Calls[1].ID != id("4") {
		t.Fatalf("%+v, %v", page, err)
	}
	var skipped []string
	for _, err := range page.Skipped {
		var of *SkippedError
		if !errors.As(err, &of) {
			t.Fatalf("%T", err)
		}
		skipped = append(skipped, of.ID.String())
	}
	if want := []string{"2", "", "3", "", "1"}; !slices.Equal(skipped, want) {
		t.Errorf("skipped %q, want %q", skipped, want)
	}
	if text := page.Skipped[0].Error(); !strings.HasPrefix(text, "2: started: ") {
		t.Error(text)
	}
	entries, err := replying(200, `{"records":{"cursor":"next"},"users":[{"id":"5"},{"id":"six"},{"id":"7","firstName":"Ann"}]}`).Users(t.Context(), "")
	if err != nil || len(entries.Entries) != 2 || len(entries.Skipped) != 1 || entries.Cursor != "next" || !entries.Date.Equal(answered) {
		t.Errorf("%+v, %v", entries, err)
	}
}

// A call is there, or gone by the 404 with its own id. Nothing else says that it is gone.
func TestCall(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   string // there, gone, or what the error contains
	}{
		{200, `{"requestId":"r","call":{"id":"7","started":"2026-03-04T05:00:00Z"}}`, "there"},
		{404, `{"requestId":"r","errors":["Call ID 7 was not found"]}`, "gone"},
		{404, `{"errors":["other", "call id 7 was not found."]}`, "gone"},
		{404, `{"errors":["Call ID 77 was not found"]}`, "404"},
		{404, `{"errors":["Call ID 7 was not found in workspace 3"]}`, "404"},
		{404, `{"errors":["No calls found corresponding to the provided filters"]}`, "404"},
		{404, `{"errors":["no such route"]}`, "404"},
		{404, `<html>Call ID 7 was not found</html>`, "404"},
		{410, `{"errors":["Call ID 7 was not found"]}`, "410"},
		{200, `{"errors":["Call ID 7 was not found"]}`, `is not a call: it has no "call"`},
		{200, `{"call":{"id":"8","started":"2026-03-04T05:00:00Z"}}`, "it is call 8, and 7 was requested"},
		{200, `{"call":{"id":"7","started":"noon"}}`, "7: started: "},
		{200, `{"call":null}`, "must be a JSON object, not null"},
		{403, `{"errors":["no"]}`, "403"},
	} {
		found, err := replying(tt.status, tt.body).Call(t.Context(), id("7"))
		got := fmt.Sprint(err)
		switch {
		case err == nil && found.There && found.Call.ID == id("7"):
			got = "there"
		case err == nil && !found.There:
			got = "gone"
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%d %s: %s, want %s", tt.status, tt.body, got, tt.want)
		}
		if err == nil && !found.Date.Equal(answered) {
			t.Errorf("%d %s: the date is %v", tt.status, tt.body, found.Date)
		}
	}
}

// Each trouble has its type, one attempt is made, and a refusal tells the server's clock.
func TestTroubles(t *testing.T) {
	const page = `{"records":{"totalRecords":0},"calls":[]}`
	for name, tt := range map[string]struct {
		answer func(w http.ResponseWriter)
		want   func(err error) bool
	}{
		"500":                 {status(500, `{"errors":["An error has occurred"]}`), refused(500, 0)},
		"502 with HTML":       {status(502, "<html>Bad Gateway</html>"), refused(502, 0)},
		"401":                 {status(401, `{"errors":["no"]}`), refused(401, 0)},
		"403":                 {status(403, ``), refused(403, 0)},
		"429":                 {status(429, ``), refused(429, 0)},
		"429 with seconds":    {status(429, ``, "Retry-After", "120"), refused(429, 2*time.Minute)},
		"429 with a date":     {status(429, ``, "Retry-After", answered.Add(time.Hour).Format(http.TimeFormat)), refused(429, time.Hour)},
		"503 with seconds":    {status(503, ``, "Retry-After", "7"), refused(503, 7*time.Second)},
		"200 with errors":     {status(200, `{"requestId":"r","errors":["An error has occurred"]}`), notThisAPI},
		"200 with both":       {status(200, `{"errors":["half of it"],"records":{"totalRecords":1},"calls":[]}`), notThisAPI},
		"200 with HTML":       {status(200, `<html>Log in</html>`), notThisAPI},
		"200 without a total": {status(200, `{"calls":[]}`), notThisAPI},
		"200 with half":       {status(200, page[:20]), notThisAPI},
		"cut short":           {status(200, page[:20], "Content-Length", "41"), noAnswer},
		"another 404":         {status(404, `{"errors":["no such route"]}`), refused(404, 0)},
	} {
		attempts := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			attempts++
			w.Header().Set("Date", answered.Format(http.TimeFormat))
			tt.answer(w)
		}))
		address, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		_, err = NewRequests(address, gong.Credential{Token: "hushhush"}, "", server.Client()).List(t.Context(), Ask{})
		server.Close()
		if !tt.want(err) || attempts != 1 {
			t.Errorf("%s: %T %v after %d attempts", name, err, err, attempts)
		}
		if refusal := (*gong.Error)(nil); errors.As(err, &refusal) != DateOf(err).Equal(answered) {
			t.Errorf("%s: the server's clock is %v", name, DateOf(err))
		}
	}
}

// A reset, and a server that is not there, are no answer.
func TestNoAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }))
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := NewRequests(address, gong.Credential{Token: "hushhush"}, "", server.Client())
	if _, err := r.List(t.Context(), Ask{}); !noAnswer(err) {
		t.Errorf("a reset: %T %v", err, err)
	}
	server.Close()
	if _, err := r.Call(t.Context(), id("7")); !noAnswer(err) {
		t.Errorf("a closed port: %T %v", err, err)
	}
}

func status(status int, body string, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func refused(status int, wait time.Duration) func(error) bool {
	return func(err error) bool {
		refusal := (*gong.Error)(nil)
		return errors.As(err, &refusal) && refusal.Status == status && refusal.RetryAfter == wait
	}
}

func notThisAPI(err error) bool {
	answer := (*gong.AnswerError)(nil)
	return errors.As(err, &answer)
}

func noAnswer(err error) bool {
	none := (*gong.NoAnswerError)(nil)
	return errors.As(err, &none)
}

// Users come page by page, workspaces at once; refused keys are refused by their status.
func TestDirectory(t *testing.T) {
	var asked []string
	r := transport(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		if r.URL.Path == gong.WorkspacesPath {
			io.WriteString(w, `{"requestId":"r","workspaces":[{"id":"3","name":"Main"}]}`)
			return
		}
		io.WriteString(w, `{"records":{"totalRecords":1},"users":[{"id":"4"}]}`)
	}).requests()
	workspaces, err := r.Workspaces(t.Context())
	if err != nil || len(workspaces.Entries) != 1 || workspaces.Entries[0].ID != id("3") || !workspaces.Date.Equal(answered) {
		t.Errorf("%+v, %v", workspaces, err)
	}
	users, err := r.Users(t.Context(), "n/2")
	if err != nil || len(users.Entries) != 1 || users.Entries[0].ID != id("4") || users.Cursor != "" {
		t.Errorf("%+v, %v", users, err)
	}
	if want := []string{"/v2/workspaces", "/v2/users?cursor=n%2F2"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	if _, err := replying(403, `{"errors":["no"]}`).Users(t.Context(), ""); !isStatus(err, 403) {
		t.Errorf("got %v", err)
	}
	if _, err := replying(200, `{"calls":[]}`).Users(t.Context(), ""); !notThisAPI(err) || !strings.Contains(err.Error(), `is not a page of users: it has no "users"`) {
		t.Errorf("got %v", err)
	}
}

// A refusal that repeats the request's credential does not show it.
func TestEchoedCredential(t *testing.T) {
	r := transport(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"errors":["you sent %s"]}`, r.Header.Get("Authorization"))
	}).requests()
	if _, err := r.List(t.Context(), Ask{}); err == nil || !strings.Contains(err.Error(), "you sent Bearer") || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
}

// An address has one name, however it is typed.
func TestName(t *testing.T) {
	for text, want := range map[string]string{
		"https://US-1.api.gong.io/":    "https://us-1.api.gong.io",
		"https://us-1.api.gong.io":     "https://us-1.api.gong.io",
		"http://127.0.0.1:8080/Proxy/": "http://127.0.0.1:8080/Proxy",
	} {
		address, err := ParseURL(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Name(address); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}
