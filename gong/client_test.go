package gong

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fake is a server of calls too simple to be wrong, which breaks as it is told
// to. It is reached without a network, so that clocks in a test's bubble hold.
type fake struct {
	t        *testing.T
	calls    []Call // in the order that they are listed in
	size     int    // of a page
	refuse   func(n int, w http.ResponseWriter) bool
	fail     func(n int) error // of the connection
	requests []*http.Request
	times    []time.Time
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	f.requests = append(f.requests, r)
	f.times = append(f.times, time.Now())
	n := len(f.requests)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if f.fail != nil {
		if err := f.fail(n); err != nil {
			return nil, err
		}
	}
	w := httptest.NewRecorder()
	if f.refuse == nil || !f.refuse(n, w) {
		f.answer(w, r)
	}
	return w.Result(), nil
}

// answer is a page. The cursor is the number of the call that it begins with.
func (f *fake) answer(w http.ResponseWriter, r *http.Request) {
	from := f.bound(r, "fromDateTime")
	listed := slices.DeleteFunc(slices.Clone(f.calls), func(c Call) bool { return c.Date().Instant().Before(from) })
	begin, _ := strconv.Atoi(r.FormValue("cursor"))
	if len(listed) == 0 {
		say(w, http.StatusNotFound, NoCallsFound)
		return
	}
	end := min(begin+f.size, len(listed))
	response := ListCallsResponse{RequestID: "r" + strconv.Itoa(len(f.requests)), Calls: listed[begin:end]}
	response.Records = Records{TotalRecords: len(listed), CurrentPageSize: end - begin, CurrentPageNumber: begin / f.size}
	if end < len(listed) {
		response.Records.Cursor = strconv.Itoa(end)
	}
	json.NewEncoder(w).Encode(response)
}

func (f *fake) bound(r *http.Request, name string) time.Time {
	text := r.FormValue(name)
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		f.t.Error(err)
	}
	return at
}

// say answers with an error.
func say(w http.ResponseWriter, status int, texts ...string) {
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(ErrorResponse{"failed", texts})
}

func (f *fake) client() *Client {
	return &Client{BaseURL: "https://calls.example.com", HTTP: &http.Client{Transport: f}, Credential: Credential{AccessKey: "KEY", AccessKeySecret: "hush"}}
}

// made are calls with the ids 1 to count; each stands at a moment.
func made(count int, at func(i int) time.Time) []Call {
	calls := make([]Call, count)
	for i := range calls {
		started := TimeOf(at(i))
		calls[i] = Call{ID: strconv.Itoa(i + 1), Started: &started}
	}
	return calls
}

var epoch = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func everyMinute(i int) time.Time { return epoch.Add(time.Duration(i) * time.Minute) }

// ids are what a walk met, and its last error.
func ids(c *Client, q ListCallsQuery) (met []string, err error) {
	for call, callErr := range c.Calls(context.Background(), q) {
		if callErr != nil {
			err = callErr
			continue
		}
		met = append(met, call.ID)
	}
	return met, err
}

// wantAll checks that a walk met the calls 1 to count, each once, in order.
func wantAll(t *testing.T, met []string, err error, count int) {
	t.Helper()
	if err != nil || len(met) != count {
		t.Fatalf("met %d calls, %v, want %d", len(met), err, count)
	}
	for i, id := range met {
		if id != strconv.Itoa(i+1) {
			t.Fatalf("call %d is %s", i+1, id)
		}
	}
}

// A request has the query, the credential and nothing that was not asked for.
func TestRequest(t *testing.T) {
	f := &fake{t: t, calls: made(1, everyMinute), size: 100}
	c := f.client()
	c.BaseURL = "https://calls.example.com/proxy/"
	q := ListCallsQuery{From: epoch.In(time.FixedZone("", 3600)), To: epoch.Add(time.Millisecond), WorkspaceID: "7"}
	if _, err := c.ListCalls(t.Context(), q, "a+b/c"); err != nil {
		t.Fatal(err)
	}
	c.BaseURL, c.Credential, c.UserAgent = "http://127.0.0.1:1", Credential{Token: "secret"}, "mine"
	if _, err := c.ListCalls(t.Context(), ListCallsQuery{}, ""); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ url, authorization, agent string }{
		{"https://calls.example.com/proxy/v2/calls?cursor=a%2Bb%2Fc&fromDateTime=2026-03-04T12%3A00%3A00Z&toDateTime=2026-03-04T12%3A00%3A00.001Z&workspaceId=7", "Basic S0VZOmh1c2g=", "github.com/callvault/callvault/gong"},
		{"http://127.0.0.1:1/v2/calls", "Bearer secret", "mine"},
	} {
		r := f.requests[i]
		if r.URL.String() != want.url || r.Header.Get("Authorization") != want.authorization || r.UserAgent() != want.agent || r.Method != "GET" {
			t.Errorf("%s %s, %s, %s", r.Method, r.URL, r.Header.Get("Authorization"), r.UserAgent())
		}
	}
	for _, base := range []string{"", "calls.example.com", "ftp://calls.example.com", "https://", "https://KEY:hush@calls.example.com", ":"} {
		c.BaseURL = base
		if _, err := c.ListCalls(t.Context(), q, ""); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v", base, err)
		}
	}
	if len(f.requests) != 2 {
		t.Errorf("%d requests were sent", len(f.requests))
	}
}

// A walk covers all pages; a server that has no calls is an empty one.
func TestWalk(t *testing.T) {
	for _, count := range []int{0, 1, 9, 10, 11, 35} {
		f := &fake{t: t, calls: made(count, everyMinute), size: 10}
		met, err := ids(f.client(), ListCallsQuery{})
		wantAll(t, met, err, count)
		if want := max(1, (count+9)/10); len(f.requests) != want {
			t.Errorf("%d calls took %d requests", count, len(f.requests))
		}
	}
	f := &fake{t: t, calls: made(35, everyMinute), size: 10}
	for call, err := range f.client().Calls(t.Context(), ListCallsQuery{}) {
		if call.ID == "12" {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(f.requests) != 2 {
		t.Errorf("a walk that was left sent %d requests", len(f.requests))
	}
	for p, err := range f.client().Pages(t.Context(), ListCallsQuery{}) {
		if err != nil || p.Records.TotalRecords != 35 || len(p.Calls) != p.Records.CurrentPageSize {
			t.Errorf("%+v, %v", p.Records, err)
		}
	}
}

// Whenever a cursor expires, and however many calls share a moment, a walk meets
// each call once.
func TestExpiredCursor(t *testing.T) {
	const count = 60
	for name, at := range map[string]func(int) time.Time{
		"each in a minute of its own": everyMinute,
		"seven to a second":           func(i int) time.Time { return epoch.Add(time.Duration(i/7) * time.Second) },
		"within a second":             func(i int) time.Time { return epoch.Add(time.Duration(i) * 300 * time.Millisecond) },
	} {
		for _, text := range []string{"The cursor has expired.", "Cursor Has Expired", "Failed to verify cursor"} {
			for _, often := range []int{2, 3, 5} {
				f := &fake{t: t, calls: made(count, at), size: 10}
				f.refuse = func(n int, w http.ResponseWriter) bool {
					expired := n%often == 0 && f.requests[n-1].FormValue("cursor") != ""
					if expired {
						say(w, http.StatusBadRequest, text)
					}
					return expired
				}
				met, err := ids(f.client(), ListCallsQuery{From: epoch})
				if err != nil {
					t.Errorf("%s, %q at every %d: %v", name, text, often, err)
				}
				wantAll(t, met, err, count)
			}
		}
	}
}

// A walk that begins within a second does not go back to the beginning of it.
func TestExpiredCursorWithinTheFirstSecond(t *testing.T) {
	f := &fake{t: t, calls: made(60, func(i int) time.Time { return epoch.Add(time.Duration(i) * time.Millisecond) }), size: 10}
	f.refuse = func(n int, w http.ResponseWriter) bool {
		if n == 2 {
			say(w, http.StatusBadRequest, CursorExpired)
		}
		return n == 2
	}
	met, err := ids(f.client(), ListCallsQuery{From: epoch.Add(20 * time.Millisecond)})
	if err != nil || len(met) != 40 || met[0] != "21" {
		t.Errorf("met %d calls from %s, %v", len(met), met[0], err)
	}
}

// A cursor that never works, and calls in no order, are an error and not a walk
// without an end.
func TestHopelessCursor(t *testing.T) {
	expired := func(n int, w http.ResponseWriter) bool {
		if n%2 == 0 {
			say(w, http.StatusBadRequest, CursorExpired)
		}
		return n%2 == 0
	}
	crowd := &fake{t: t, calls: made(60, func(int) time.Time { return epoch }), size: 10, refuse: expired}
	backwards := &fake{t: t, calls: made(60, func(i int) time.Time { return everyMinute(-i) }), size: 10, refuse: expired}
	for _, f := range []*fake{crowd, backwards} {
		met, err := ids(f.client(), ListCallsQuery{})
		if refusal := (*Error)(nil); !errors.As(err, &refusal) || len(met) != 10 || len(f.requests) > 4 {
			t.Errorf("met %d calls in %d requests, %v", len(met), len(f.requests), err)
		}
	}
}

// A call that breaks the contract is an error of its own: the walk goes on.
func TestBrokenCall(t *testing.T) {
	f := &fake{t: t}
	f.refuse = func(n int, w http.ResponseWriter) bool {
		fmt.Fprint(w, `{"requestId":"r","records":{"totalRecords":3,"currentPageSize":3,"currentPageNumber":0,"cursor":null},"calls":[
			{"id":"1","started":"2026-03-04T12:00:00Z"},{"id":"2","started":"noon"},{"id":"3","started":"2026-03-04T12:00:00Z","more":[1]}]}`)
		return true
	}
	met, err := ids(f.client(), ListCallsQuery{})
	if broken := (*CallError)(nil); !errors.As(err, &broken) || !slices.Equal(met, []string{"1", "3"}) {
		t.Errorf("met %q, %v", met, err)
	}
	if _, err := f.client().ListCalls(t.Context(), ListCallsQuery{}, ""); err == nil || !strings.Contains(err.Error(), "call 2 of the answer to request r: started: ") {
		t.Error(err)
	}
}

// What is not this API is no empty walk.
func TestNotThisAPI(t *testing.T) {
	for _, tt := range []struct {
		status     int
		body, want string
	}{
		{404, "<html>Not Found</html>", "gong: the server answered 404"},
		{404, `{"requestId":"r","errors":["no such route"]}`, "gong: the server answered 404: no such route (request r)"},
		{401, `{"requestId":"r","errors":["a","b"]}`, "gong: the server answered 401: a; b (request r)"},
		{204, "", "gong: the server answered 204"},
		{404, `{"message":"no such route"}`, "gong: the server answered 404: no such route"},
		{302, "", "gong: the server answered 302"},
	} {
		f := &fake{t: t, refuse: func(_ int, w http.ResponseWriter) bool {
			w.WriteHeader(tt.status)
			fmt.Fprint(w, tt.body)
			return true
		}}
		if _, err := ids(f.client(), ListCallsQuery{}); err == nil || err.Error() != tt.want || len(f.requests) != 1 {
			t.Errorf("%d %s: %v, after %d requests", tt.status, tt.body, err, len(f.requests))
		}
	}
}

// Secrets do not show, whatever is printed.
func TestSecretsDoNotShow(t *testing.T) {
	f := &fake{t: t, fail: func(int) error { return errors.New("broken pipe") }}
	c := f.client()
	c.Retries = -1
	c.Credential.Token = "hush"
	_, err := c.ListCalls(t.Context(), ListCallsQuery{}, "hush")
	for _, text := range []string{fmt.Sprint(c.Credential), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c.Credential), err.Error()} {
		if strings.Contains(text, "hush") {
			t.Error(text)
		}
	}
	if err.Error() != "gong: calls.example.com did not answer: broken pipe" {
		t.Error(err)
	}
}

// An answer that repeats the request's header shows no secret, however JSON escapes it.
func TestEchoedCredential(t *testing.T) {
	for _, credential := range []Credential{{Token: "hush/hush?hush"}, {AccessKey: "k", AccessKeySecret: "hush?hush?hush?"}} {
		for _, slash := range []string{"/", `\/`} {
			f := &fake{t: t}
			f.refuse = func(n int, w http.ResponseWriter) bool {
				said := f.requests[n-1].Header.Get("Authorization") + " " + credential.AccessKeySecret
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprintf(w, `{"errors":["you sent %s"],"requestId":"%[1]s"}`, strings.ReplaceAll(said, "/", slash))
				return true
			}
			c := f.client()
			c.Credential = credential
			_, err := ids(c, ListCallsQuery{})
			sent := strings.Fields(f.requests[0].Header.Get("Authorization"))[1]
			if err == nil || !strings.Contains(err.Error(), "you sent B") || strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), sent) {
				t.Errorf("got %v", err)
			}
		}
	}
}

// A credential that no header can carry is refused before a request.
func TestUnsendableCredential(t *testing.T) {
	for _, credential := range []Credential{{Token: "hush\n"}, {Token: "hush\r"}, {AccessKey: "hush\r", AccessKeySecret: "s"}, {AccessKey: "k", AccessKeySecret: "hush\x00"}} {
		f := &fake{t: t}
		c := f.client()
		c.Credential = credential
		const want = "gong: the credential has a line end or another control character; remove it"
		if _, err := ids(c, ListCallsQuery{}); err == nil || err.Error() != want || len(f.requests) != 0 {
			t.Errorf("got %v after %d requests", err, len(f.requests))
		}
	}
}

// Get makes one attempt, whatever comes of it, and tells the server's clock.
func TestGet(t *testing.T) {
	f := &fake{t: t}
	f.refuse = func(n int, w http.ResponseWriter) bool {
		w.Header().Set("Date", epoch.Format(http.TimeFormat))
		switch n {
		case 1:
			fmt.Fprint(w, `{"requestId":"r","records":{"cursor":"next"},"users":[{"id":"1"}]}`)
		case 2:
			w.Header().Set("Retry-After", epoch.Add(time.Minute).Format(http.TimeFormat))
			say(w, http.StatusServiceUnavailable, "later")
		}
		return true
	}
	c := f.client()
	answer, err := c.Get(t.Context(), UsersPath, nil)
	if err != nil || !answer.Date.Equal(epoch) || answer.Host != "calls.example.com" {
		t.Fatalf("%+v, %v", answer, err)
	}
	if list, err := answer.List("users"); err != nil || list.Total != -1 || list.Cursor != "next" || list.RequestID != "r" || len(list.Documents) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = answer.List("workspaces")
	if wrong := (*AnswerError)(nil); !errors.As(err, &wrong) || err.Error() != `gong: the answer of calls.example.com is not a page of workspaces: it has no "workspaces"` {
		t.Error(err)
	}
	_, err = c.Get(t.Context(), UsersPath, nil)
	if refusal := (*Error)(nil); !errors.As(err, &refusal) || refusal.RetryAfter != time.Minute || !refusal.Date.Equal(epoch) {
		t.Errorf("%+v", err)
	}
	f.fail = func(int) error { return errors.New("broken pipe") }
	_, err = c.Get(t.Context(), UsersPath, nil)
	if none := (*NoAnswerError)(nil); !errors.As(err, &none) || none.Host != "calls.example.com" || len(f.requests) != 3 {
		t.Errorf("%v after %d requests", err, len(f.requests))
	}
}
