package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/changes"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/feed"
	"github.com/callvault/callvault/internal/limit"
)

// changesBody is an answer of the feed.
type changesBody struct {
	Changes []struct {
		Number  int64
		ID      string
		Deleted bool
	}
	Next string
	More bool
}

func decodeChanges(t testing.TB, w *httptest.ResponseRecorder) (body changesBody) {
	t.Helper()
	wantStatus(t, w, http.StatusOK)
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return body
}

// ask is a request for what changes after a token, with a wait of 50 seconds.
func (s *server) ask(token string) *httptest.ResponseRecorder {
	return s.get(changes.Path + "?wait=50&after=" + token)
}

// waitFor makes a server in a bubble of testing/synctest, a reader of acme's changes who
// waits, and lets things happen after ten seconds. It returns the answer and when it came.
func waitFor(t *testing.T, happen func(s *server)) (w *httptest.ResponseRecorder, after time.Duration) {
	t.Helper()
	s := newServer(t, Config{})
	s.put(t, "acme", call(t, "1", 0, ""))
	token := decodeChanges(t, s.get(changes.Path)).Next
	began := time.Now()
	time.AfterFunc(10*time.Second, func() { happen(s) })
	w = s.ask(token)
	return w, time.Since(began)
}

// A reader who waits is answered when its company has a change, and when the wait or the
// server ends.
func TestChangesAreWaitedFor(t *testing.T) {
	for name, tt := range map[string]struct {
		happen func(s *server)
		until  time.Duration
		ids    string
	}{
		"nothing":                  {func(*server) {}, 50 * time.Second, ""},
		"a change":                 {func(s *server) { s.put(t, "acme", call(t, "2", 0, "")) }, 10 * time.Second, "2"},
		"a deletion":               {func(s *server) { s.store.Calls("acme").Delete(t.Context(), []callvault.ID{mustID(t, "1")}) }, 10 * time.Second, "1"},
		"another company's change": {func(s *server) { s.put(t, "other", call(t, "2", 0, "")) }, 50 * time.Second, ""},
		"the server stops":         {func(s *server) { s.Stop() }, 10 * time.Second, ""},
		"a change before the next look": {func(s *server) {
			s.put(t, "acme", call(t, "2", 0, ""))
			s.put(t, "acme", call(t, "3", 0, ""))
		}, 10 * time.Second, "2 3"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, after := waitFor(t, tt.happen)
				body, ids := decodeChanges(t, w), []string{}
				for _, change := range body.Changes {
					ids = append(ids, change.ID)
				}
				if got := strings.Join(ids, " "); got != tt.ids || after < tt.until || after > tt.until+time.Second || body.More {
					t.Errorf("got %q after %v, want %q after %v", got, after, tt.ids, tt.until)
				}
				time.Sleep(time.Second) // nobody polls any more
			})
		})
	}
}

// A wait is one request to the limits, however it ends.
func TestAWaitIsOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{Limit: limit.Limit{PerDay: 3}})
		s.put(t, "acme", call(t, "1", 0, ""))
		token := decodeChanges(t, s.get(changes.Path)).Next
		token = decodeChanges(t, s.ask(token)).Next
		time.AfterFunc(10*time.Second, func() { s.put(t, "acme", call(t, "2", 0, "")) })
		if body := decodeChanges(t, s.ask(token)); len(body.Changes) != 1 {
			t.Errorf("got %+v", body)
		}
		wantStatus(t, s.ask(token), http.StatusTooManyRequests)
		time.Sleep(time.Second)
	})
}

// While a reader waits, the store may go back in time, fail, or revoke the reader's key: a
// change after that is not for it.
func TestWhatEndsAWait(t *testing.T) {
	for name, tt := range map[string]struct {
		happen func(s *server)
		status int
	}{
		"the store goes back": {func(s *server) { s.store.lag("acme", 0); s.store.fork("acme") }, http.StatusGone},
		"the store fails":     {func(s *server) { s.store.fail(errors.New("disk on fire")) }, http.StatusInternalServerError},
		"the key is revoked": {func(s *server) {
			s.store.change("KEY", func(k *callvault.Key) { k.Revoked = noon })
			s.clock.advance(10 * time.Second) // as the bubble's clock did
			s.put(t, "acme", call(t, "2", 0, ""))
		}, http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if w, _ := waitFor(t, tt.happen); w.Code != tt.status {
					t.Errorf("got %d, want %d: %s", w.Code, tt.status, w.Body)
				}
				time.Sleep(time.Second)
			})
		})
	}
}

// A reader goes on only if it has seen nothing that the store does not have. A standby has not
// received it yet, and says when to ask again.
func TestAStoreThatIsBehind(t *testing.T) {
	for readOnly, status := range map[bool]int{true: http.StatusServiceUnavailable, false: http.StatusGone} {
		s := newServer(t, Config{ReadOnly: readOnly})
		s.put(t, "acme", call(t, "1", 0, ""), call(t, "2", 0, ""))
		token := decodeChanges(t, s.get(changes.Path+"?limit=1")).Next
		s.store.lag("acme", 1)
		w := s.get(changes.Path + "?after=" + token)
		if w.Code != status || readOnly != (w.Header().Get("Retry-After") == "1") {
			t.Errorf("read-only %t: got %d, %v: %s", readOnly, w.Code, w.Header(), w.Body)
		}
	}
}

// A client that has gone is not waited for.
func TestAWaitForAClientThatHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{})
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, leave)
		began := time.Now()
		wantAborted(t, func() {
			s.ServeHTTP(httptest.NewRecorder(), request(changes.Path+"?wait=50").WithContext(ctx))
		})
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it was waited for %v", took)
		}
		time.Sleep(time.Second)
	})
}

// Who waits holds nothing: pages are answered beside any number of readers, and the store is
// asked as often for two hundred of them as for one. A change wakes all.
func TestWaitingCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const readers = 200
		s := newServer(t, Config{})
		s.put(t, "acme", call(t, "1", 0, ""))
		token := decodeChanges(t, s.get(changes.Path)).Next
		var group sync.WaitGroup
		for range readers {
			group.Go(func() {
				if body := decodeChanges(t, s.ask(token)); len(body.Changes) != 1 {
					t.Errorf("a reader got %+v", body)
				}
			})
		}
		synctest.Wait()
		if n := s.feed.Waiting(); n != readers {
			t.Errorf("%d readers wait", n)
		}
		questions := 0
		s.store.mu.Lock()
		s.store.stall = func(context.Context) { questions++ }
		s.store.mu.Unlock()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		s.store.mu.Lock()
		if s.store.stall = nil; questions > 50 {
			t.Errorf("the store was asked %d times in ten seconds", questions)
		}
		s.store.mu.Unlock()
		wantStatus(t, s.get(everything), http.StatusOK)
		s.put(t, "acme", call(t, "2", 0, ""))
		group.Wait()
		time.Sleep(time.Second)
	})
}

// Too many readers of a company are told to come later. Others wait as before.
func TestReadersOfACompanyAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{})
		s.store.AddKey(t.Context(), testKey(callvault.BasicKey, "other", "OTHER", "hush"))
		var group sync.WaitGroup
		refused := make(chan string, 2000)
		for range 1010 {
			group.Go(func() {
				if w := s.get(changes.Path + "?wait=50"); w.Code != http.StatusOK {
					refused <- fmt.Sprint(w.Code, w.Header()["Retry-After"])
				}
			})
		}
		began := time.Now()
		if body := decodeChanges(t, s.getAs(basicAuth("OTHER", "hush"), changes.Path+"?wait=5")); time.Since(began) != 5*time.Second || body.More {
			t.Errorf("a reader of another company waited for %v", time.Since(began))
		}
		group.Wait()
		if len(refused) != 10 || <-refused != "429 [1]" {
			t.Errorf("%d were refused", len(refused))
		}
		time.Sleep(time.Second)
	})
}

// An answer ends at 4 MiB, and the next begins where it ended.
func TestChangesAreBounded(t *testing.T) {
	s := newServer(t, Config{})
	want := make(map[string]bool)
	for i := range 200 {
		id := fmt.Sprint(i + 1)
		c := call(t, id, i, "")
		c.Document = fmt.Appendf(nil, `{"id":"%s","title":"%s"}`, id, strings.Repeat("x", callvault.MaxDocument-100))
		s.put(t, "acme", c)
		want[id] = true
	}
	got, token, answers := make(map[string]bool), "", 0
	for more := true; more; answers++ {
		w := s.get(changes.Path + "?limit=1000&after=" + token)
		if size := w.Body.Len(); size > feed.MaxBytes || answers == 0 && size < feed.MaxBytes-2*callvault.MaxDocument {
			t.Errorf("an answer has %d bytes", size)
		}
		body := decodeChanges(t, w)
		for _, change := range body.Changes {
			if got[change.ID] {
				t.Errorf("change %d came twice", change.Number)
			}
			got[change.ID] = true
		}
		token, more = body.Next, body.More
	}
	if !maps.Equal(got, want) || answers != 4 {
		t.Errorf("%d calls in %d answers", len(got), answers)
	}
}

// A wait is longer than the time-outs of the listener. A client that sends nothing more is
// answered at once: it has gone, or closed its half of the connection.
func TestWaitsOnAListener(t *testing.T) {
	var s *server
	handler := func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }
	serve(t, handler, func(t *testing.T, l *running) {
		s = newServer(t, Config{})
		text := "GET " + changes.Path + "?wait=50 HTTP/1.1\r\nHost: callvault.test\r\nAuthorization: " + basicAuth("KEY", "hush") + "\r\n\r\n"
		c := l.dial()
		defer c.Close()
		reader := bufio.NewReader(c)
		for range 3 { // on one connection
			began := time.Now()
			io.WriteString(c, text)
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK || time.Since(began) != 50*time.Second {
				t.Fatalf("got %d, %v after %v", response.StatusCode, err, time.Since(began))
			}
		}
		for _, after := range []time.Duration{time.Second, 40 * time.Second} {
			gone := l.dial()
			io.WriteString(gone, text)
			time.Sleep(after)
			synctest.Wait()
			if n := s.feed.Waiting(); n != 1 {
				t.Errorf("%d readers wait", n)
			}
			gone.Close()
			synctest.Wait()
			if n := s.feed.Waiting(); n != 0 {
				t.Errorf("%v later a client that has gone is waited for", after)
			}
		}
		time.Sleep(time.Second)
	})
}

// onHandler is a transport to a handler, without a network.
type onHandler struct{ http.Handler }

func (h onHandler) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

// The public package follows this server: from the beginning, from a kept token, and until
// the store goes back.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{})
		client := &gong.Client{BaseURL: "http://callvault.test", Credential: gong.Credential{AccessKey: "KEY", AccessKeySecret: "hush"}, HTTP: &http.Client{Transport: onHandler{s}}}
		s.put(t, "acme", call(t, "1", 0, ""), call(t, "2", 0, ""))
		time.AfterFunc(time.Minute, func() { s.store.Calls("acme").Delete(t.Context(), []callvault.ID{mustID(t, "1")}) })
		time.AfterFunc(5*time.Minute, func() { s.store.lag("acme", 2); s.store.fork("acme"); s.put(t, "acme", call(t, "3", 0, "")) })
		var got []string
		token := ""
		for change, err := range changes.Follow(t.Context(), client, token) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(change.AppendJSON(nil)))
			if change.Token != "" {
				token = change.Token
				break
			}
		}
		for change, err := range changes.Follow(t.Context(), client, token) {
			if errors.Is(err, changes.ErrStartOver) {
				got = append(got, "start over")
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(change.AppendJSON(nil)))
		}
		want := []string{
			`{"number":1,"id":"1","call":{"id":"1","started":"2026-03-04T12:00:00Z"}}`,
			`{"number":2,"id":"2","call":{"id":"2","started":"2026-03-04T12:00:00Z"}}`,
			`{"number":3,"id":"1","deleted":true}`,
			"start over",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		time.Sleep(time.Second)
	})
}
