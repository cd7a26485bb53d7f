package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// gate stands before a server of the API. It may answer a request in its place.
type gate struct {
	*httptest.Server
	mu       sync.Mutex
	requests int
	answer   func(w http.ResponseWriter, r *http.Request, number int) bool
}

// count is how many requests came; the first is number 1.
func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.requests
}

// newListed is a store of calls, a server of it that has 10 on a page, and a gate
// before it; the credential of the server is in the environment.
func newListed(t *testing.T, calls int) (*cli, *gate) {
	c := newCLI(t)
	c.stdin = numbered(calls)
	c.must("import", "-")
	var key struct{ AccessKey, AccessKeySecret string }
	if err := json.Unmarshal([]byte(c.must("key", "create", "-o", "json")), &key); err != nil {
		t.Fatal(err)
	}
	c.env["CALLVAULT_ACCESS_KEY"], c.env["CALLVAULT_ACCESS_KEY_SECRET"] = key.AccessKey, key.AccessKeySecret
	address, err := url.Parse(c.serve("--page-size", "10", "--rate-limit", "off").find(`at (http://\S+)`)[1])
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{answer: func(http.ResponseWriter, *http.Request, int) bool { return false }}
	proxy := httputil.NewSingleHostReverseProxy(address)
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		g.requests++
		number := g.requests
		g.mu.Unlock()
		if !g.answer(w, r, number) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(g.Close)
	return c, g
}

// numbered are records of calls, eight hours apart from the beginning of 2026.
func numbered(calls int) string {
	var lines strings.Builder
	for i := range calls {
		fmt.Fprintf(&lines, `{"id":"%d","title":"Call %d","started":"2026-01-%02dT%02d:00:00Z","duration":%d,"extra":[%d]}`+"\n", i+1, i+1, 1+i/3, i%3*8, 60*i, i)
	}
	return lines.String()
}

// january is a range that all of 93 such calls are in.
func january(flags ...string) []string {
	return append([]string{"calls", "--from", "2026-01-01", "--to", "2026-02-01", "--tz", "UTC"}, flags...)
}

// exportJanuary is the same range, to be exported.
func exportJanuary(flags ...string) []string {
	return append([]string{"export"}, january(flags...)[1:]...)
}

// refuse answers with a status and a text.
func refuse(w http.ResponseWriter, status int, text string) bool {
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"requestId": "4al018gzaztcr8nbukw", "errors": []string{text}})
	return true
}

// heldAt makes the gate hold a request until it is given up, and end the context
// when it comes.
func (g *gate) heldAt(t *testing.T, held int) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	g.answer = func(_ http.ResponseWriter, r *http.Request, number int) bool {
		if number != held {
			return false
		}
		cancel()
		<-r.Context().Done()
		return true
	}
	return ctx
}
