package manage

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
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
		"":                        http.StatusMisdirectedRequest,
		"[::ffff:127.0.0.1]:8081": http.StatusOK,
	} {
		for _, path := range []string{"/livez", "/readyz", "/debug/pprof/"} {
			if w := get(h, path, func(r *http.Request) { r.Host = host }); w.Code != status {
				t.Errorf("%s of host %q: %d, want %d", path, host, w.Code, status)
			}
		}
	}
}

// A page elsewhere may not ask, on any listener.
func TestOrigins(t *testing.T) {
	for _, address := range []net.Addr{here, everywhere} {
		h := start(t, address, Config{Company: keyOf("acme")})
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
		h := start(t, address, Config{Company: keyOf("acme")})
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

// keyOf lets in every request as a company's, and none without credentials.
func keyOf(company string) func(*http.Request) (string, bool, error) {
	return func(*http.Request) (string, bool, error) { return company, true, nil }
}

// Where other machines reach the listener, profiles need a key and health does
// not.
func TestKeys(t *testing.T) {
	refused := func(*http.Request) (string, bool, error) { return "", false, nil }
	unknown := func(*http.Request) (string, bool, error) { return "", false, errors.New("disk on fire") }
	for _, c := range []struct {
		name    string
		company func(*http.Request) (string, bool, error)
		status  int
	}{
		{"a key", keyOf("acme"), http.StatusOK},
		{"no key", refused, http.StatusUnauthorized},
		{"a key of nobody", keyOf(""), http.StatusUnauthorized},
		{"nobody to ask", nil, http.StatusUnauthorized},
		{"a store that is away", unknown, http.StatusServiceUnavailable},
	} {
		h := start(t, everywhere, Config{Company: c.company})
		w := get(h, "/debug/pprof/", nil)
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d", c.name, w.Code, c.status)
		}
		if challenged := w.Header().Get("WWW-Authenticate") != ""; challenged != (c.status == http.StatusUnauthorized) {
			t.Errorf("%s: challenge %q", c.name, w.Header().Get("WWW-Authenticate"))
		}
		if strings.Contains(w.Body.String(), "fire") {
			t.Errorf("%s: %s", c.name, w.Body)
		}
		if w := get(h, "/livez", nil); w.Code != http.StatusOK {
			t.Errorf("%s: /livez is %d", c.name, w.Code)
		}
	}
}

// The company of a key travels with its request; on loopback there is none.
func TestKeyCompany(t *testing.T) {
	var company string
	var ok bool
	see := func(_ *site, _ http.ResponseWriter, r *http.Request) { company, ok = keyCompany(r.Context()) }
	for _, c := range []struct {
		address net.Addr
		company string
		ok      bool
	}{{everywhere, "acme", true}, {here, "", false}} {
		h := start(t, c.address, Config{Company: keyOf("acme")})
		get(h.started(h.letIn(see)), "/", nil)
		if company != c.company || ok != c.ok {
			t.Errorf("%v: %q, %v", c.address, company, ok)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "127.9.9.9:1": true, "[::1]:1": true,
		"0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false,
	} {
		a, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if IsLoopback(a) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
	if IsLoopback(&net.UnixAddr{Name: "x"}) {
		t.Error("a socket")
	}
}
