package manage

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/web"
)

// fromHere refuses requests of pages elsewhere, also for health and metrics. On loopback a
// request must name this machine, because another name may resolve to it (DNS rebinding); and
// if it names the page that sent it, that must be the listener's own.
func (h *Handler) fromHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case h.local && !isLocalName(r.Host) && !isProbe(r):
			http.Error(w, "this listener is only for this machine: use 127.0.0.1 or localhost", http.StatusMisdirectedRequest)
		case !isOwnOrigin(r) || isEmbedded(r):
			http.Error(w, "requests from pages of other sites are refused; a proxy must pass on the Host that the browser sends", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// letIn requires a key with a scope, except on loopback, which only this machine reaches. The
// key decides whose calls the page shows. Profiles contain memory of every company, so no key
// has their scope by default.
func (h *Handler) letIn(s *site, scope callvault.Scope, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.local {
			web.Known(r.Context())
			next.ServeHTTP(w, r)
			return
		}
		var key *callvault.Key
		var err error
		if s.Key != nil {
			key, err = s.Key(r)
		}
		switch {
		case err != nil && r.Context().Err() != nil: // the client has gone
			panic(http.ErrAbortHandler)
		case err != nil:
			s.Log.Error("check a key", "error", err)
			http.Error(w, "the key can't be checked; the log says why", http.StatusServiceUnavailable)
		case key == nil || key.Company == "": // no company would be every company
			w.Header().Set("WWW-Authenticate", `Basic realm="callvault", charset="UTF-8"`)
			http.Error(w, "this needs an access key and its secret", http.StatusUnauthorized)
		case !key.Allows(scope):
			http.Error(w, "this key lacks the scope for that; make one that has it: callvault key create --scope "+string(scope), http.StatusForbidden)
		default:
			web.Known(r.Context())
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), companyKey{}, key.Company)))
		}
	})
}

type companyKey struct{}

// keyCompany is the company of the key that a request presents. It is false on
// loopback, where no key is needed and the client chooses the company.
func keyCompany(ctx context.Context) (company string, ok bool) {
	company, ok = ctx.Value(companyKey{}).(string)
	return company, ok
}

// bounded lets through GET and HEAD without a body. Handlers of libraries read any body
// into memory or temporary files without a bound: http.Request.FormValue does.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "this listener answers only GET and HEAD", http.StatusMethodNotAllowed)
		case r.ContentLength != 0: // -1 means an unknown length
			w.Header().Set("Connection", "close")
			http.Error(w, "a request here must have no body", http.StatusBadRequest)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Signpost answers a browser that opens the API on loopback with the web page's address.
// The API answers all other requests.
func Signpost(api net.Addr, page string, next http.Handler) http.Handler {
	if !web.IsLoopback(api) {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" || r.Method != http.MethodGet || !strings.Contains(r.Header.Get("Accept"), "text/html") || !isLocalName(r.Host) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		fmt.Fprintf(w, "<!doctype html><title>callvault</title><p>This is the API. The calls are shown at <a href=%[1]q>%[1]s</a>.\n", page)
	})
}

// isLocalName tells whether a request names its host as this machine: an address
// of loopback, or localhost, with any port (a tunnel may have another one).
func isLocalName(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if ip := net.ParseIP(name); ip != nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(strings.TrimSuffix(name, "."), "localhost")
}

// isProbe reports whether a request names neither a host nor an origin, as a load
// balancer's probe may. Browsers always name one of them.
func isProbe(r *http.Request) bool { return r.Host == "" && r.Header.Get("Origin") == "" }

// isOwnOrigin reports whether a request comes from this listener's page, or from none.
func isOwnOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	page, err := url.Parse(origin)
	return err == nil && page.Host != "" && strings.EqualFold(page.Host, r.Host)
}

// isEmbedded tells whether a page elsewhere embeds the answer as an image, a script or
// a frame, for which browsers send no Origin. The page could not read it, but would
// cause work, such as a profile. See https://www.w3.org/TR/fetch-metadata/
func isEmbedded(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}
