package manage

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/web"
)

// Access rules:
//
// Only this machine reaches a listener on loopback, so every client is the operator,
// except a browser that shows a page from elsewhere. So a request must name a loopback
// host: another name that resolves to it (DNS rebinding) is refused. A request without
// a host is a probe of HTTP/1.0, because every browser names one.
//
// A listener beyond loopback needs a key with the scope of the route, and shows that
// key's company. Profiles contain memory of every company, so they need a scope that no
// key has by default.
//
// On both, a request that names the page that sent it must come from a page of the
// listener itself, unless somebody follows a link to it: every view is a URL.

// IsLoopback tells whether only this machine reaches an address.
func IsLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// fromHere refuses requests of pages elsewhere, also for health and metrics.
func (h *Handler) fromHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case h.local && !isLocalName(r.Host) && !isProbe(r):
			http.Error(w, "this listener is for this machine: ask for 127.0.0.1 or localhost", http.StatusMisdirectedRequest)
		case !isOwnOrigin(r) || isEmbedded(r):
			http.Error(w, "a page elsewhere may not ask here; behind a proxy, let it pass on the Host that the browser names", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// letIn requires a key with a scope, except on loopback.
func (h *Handler) letIn(scope callvault.Scope, next siteHandler) siteHandler {
	return func(s *site, w http.ResponseWriter, r *http.Request) {
		if h.local {
			web.Known(r.Context())
			next(s, w, r)
			return
		}
		key, err := s.key(r)
		switch {
		case err != nil && r.Context().Err() != nil: // the client has gone
			panic(http.ErrAbortHandler)
		case err != nil:
			s.Log.Error("check a key", "error", err)
			http.Error(w, "the key can't be checked; the log says why", http.StatusServiceUnavailable)
		case key == nil || key.Company == "": // no company would be every company
			w.Header().Set("WWW-Authenticate", `Basic realm="callvault", charset="UTF-8"`)
			http.Error(w, "an access key and its secret are needed here", http.StatusUnauthorized)
		case !key.Allows(scope):
			http.Error(w, "this key lacks the scope for that; make one that has it: callvault key create --scope "+string(scope), http.StatusForbidden)
		default:
			web.Known(r.Context())
			next(s, w, r.WithContext(context.WithValue(r.Context(), companyKey{}, key.Company)))
		}
	}
}

func (s *site) key(r *http.Request) (*callvault.Key, error) {
	if s.Key == nil {
		return nil, nil
	}
	return s.Key(r)
}

// companyKey is the key of a context's value for the company of the presented key.
type companyKey struct{}

// keyCompany is the company of the key that a request presents. It is false on
// loopback, where no key is needed and the client chooses the company.
func keyCompany(ctx context.Context) (company string, ok bool) {
	company, ok = ctx.Value(companyKey{}).(string)
	return company, ok
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

// isProbe tells whether a request names no host, as a load balancer's probe may. A
// browser names the host, and one that does not would still name the page's origin.
func isProbe(r *http.Request) bool { return r.Host == "" && r.Header.Get("Origin") == "" }

// isOwnOrigin tells whether no page sent a request, or one of the host it asks did.
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
