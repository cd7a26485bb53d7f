package api

import (
	"context"
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
	handle       func(ctx context.Context, x *exchange) error
}

// table is what the API answers.
func (h *Handler) table() []route {
	routes := []route{
		{http.MethodGet, gong.Path, gong.ScopeCallsRead, h.listCalls},
	}
	if h.config.Description != nil {
		routes = append(routes, route{http.MethodGet, descriptionPath, anybody, h.describe})
	}
	return routes
}

// describe is GET /openapi.json: the description of the API.
func (h *Handler) describe(_ context.Context, x *exchange) error {
	h.config.Description.ServeHTTP(x, x.request)
	return nil
}

// descriptionPath is where the description of the API is served.
const descriptionPath = "/openapi.json"

// anybody is the scope of a route that needs no key.
const anybody callvault.Scope = ""

// unserved are routes of Gong's API that list calls too. They are answered with 501
// because some clients take every 404 of them for "no calls"
// (amp-labs/connectors, providers/gong, 2026).
var unserved = [...]string{gong.Path + "/extensive", gong.Path + "/transcript"}

const answers = "this server answers GET " + gong.Path

// unknownRoute must not look like the 404 of an empty range to any client:
// some look for "no calls", some for /No .* found/i.
const unknownRoute = "Unknown route; " + answers

// match finds the route of a request.
func (h *Handler) match(r *http.Request) (*route, error) {
	var allowed []string
	for i := range h.routes {
		route := &h.routes[i]
		if route.path != r.URL.Path || r.URL.RawPath != "" { // as in /v2%2Fcalls
			continue
		}
		methods := []string{route.method, http.MethodHead}
		if route.method != http.MethodGet {
			methods = methods[:1]
		}
		if slices.Contains(methods, r.Method) {
			return route, nil
		}
		allowed = append(allowed, methods...)
	}
	if slices.Contains(unserved[:], r.URL.Path) {
		return nil, refuse(http.StatusNotImplemented, r.URL.Path+" is not implemented; "+answers, "a route of the API that is not served")
	}
	if allowed == nil {
		return nil, refuse(http.StatusNotFound, unknownRoute, "unknown route")
	}
	err := refuse(http.StatusMethodNotAllowed, gong.MethodNotAllowed, "Method Not Allowed")
	err.header = http.Header{"Allow": {strings.Join(allowed, ", ")}}
	return nil, err
}
