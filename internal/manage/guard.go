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

// Who is let in:
//
// A listener on loopback is reached from this machine alone: whoever comes is its
// operator, unless it is a browser that shows a page from elsewhere. So a request
// must name a host that is loopback: somebody else's name that resolves to it (DNS
// rebinding) is refused. Who names none is no browser: a probe of HTTP/1.0.
//
// A listener that other machines reach lets in who has a key with the scope of what is
// asked for, and shows that key's company. Profiles have memory of every company in
// them, so they need a scope that no key has by default.
//
// On both, a request that says which page sent it must come from a page of the
// listener itself, unless somebody follows a link to here: every view is a URL.

// IsLoopback tells whether only this machine reaches an address.
func IsLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// fromHere refuses what a page elsewhere asks for, health and metrics too.
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

// letIn lets in who may see calls, or whatever else a scope is for.
func (h *Handler) letIn(scope callvault.Scope, next siteHandler) siteHandler {
	return func(s *site, w http.ResponseWriter, r *http.Request) {
		if h.local {
			web.Known(r.Context())
			next(s, w, r)
			return
		}
		key, err := s.key(r)
		switch {
		case err != nil && r.Context().Err() != nil: // nobody is there to be told
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

// companyKey is where a context has the company of the key that was shown.
type companyKey struct{}

// keyCompany is the company of the key that a request came with. It is false on
// loopback: no key is asked for, and any company may be chosen.
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

// isProbe tells whether a request names no host, as those of load balancers may, and
// nothing says that a browser sent it: a browser always names one.
func isProbe(r *http.Request) bool {
	if r.Host != "" {
		return false
	}
	for name := range r.Header {
		if name == "Origin" || name == "Referer" || strings.HasPrefix(name, "Sec-") {
			return false
		}
	}
	return true
}

// isOwnOrigin tells whether a request was sent by no page, or by one of the host
// that it asks.
func isOwnOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	page, err := url.Parse(origin)
	return err == nil && page.Host != "" && strings.EqualFold(page.Host, r.Host)
}

// isEmbedded tells whether a browser says that a page elsewhere asks for a part of
// itself: an image, a script or a frame, which come without an Origin. It could read
// none of them, but make work, such as a profile. See https://www.w3.org/TR/fetch-metadata/
func isEmbedded(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document"
}
