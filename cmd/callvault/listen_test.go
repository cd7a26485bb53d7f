package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
)

// take is an address that somebody listens on.
func take(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String()
}

// The operator's listener is there beside the API, on the machine alone.
func TestServeManage(t *testing.T) {
	c := newCLI(t)
	s := c.serve()
	s.find(`^serving `)
	manage := s.find(`web page, health and metrics at (http://127\.0\.0\.1:\d+)`)[1]
	if status, body := s.get(manage+"/readyz", unauthorized); status != http.StatusOK || body != "ok\n" {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := s.get(manage+"/debug/pprof/", unauthorized); status != http.StatusOK {
		t.Errorf("profiles: %d", status)
	}
	if status, _ := s.get(manage+"/readyz", func(r *http.Request) { r.Host = "evil.example" }); status != http.StatusMisdirectedRequest {
		t.Errorf("another host: %d", status)
	}
}

// Beyond loopback the page needs a key, and profiles one that was made for them.
func TestServeManageBeyondLoopback(t *testing.T) {
	c := newCLI(t)
	key := func(args ...string) func(*http.Request) {
		var made struct{ AccessKey, AccessKeySecret string }
		if err := json.Unmarshal([]byte(c.must(append([]string{"key", "create", "-o", "json"}, args...)...)), &made); err != nil {
			t.Fatal(err)
		}
		return func(r *http.Request) { r.SetBasicAuth(made.AccessKey, made.AccessKeySecret) }
	}
	reader, operator := key(), key("--scope", "callvault:profiles:read")
	s := c.serve("--manage", "0.0.0.0:0")
	address := s.find(`web page, health and metrics at http://\S+:(\d+) and every other IPv4 address of this machine; the page asks for an access key and its secret`)
	for path, statuses := range map[string][3]int{
		"/readyz":           {http.StatusOK, http.StatusOK, http.StatusOK},
		"/api/site":         {http.StatusUnauthorized, http.StatusOK, http.StatusForbidden},
		"/debug/pprof/heap": {http.StatusUnauthorized, http.StatusForbidden, http.StatusOK},
	} {
		for i, as := range []func(*http.Request){unauthorized, reader, operator} {
			if status, body := s.get("http://127.0.0.1:"+address[1]+path, as); status != statuses[i] || strings.Contains(body, "Profiles") {
				t.Errorf("%s as %d: %d %s, want %d", path, i, status, body, statuses[i])
			}
		}
	}
}

// What is printed of a listener that is everywhere can be opened, on this machine, and
// is what healthcheck asks.
func TestServeEverywhere(t *testing.T) {
	for listen, want := range map[string]struct{ host, beside string }{
		"0.0.0.0:0": {`127\.0\.0\.1`, "every other IPv4 address of this machine"},
		":0":        {`127\.0\.0\.1`, "every other address of this machine"},
		"[::]:0":    {`127\.0\.0\.1`, "every other address of this machine"},
	} {
		t.Run(listen, func(t *testing.T) {
			if listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp6", "[::1]:0"); err != nil && listen != "0.0.0.0:0" {
				t.Skip(err)
			} else if err == nil {
				listener.Close()
			}
			s := newCLI(t).serve("--listen", listen, "--manage", listen)
			api := s.find(`^serving \S+ at (http://` + want.host + `:\d+) and ` + want.beside + `\n`)[1]
			manage := s.find(`web page, health and metrics at (http://` + want.host + `:\d+) and ` + want.beside + `; the page asks for an access key and its secret\n`)[1]
			if status, _ := s.get(api+"/v2/calls", unauthorized); status != http.StatusUnauthorized {
				t.Errorf("the API: %d", status)
			}
			if status, _ := s.get(manage+"/readyz", unauthorized); status != http.StatusOK {
				t.Errorf("/readyz: %d", status)
			}
		})
	}
}

// An address that is taken ends serve, and no store is made that nobody reads.
func TestServeTaken(t *testing.T) {
	for _, flag := range []string{"--listen", "--manage"} {
		c := newCLI(t)
		args := []string{"serve", "--listen", "127.0.0.1:0", flag, take(t)}
		if got := c.run(args...); got.code != exitFailed || !strings.Contains(got.stderr, flag+": 127.0.0.1:") ||
			!strings.Contains(got.stderr, " is in use; choose another address, such as "+flag+" 127.0.0.1:0 for a free port") {
			t.Errorf("%s: %+v", flag, got)
		}
		if _, err := os.Stat(c.env["CALLVAULT_DB"]); err == nil {
			t.Errorf("%s: the store is there", flag)
		}
	}
}

// unused is an address that nobody listens on.
func unused(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
