package manage

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// On loopback a request must name this machine, whatever it asks for.
func TestHosts(t *testing.T) {
	h := start(t, here, Config{})
	for host, status := range map[string]int{
		"127.0.0.1:8081":          http.StatusOK,
		"127.0.0.1":               http.StatusOK,
		"127.8.8.8:9000":          http.StatusOK,
		"localhost:8081":          http.StatusOK,
		"LocalHost.:8081":         http.StatusOK,
		"[::1]:8081":              http.StatusOK,
		"[::1]":                   http.StatusOK,
		"evil.example:8081":       http.StatusMisdirectedRequest,
		"evil.example":            http.StatusMisdirectedRequest,
		"localhost.evil.example":  http.StatusMisdirectedRequest,
		"127.0.0.1.evil.example":  http.StatusMisdirectedRequest,
		"evillocalhost:8081":      http.StatusMisdirectedRequest,
		"192.168.0.1:8081":        http.StatusMisdirectedRequest,
		"0.0.0.0:8081":            http.StatusMisdirectedRequest,
		"":                        http.StatusOK, // no browser's
		":8081":                   http.StatusMisdirectedRequest,
		".":                       http.StatusMisdirectedRequest,
		"[]":                      http.StatusMisdirectedRequest,
		"[::ffff:127.0.0.1]:8081": http.StatusOK,
	} {
		for _, path := range []string{"/livez", "/readyz", "/debug/pprof/"} {
			if w := get(h, path, func(r *http.Request) { r.Host = host }); w.Code != status {
				t.Errorf("%s of host %q: %d, want %d", path, host, w.Code, status)
			}
		}
	}
}

// A request without a host is answered unless it names the origin of a page.
func TestNoHost(t *testing.T) {
	h := start(t, here, Config{})
	for header, status := range map[string]int{
		"User-Agent": http.StatusOK,
		"Origin":     http.StatusMisdirectedRequest,
	} {
		w := get(h, "/readyz", func(r *http.Request) {
			r.Host = ""
			r.Header.Set(header, "http://evil.example")
		})
		if w.Code != status {
			t.Errorf("%s: %d, want %d", header, w.Code, status)
		}
	}
}

// What is sent is what a server's handler sees: HTTP/1.0 needs no host, HTTP/1.1 may
// have an empty one, and an absolute address names one.
func TestProbes(t *testing.T) {
	server := httptest.NewServer(start(t, here, Config{}))
	defer server.Close()
	for text, want := range map[string]string{
		"GET /readyz HTTP/1.0\r\n\r\n":                                       "HTTP/1.0 200 OK",
		"GET /readyz HTTP/1.1\r\nHost:\r\n\r\n":                              "HTTP/1.1 200 OK",
		"GET /readyz HTTP/1.1\r\n\r\n":                                       "HTTP/1.1 400 Bad Request: missing required Host header",
		"GET /readyz HTTP/1.0\r\nHost: evil.example\r\n\r\n":                 "HTTP/1.0 421 Misdirected Request",
		"GET http://evil.example/readyz HTTP/1.0\r\n\r\n":                    "HTTP/1.0 421 Misdirected Request",
		"GET http://evil.example/readyz HTTP/1.1\r\nHost: localhost\r\n\r\n": "HTTP/1.1 421 Misdirected Request",
		"GET /readyz HTTP/1.0\r\nOrigin: http://evil.example\r\n\r\n":        "HTTP/1.0 421 Misdirected Request",
	} {
		connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		if _, err := io.WriteString(connection, text); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(connection).ReadString('\n')
		if got := strings.TrimSpace(line); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
}

// A page elsewhere may not ask, on any listener.
func TestOrigins(t *testing.T) {
	for _, address := range []net.Addr{here, everywhere} {
		h := start(t, address, Config{Key: keyOf("acme")})
		for origin, status := range map[string]int{
			"":                            http.StatusOK,
			"http://127.0.0.1:8081":       http.StatusOK,
			"https://127.0.0.1:8081":      http.StatusOK,
			"http://127.0.0.1:9999":       http.StatusForbidden,
			"http://localhost:8081":       http.StatusForbidden,
			"http://evil.example":         http.StatusForbidden,
			"http://127.0.0.1:8081.evil/": http.StatusForbidden,
			"null":                        http.StatusForbidden,
		} {
			for _, path := range []string{"/livez", "/debug/pprof/"} {
				w := get(h, path, func(r *http.Request) {
					if origin != "" {
						r.Header.Set("Origin", origin)
					}
				})
				if w.Code != status {
					t.Errorf("%s of a page of %q: %d, want %d", path, origin, w.Code, status)
				}
			}
		}
	}
}

// A browser says what a page elsewhere wants that names no Origin: a part of itself is
// refused, and a link to here may be followed.
func TestEmbedded(t *testing.T) {
	for _, address := range []net.Addr{here, everywhere} {
		h := start(t, address, Config{Key: keyOf("acme")})
		for _, c := range []struct {
			site, mode, dest string
			status           int
		}{
			{"none", "navigate", "document", http.StatusOK},
			{"same-origin", "cors", "empty", http.StatusOK},
			{"same-origin", "no-cors", "image", http.StatusOK},
			{"cross-site", "navigate", "document", http.StatusOK},
			{"same-site", "navigate", "document", http.StatusOK},
			{"cross-site", "navigate", "iframe", http.StatusForbidden},
			{"cross-site", "no-cors", "image", http.StatusForbidden},
			{"same-site", "no-cors", "script", http.StatusForbidden},
			{"cross-site", "no-cors", "document", http.StatusForbidden},
			{"something-new", "", "", http.StatusForbidden},
		} {
			for _, path := range []string{"/livez", "/debug/pprof/"} {
				w := get(h, path, func(r *http.Request) {
					r.Header.Set("Sec-Fetch-Site", c.site)
					r.Header.Set("Sec-Fetch-Mode", c.mode)
					r.Header.Set("Sec-Fetch-Dest", c.dest)
				})
				if w.Code != c.status {
					t.Errorf("%s for %+v: %d", path, c, w.Code)
				}
			}
		}
	}
}

// keyOf is a key of a company for every request, with the scope of all that is asked
// for here unless others are named.
func keyOf(company string, scopes ...callvault.Scope) func(*http.Request) (*callvault.Key, error) {
	if scopes == nil {
		scopes = []callvault.Scope{gong.ScopeCallsRead, callvault.ScopeProfilesRead}
	}
	return func(*http.Request) (*callvault.Key, error) {
		return &callvault.Key{Company: company, Scopes: scopes}, nil
	}
}

// Where other machines reach the listener, everything but health needs a key with its
// scope. A key that may read calls opens no profiles, and the other way round.
func TestKeys(t *testing.T) {
	nobody := func(*http.Request) (*callvault.Key, error) { return nil, nil }
	unknown := func(*http.Request) (*callvault.Key, error) { return nil, errors.New("disk on fire") }
	for _, c := range []struct {
		name            string
		key             func(*http.Request) (*callvault.Key, error)
		calls, profiles int
	}{
		{"a key of both", keyOf("acme"), http.StatusNotFound, http.StatusOK},
		{"a key of calls", keyOf("acme", gong.ScopeCallsRead), http.StatusNotFound, http.StatusForbidden},
		{"a key of profiles", keyOf("acme", callvault.ScopeProfilesRead), http.StatusForbidden, http.StatusOK},
		{"a key of neither", keyOf("acme", "api:users:read"), http.StatusForbidden, http.StatusForbidden},
		{"no key", nobody, http.StatusUnauthorized, http.StatusUnauthorized},
		{"a key of nobody", keyOf(""), http.StatusUnauthorized, http.StatusUnauthorized},
		{"nobody to ask", nil, http.StatusUnauthorized, http.StatusUnauthorized},
		{"a store that is away", unknown, http.StatusServiceUnavailable, http.StatusServiceUnavailable},
	} {
		h := start(t, everywhere, Config{Key: c.key})
		for path, status := range map[string]int{"/nothing": c.calls, "/debug/pprof/": c.profiles, "/livez": http.StatusOK} {
			w := get(h, path, nil)
			if w.Code != status {
				t.Errorf("%s: %s is %d, want %d", c.name, path, w.Code, status)
			}
			if challenged := w.Header().Get("WWW-Authenticate") != ""; challenged != (status == http.StatusUnauthorized) {
				t.Errorf("%s: %s has the challenge %q", c.name, path, w.Header().Get("WWW-Authenticate"))
			}
			if w.Code == http.StatusForbidden && !strings.Contains(w.Body.String(), "callvault key create --scope ") {
				t.Errorf("%s: %s says %q", c.name, path, w.Body)
			}
			if strings.Contains(w.Body.String(), "fire") {
				t.Errorf("%s: %s", c.name, w.Body)
			}
		}
	}
}

// The company of a key travels with its request; on loopback there is none.
func TestKeyCompany(t *testing.T) {
	var company string
	var ok bool
	see := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { company, ok = keyCompany(r.Context()) })
	for _, c := range []struct {
		address net.Addr
		company string
		ok      bool
	}{{everywhere, "acme", true}, {here, "", false}} {
		h := start(t, c.address, Config{Key: keyOf("acme")})
		get(h.letIn(h.site.Load(), gong.ScopeCallsRead, see), "/", nil)
		if company != c.company || ok != c.ok {
			t.Errorf("%v: %q, %v", c.address, company, ok)
		}
	}
}

// Who opens the API in a browser on this machine learns where the page is. All else is
// the API's.
func TestSignpost(t *testing.T) {
	const page = "http://127.0.0.1:8081"
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for name, c := range map[string]struct {
		address net.Addr
		request string
		change  func(r *http.Request)
		says    bool
	}{
		"a browser":             {here, "GET /", func(*http.Request) {}, true},
		"beyond loopback":       {everywhere, "GET /", func(*http.Request) {}, false},
		"a client":              {here, "GET /", func(r *http.Request) { r.Header.Set("Accept", "*/*") }, false},
		"another path":          {here, "GET /v2/calls", func(*http.Request) {}, false},
		"another method":        {here, "POST /", func(*http.Request) {}, false},
		"a name from elsewhere": {here, "GET /", func(r *http.Request) { r.Host = "evil.example" }, false},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		r := httptest.NewRequest(method, "http://localhost:8080"+path, nil)
		r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
		c.change(r)
		w := httptest.NewRecorder()
		Signpost(c.address, page, api).ServeHTTP(w, r)
		if says := w.Code == http.StatusOK && strings.Contains(w.Body.String(), `<a href="`+page+`">`); says != c.says || !says && w.Code != http.StatusTeapot {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
