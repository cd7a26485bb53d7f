package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

// server is a Handler on a model, with a clock that moves when it is told to
// and request ids that count.
type server struct {
	*Handler
	store *model
	clock *clock
	log   *bytes.Buffer
}

// clock is an instant that is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// noon is when every test begins.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// newServer makes a server that has one company, "acme", with one basic key,
// "KEY", whose secret is "hush".
func newServer(t testing.TB, config Config) *server {
	t.Helper()
	clock := &clock{now: noon}
	s := &server{store: newModel(clock.Now), clock: clock, log: new(bytes.Buffer)}
	s.store.AddKey(t.Context(), testKey(callvault.BasicKey, "acme", "KEY", "hush"))
	s.restart(t, config)
	return s
}

// restart puts a new Handler before the same store.
func (s *server) restart(t testing.TB, config Config) {
	t.Helper()
	config.Store = s.store
	config.Now = s.clock.Now
	if config.Log == nil {
		config.Log = slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	}
	handler, err := New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int32
	handler.newID = func() string { return fmt.Sprintf("request%012d", n.Add(1)) }
	s.Handler = handler
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey && len(groups) == 0 {
		return slog.Attr{}
	}
	return a
}

// testKey is a key that may read everything.
func testKey(kind callvault.KeyKind, company, id, secret string) callvault.Key {
	return callvault.Key{
		ID:      id,
		Kind:    kind,
		Company: company,
		Scopes:  ReadScopes(),
		Digest:  sha256.Sum256([]byte(secret)),
		Created: noon,
	}
}

func basicAuth(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// put stores calls with a short document, made of their id and time.
func (s *server) put(t testing.TB, company string, calls ...callvault.Call) {
	t.Helper()
	for i := range calls {
		if calls[i].Document == nil {
			calls[i].Document = fmt.Appendf(nil, `{"id":"%s","started":"%s"}`, calls[i].ID, calls[i].Time)
		}
	}
	if _, err := s.store.Calls(company).Put(context.Background(), callvault.NewBatch(calls)); err != nil {
		t.Fatal(err)
	}
}

// call is a call of acme's, so many seconds after noon.
func call(t testing.TB, id string, seconds int, workspace string) callvault.Call {
	t.Helper()
	c := callvault.Call{ID: mustID(t, id), Time: callvault.FloorTime(noon.Add(time.Duration(seconds) * time.Second))}
	if workspace != "" {
		c.Workspace = mustID(t, workspace)
	}
	return c
}

func mustID(t testing.TB, digits string) callvault.ID {
	t.Helper()
	id, err := callvault.ParseID(digits)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// request asks as acme does, for a path and query.
func request(target string) *http.Request {
	r := httptest.NewRequest("GET", target, nil)
	r.Header.Set("Authorization", basicAuth("KEY", "hush"))
	return r
}

// do answers a request.
func (s *server) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// get asks as acme does.
func (s *server) get(target string) *httptest.ResponseRecorder { return s.do(request(target)) }

// getAs asks with other credentials.
func (s *server) getAs(authorization, target string) *httptest.ResponseRecorder {
	r := request(target)
	r.Header.Set("Authorization", authorization)
	return s.do(r)
}

// answer is every body there is.
type answer struct {
	RequestID string
	Errors    []string
	Records   struct {
		TotalRecords, CurrentPageSize, CurrentPageNumber int
		Cursor                                           string
	}
	Calls []json.RawMessage
}

func decode(t testing.TB, w *httptest.ResponseRecorder) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return a
}

// wantStatus checks a status, and the texts when there are any.
func wantStatus(t testing.TB, w *httptest.ResponseRecorder, status int, texts ...string) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("got status %d, want %d: %s", w.Code, status, w.Body)
	}
	if texts == nil {
		return
	}
	if got, want := strings.Join(decode(t, w).Errors, "\n"), strings.Join(texts, "\n"); got != want {
		t.Errorf("got errors\n%s\nwant\n%s", got, want)
	}
}

// everything is the range of a walk over all of acme's calls.
const everything = "/v2/calls?fromDateTime=2000-01-01T00:00:00Z&toDateTime=2100-01-01T00:00:00Z"
