package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/limit"
)

var discard = slog.New(slog.DiscardHandler)

// TestPanic: the client is told nothing, the log everything.
func TestPanic(t *testing.T) {
	s := newServer(t, Config{})
	s.get("/v2/calls")
	s.log.Reset()
	s.store.stall = func(context.Context) { panic("on the highway") }
	wantStatus(t, s.get(everything), http.StatusInternalServerError, "An error has occurred")
	line := s.log.String()
	for _, want := range []string{"level=ERROR", "request_id=request000000000002", "status=500", "panic: on the highway", "store_test.go"} {
		if !strings.Contains(line, want) {
			t.Errorf("the log lacks %q: %s", want, line)
		}
	}
	if n := strings.Count(line, "\n"); n != 1 {
		t.Errorf("the log has %d lines, want one", n)
	}
}

// TestClientGone: nothing is written for a client that left, its connection is broken,
// and its query is told to stop.
func TestClientGone(t *testing.T) {
	s := newServer(t, Config{})
	s.get("/v2/calls")
	s.log.Reset()
	ctx, leave := context.WithCancel(t.Context())
	s.store.stall = func(query context.Context) {
		leave()
		<-query.Done()
	}
	w := &strictWriter{ResponseRecorder: httptest.NewRecorder()}
	wantAborted(t, func() { s.ServeHTTP(w, request(everything).WithContext(ctx)) })
	if w.begun || w.Body.Len() > 0 {
		t.Errorf("got %d, %s", w.Code, w.Body)
	}
	want := `level=INFO msg=request request_id=request000000000002 company=acme key=KEY method=GET route=/v2/calls status=499 bytes=0 duration=0 error="list calls: context canceled"` + "\n"
	if got := s.log.String(); got != want {
		t.Errorf("got log %s\nwant %s", got, want)
	}
}

// wantAborted holds that a handler breaks the connection: one that returns without an
// answer gives an empty 200.
func wantAborted(t *testing.T, serve func()) {
	t.Helper()
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("the handler ended with %v", got)
		}
	}()
	serve()
}

// strictWriter knows whether an answer has begun, and fails when told to.
type strictWriter struct {
	*httptest.ResponseRecorder
	begun   bool
	failure error
}

func (w *strictWriter) WriteHeader(status int) {
	if w.begun {
		panic("the answer began twice")
	}
	w.begun = true
	w.ResponseRecorder.WriteHeader(status)
}

func (w *strictWriter) Write(p []byte) (int, error) {
	if w.failure != nil {
		return 3, w.failure
	}
	return w.ResponseRecorder.Write(p)
}

// TestWriteFails: an answer that has begun is not begun again.
func TestWriteFails(t *testing.T) {
	s := newServer(t, Config{})
	s.put(t, "acme", call(t, "1", 1, ""))
	w := &strictWriter{ResponseRecorder: httptest.NewRecorder(), failure: errors.New("line cut")}
	s.ServeHTTP(w, request(everything))
	if w.Code != http.StatusOK {
		t.Errorf("got status %d", w.Code)
	}
	want := `level=INFO msg=request request_id=request000000000001 company=acme key=KEY method=GET route=/v2/calls status=200 bytes=3 duration=0 error="line cut"` + "\n"
	if got := s.log.String(); got != want {
		t.Errorf("got log %s\nwant %s", got, want)
	}
}

// TestDuration is what passes on the clock between the request and its line.
func TestDuration(t *testing.T) {
	s := newServer(t, Config{})
	s.store.stall = func(context.Context) { s.clock.advance(1234567 * time.Nanosecond) }
	s.get("/v2/calls")
	if got := s.log.String(); !strings.Contains(got, "duration=0.001235") {
		t.Errorf("got %s", got)
	}
}

// TestLogLevel: what nobody will read is not made.
func TestLogLevel(t *testing.T) {
	var log bytes.Buffer
	s := newServer(t, Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))})
	s.get("/v2/calls")
	if log.Len() > 0 {
		t.Errorf("got %s", log.String())
	}
}

func TestLongMethod(t *testing.T) {
	s := newServer(t, Config{})
	r := request("/v2/calls")
	r.Method = strings.Repeat("M", 1000)
	wantStatus(t, s.do(r), http.StatusMethodNotAllowed, "This server does not serve "+r.Method[:maxEcho]+" /v2/calls")
	if !strings.Contains(s.log.String(), "method=MMMMMMMMMMMMMMMM status") {
		t.Errorf("got %s", s.log)
	}
}

// TestUnknownRouteIsNoEmptyRange: no client may take the answer to a wrong URL for
// an empty range. These are the ways in which clients recognise one.
func TestUnknownRouteIsNoEmptyRange(t *testing.T) {
	s := newServer(t, Config{})
	body := s.get("/v2/call").Body.String()
	for _, pattern := range []string{
		regexp.QuoteMeta(gong.NoCallsFound), `(?i)No calls`, `found corresponding to the provided filters`,
		`"No [^"]*found[^"]*provided filters`, `(?i)No .* found`,
	} {
		if regexp.MustCompile(pattern).MatchString(body) {
			t.Errorf("%s is taken for an empty range by %s", body, pattern)
		}
	}
}

func TestRequestID(t *testing.T) {
	s := newServer(t, Config{})
	s.newID = newRequestID
	form := regexp.MustCompile(`^[0-9a-z]{18,20}$`)
	seen := make(map[string]bool)
	for range 1000 {
		w := s.get("/v2/calls")
		id := decode(t, w).RequestID
		if !form.MatchString(id) || seen[id] || w.Header().Get("X-Traceid") != id {
			t.Fatalf("got %q, seen before: %v, X-Traceid %q", id, seen[id], w.Header().Get("X-Traceid"))
		}
		seen[id] = true
	}
}

func TestNewRefuses(t *testing.T) {
	failing := newModel(time.Now)
	failing.failure = errors.New("disk on fire")
	for name, config := range map[string]Config{
		"no store":         {},
		"a failing store":  {Store: failing},
		"a negative page":  {Store: newModel(time.Now), PageSize: -1},
		"a page too large": {Store: newModel(time.Now), PageSize: MaxPageSize + 1},
	} {
		if h, err := New(t.Context(), config); err == nil {
			t.Errorf("%s: got %v", name, h)
		}
	}
}

// TestDefaults makes a Handler of a store alone.
func TestDefaults(t *testing.T) {
	h, err := New(t.Context(), Config{Store: newModel(time.Now)})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request("/v2/calls"))
	wantStatus(t, w, http.StatusUnauthorized)
	if h.config.PageSize != gong.PageSize || len(w.Header().Get("X-Traceid")) != requestIDLength {
		t.Errorf("got %d, %v", h.config.PageSize, w.Header())
	}
}

// What anybody can cause without a key fills no log; what has one has its line.
func TestLogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{})
		for range 50 {
			s.getAs("", "/v2/calls")
			s.getAs(basicAuth("KEY", "guess"), "/v2/calls")
			s.get("/v2/calls")
		}
		time.Sleep(time.Second) // the bubble's
		synctest.Wait()
		got := s.log.String()
		if n := strings.Count(got, "status=401"); n != 20 {
			t.Errorf("%d lines of requests without a key", n)
		}
		if n := strings.Count(got, "status=400"); n != 50 {
			t.Errorf("%d lines of 50 requests with a key", n)
		}
		if !strings.Contains(got, "lines=80") {
			t.Errorf("the log does not count what was left out: %s", got)
		}
	})
}

// Retry-After is the wait, rounded up to whole seconds, and at least one.
func TestRetryAfter(t *testing.T) {
	for wait, want := range map[time.Duration]string{0: "1", 1: "1", time.Second: "1", time.Second + 1: "2", 24 * time.Hour: "86400"} {
		told := toClient(fmt.Errorf("wrapped: %w", &limit.Exceeded{Wait: wait}))
		if got := told.header.Get("Retry-After"); told.status != http.StatusTooManyRequests || got != want {
			t.Errorf("%v: got %d, %s, want %s", wait, told.status, got, want)
		}
	}
}

// A damaged row is a 500, and the log says whose call it is: a client is told nothing.
func TestADamagedCall(t *testing.T) {
	s := newServer(t, Config{})
	s.put(t, "acme", call(t, "1", 1, ""), call(t, "2", 2, ""))
	s.get("/v2/calls") // with which the keys are known
	s.log.Reset()
	s.store.fail(fmt.Errorf("read: %w", &callvault.DamageError{Company: "acme", ID: mustID(t, "2"), Problem: "its checksum does not match"}))
	wantStatus(t, s.get(everything), http.StatusInternalServerError, "An error has occurred")
	for _, want := range []string{"level=ERROR", "company=acme", "call 2 of company acme is damaged"} {
		if line := s.log.String(); !strings.Contains(line, want) {
			t.Errorf("the log lacks %q: %s", want, line)
		}
	}
}
