package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// route is a method and a path that are served, the scope that a key needs
// for them, and what serves them. A route of GET serves HEAD too.
//
// The table is our own and not an http.ServeMux because that one answers some
// requests itself: it redirects //v2/calls and writes its own 404 and 405,
// where the contract wants its envelope.
type route struct {
	method, path string
	scope        callvault.Scope
	handle       func(x *exchange, r *http.Request) error
}

// descriptionPath is where the description of the API is served.
const descriptionPath = "/openapi.json"

// anybody is the scope of a route that needs no key.
const anybody callvault.Scope = ""

// match finds the route of a request.
func (h *Handler) match(r *http.Request) (*route, error) {
	var allowed []string
	for i := range h.routes {
		route := &h.routes[i]
		if route.path != r.URL.Path || r.URL.RawPath != "" { // as in /v2%2Fcalls
			continue
		}
		if route.serves(r.Method) {
			return route, nil
		}
		allowed = append(allowed, route.methods()...)
	}
	if slices.Contains(unserved[:], r.URL.Path) {
		return nil, &clientError{status: http.StatusNotImplemented, texts: []string{r.URL.Path + " is not implemented; " + answers}, cause: errUnserved}
	}
	if allowed != nil {
		return nil, &clientError{
			status: http.StatusMethodNotAllowed,
			texts:  []string{gong.MethodNotAllowed},
			header: http.Header{"Allow": {strings.Join(allowed, ", ")}},
		}
	}
	return nil, &clientError{status: http.StatusNotFound, texts: []string{unknownRoute}, cause: errUnknownRoute}
}

// unserved are the routes of the API that list calls too. A client that asks
// for them is told so with 501 and not 404, because some take every 404 of
// them for "no calls" (amp-labs/connectors, providers/gong, 2026).
var unserved = [...]string{gong.Path + "/extensive", gong.Path + "/transcript"}

const answers = "this server answers GET " + gong.Path

// unknownRoute must not look like the 404 of an empty range to any client:
// some look for "no calls", some for /No .* found/i.
const unknownRoute = "Unknown route; " + answers

func (t *route) serves(method string) bool {
	return method == t.method || method == http.MethodHead && t.method == http.MethodGet
}

func (t *route) methods() []string {
	if t.method == http.MethodGet {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{t.method}
}
