package manage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callvault/callvault"
)

// store is a store of which only Identity is asked.
type store struct {
	callvault.Store
	err error
}

func (s *store) Identity(context.Context) (string, error) { return "this one", s.err }

// silent is a store that does not answer.
type silent struct{ callvault.Store }

func (silent) Identity(ctx context.Context) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

var (
	here       = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8081}
	everywhere = &net.TCPAddr{IP: net.IPv6unspecified, Port: 8081}
)

// start is a handler that is ready.
func start(t *testing.T, address net.Addr, config Config) *Handler {
	t.Helper()
	if config.Store == nil {
		config.Store = new(store)
	}
	h := New(address)
	if err := h.Start(config); err != nil {
		t.Fatal(err)
	}
	return h
}

// get asks as a program on this machine does, but for what edit changes.
func get(h http.Handler, path string, edit func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8081"+path, nil)
	if edit != nil {
		edit(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHealth(t *testing.T) {
	check := func(h *Handler, path string, status int, want string) {
		t.Helper()
		if w := get(h, path, nil); w.Code != status || !strings.HasPrefix(w.Body.String(), want) {
			t.Errorf("%s: %d %q, want %d %q", path, w.Code, w.Body, status, want)
		}
	}
	h := New(here)
	check(h, "/livez", http.StatusOK, "ok")
	check(h, "/readyz", http.StatusServiceUnavailable, "starting: ")
	check(h, "/metrics", http.StatusServiceUnavailable, "starting: ")
	check(h, "/debug/pprof/", http.StatusServiceUnavailable, "starting: ")

	s := new(store)
	if err := h.Start(Config{Store: s}); err != nil {
		t.Fatal(err)
	}
	check(h, "/readyz", http.StatusOK, "ok")
	check(h, "/metrics", http.StatusNotFound, "")
	check(h, "/debug/pprof/goroutine?debug=1", http.StatusOK, "goroutine profile")

	if w := get(h, "/readyz", nil); w.Header().Get("Callvault-Store") != "this one" {
		t.Errorf("the store is %v", w.Header())
	}
	s.err = fmt.Errorf("identify secrets.db: %w: it is another file now", callvault.ErrReplaced)
	check(h, "/readyz", http.StatusServiceUnavailable, "the store was replaced while it was open; start serve again")
	if has, ok := get(h, "/readyz", nil).Header()["Callvault-Store"]; !ok || has[0] != "" {
		t.Errorf("not ready, and the store is %q, %v", has, ok)
	}
	s.err = errors.New("open secrets.db: no such file")
	check(h, "/livez", http.StatusOK, "ok")
	check(h, "/readyz", http.StatusServiceUnavailable, "the store can't be read; the log says why")
	s.err = nil
	check(h, "/readyz", http.StatusOK, "ok")

	h.Stop()
	check(h, "/livez", http.StatusOK, "ok")
	check(h, "/readyz", http.StatusServiceUnavailable, "stopping: ")
}

// What is wrong with the store is for the log alone.
func TestNotReadyIsLogged(t *testing.T) {
	var log strings.Builder
	h := start(t, here, Config{Store: &store{err: errors.New("disk on fire")}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if w := get(h, "/readyz", nil); strings.Contains(w.Body.String(), "fire") || !strings.Contains(log.String(), "disk on fire") {
		t.Errorf("answer %q, log %q", w.Body, log.String())
	}
}

// However often anybody asks a server that is not ready, its log is not filled.
func TestNotReadyFillsNoLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		h := start(t, everywhere, Config{Store: &store{err: errors.New("disk on fire")}, Log: slog.New(slog.NewTextHandler(&log, nil))})
		for range 100 {
			get(h, "/readyz", nil)
		}
		time.Sleep(time.Second) // the bubble's
		synctest.Wait()
		if n := strings.Count(log.String(), "\n"); n > 21 || !strings.Contains(log.String(), "disk on fire") {
			t.Errorf("%d lines: %s", n, log.String())
		}
	})
}

// A store that says nothing is not ready within a second.
func TestReadyWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, here, Config{Store: silent{}})
		asked := time.Now()
		if w := get(h, "/readyz", nil); w.Code != http.StatusServiceUnavailable || time.Since(asked) >= time.Second {
			t.Errorf("%d %s after %v", w.Code, w.Body, time.Since(asked))
		}
	})
}

// counting is a store that does not answer, and counts who asks.
type counting struct {
	silent
	asked *atomic.Int32
}

func (c counting) Identity(ctx context.Context) (string, error) {
	c.asked.Add(1)
	return c.silent.Identity(ctx)
}

// However many ask whether the server is ready, the store is asked by one at a time, and
// the log has one line of it.
func TestReadyIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		s := counting{asked: new(atomic.Int32)}
		h := start(t, everywhere, Config{Store: s, Log: slog.New(slog.NewTextHandler(&log, nil))})
		var asking sync.WaitGroup
		for range 100 {
			asking.Go(func() {
				if w := get(h, "/readyz", nil); w.Code != http.StatusServiceUnavailable {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			})
		}
		asking.Wait()
		synctest.Wait()
		if n, lines := s.asked.Load(), strings.Count(log.String(), "not ready"); n != 1 || lines != 1 {
			t.Errorf("the store was asked %d times, and the log has %d lines", n, lines)
		}
	})
}

// A client that does not take the metrics keeps nobody from collecting them, and one
// collects them at a time.
func TestMetricsNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collecting, most := 0, 0
		registry := prometheus.NewRegistry()
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "calls"}, func() float64 {
			collecting++
			most = max(most, collecting)
			time.Sleep(time.Second) // the bubble's
			collecting--
			return 1
		}))
		h := start(t, everywhere, Config{Metrics: registry})
		gone := make(chan struct{})
		var stuck, others sync.WaitGroup
		stuck.Go(func() {
			h.ServeHTTP(untaken{httptest.NewRecorder(), gone}, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		})
		for range 3 {
			others.Go(func() {
				if w := get(h, "/metrics", nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "\ncalls 1\n") {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			})
		}
		others.Wait()
		close(gone)
		stuck.Wait()
		if most != 1 {
			t.Errorf("%d were collecting at once", most)
		}
	})
}

// untaken is a client that takes nothing until it has gone.
type untaken struct {
	*httptest.ResponseRecorder
	gone chan struct{}
}

func (u untaken) Write([]byte) (int, error) {
	<-u.gone
	return 0, io.ErrClosedPipe
}

func TestStartWithoutStore(t *testing.T) {
	if err := New(here).Start(Config{}); err == nil {
		t.Error("no error")
	}
}

// The description of the API and its page are for who is let in, and nowhere when
// there are none.
func TestDescription(t *testing.T) {
	says := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(text)) })
	}
	for _, tt := range []struct {
		address net.Addr
		config  Config
		status  int
	}{
		{here, Config{Description: says("/openapi.json"), Docs: says("/docs")}, http.StatusOK},
		{everywhere, Config{Description: says("/openapi.json"), Docs: says("/docs")}, http.StatusUnauthorized},
		{here, Config{}, http.StatusNotFound},
	} {
		h := start(t, tt.address, tt.config)
		for _, path := range []string{"/openapi.json", "/docs"} {
			w := get(h, path, nil)
			if w.Code != tt.status || w.Code == http.StatusOK && w.Body.String() != path {
				t.Errorf("%s at %s: %d %q, want %d", path, tt.address, w.Code, w.Body, tt.status)
			}
		}
	}
}

// The page is asked for what is nothing else, and told the key's company; on loopback
// it is told none.
func TestPage(t *testing.T) {
	page := func(w http.ResponseWriter, r *http.Request, company string) {
		w.Write([]byte("page " + r.URL.Path + " of " + company))
	}
	for _, c := range []struct {
		address net.Addr
		company string
	}{{here, ""}, {everywhere, "acme"}} {
		h := start(t, c.address, Config{Page: page, Key: keyOf("acme"), Docs: http.NotFoundHandler()})
		for _, path := range []string{"/", "/api/site", "/assets/x.js"} {
			if w := get(h, path, nil); w.Body.String() != "page "+path+" of "+c.company {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
		for _, path := range []string{"/livez", "/metrics", "/debug/pprof/", "/docs"} {
			if w := get(h, path, nil); strings.HasPrefix(w.Body.String(), "page") {
				t.Errorf("%s is the page", path)
			}
		}
	}
	h := start(t, everywhere, Config{Page: page, Key: func(*http.Request) (*callvault.Key, error) { return nil, nil }})
	if w := get(h, "/", nil); w.Code != http.StatusUnauthorized {
		t.Errorf("without a key: %d %s", w.Code, w.Body)
	}
	if w := get(start(t, here, Config{}), "/", nil); w.Code != http.StatusNotFound {
		t.Errorf("no page: %d", w.Code)
	}
}

// A browser that comes too early asks again by itself.
func TestPageBeforeStart(t *testing.T) {
	if w := get(New(here), "/", nil); w.Code != http.StatusServiceUnavailable || w.Header().Get("Refresh") != "1" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
