package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/changes"
	"github.com/callvault/callvault/gong"
)

// To add a route:
//
//  1. Write its handler in a file of its own, as getCall in get.go. It reads x.request, or
//     x.object, the id in the path; it asks h.config.Store for what x.key.Company has; and
//     it ends with x.send, or h.sendPage for calls, or an error.
//  2. If requests have a JSON body, write a struct for it, take a pointer to that as a third
//     argument, and put withBody around the handler, as for listDetails in details.go.
//  3. Return refuse(status, text, cause) for what the client can mend. Any other error is a
//     500 and its text goes to the log.
//  4. Add a line to Handler.table: method, path, scope, handler. If it only reads and its
//     scope is new, add the scope to ReadScopes.
//  5. Describe it in internal/openapi/openapi.json; TestDescribed holds that you did.
//  6. Show it in testdata/exchanges; go test -update writes the answers.

// route is a method and a path that are served, the scope that a key needs for them, and
// what serves them. In a path {id} stands for a number of 1 to 20 digits. A route of GET
// serves HEAD too.
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
		{http.MethodGet, gong.Path + "/{id}", gong.ScopeCallsRead, h.getCall},
		{http.MethodPost, gong.Path, gong.ScopeCallsCreate, withBody(h, h.addCall)},
		{http.MethodPost, gong.Path + "/extensive", gong.ScopeCallsReadExtensive, withBody(h, h.listDetails)},
		{http.MethodPost, gong.Path + "/transcript", gong.ScopeCallsReadTranscript, withBody(h, h.listTranscripts)},
		{http.MethodGet, gong.UsersPath, gong.ScopeUsersRead, h.listUsers},
		{http.MethodGet, gong.UsersPath + "/{id}", gong.ScopeUsersRead, h.getUser},
		{http.MethodPost, gong.UsersPath + "/extensive", gong.ScopeUsersRead, withBody(h, h.listChosenUsers)},
		{http.MethodGet, gong.WorkspacesPath, gong.ScopeWorkspacesRead, h.listWorkspaces},
		{http.MethodGet, changes.Path, gong.ScopeCallsRead, h.listChanges},
	}
	if h.config.ReadOnly {
		routes = slices.DeleteFunc(routes, func(r route) bool { return !slices.Contains(ReadScopes(), r.scope) })
	}
	if h.config.Description != nil {
		routes = append(routes, route{http.MethodGet, descriptionPath, anybody, h.describe})
	}
	return routes
}

// ReadScopes are the scopes of the routes that only read, which a key has unless its owner
// says otherwise.
func ReadScopes() []callvault.Scope {
	return []callvault.Scope{
		gong.ScopeCallsRead, gong.ScopeCallsReadExtensive, gong.ScopeCallsReadTranscript,
		gong.ScopeUsersRead, gong.ScopeWorkspacesRead,
	}
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

// match finds the route of a request, and notes its path and the id in it. Everything
// else is 405: clients take a 404 for "nothing found", and one repeats a 5xx for ever
// (docs/wire.md).
func (h *Handler) match(x *exchange) (*route, error) {
	r := x.request
	var allowed []string
	for i := range h.routes {
		route := &h.routes[i]
		id, matches := route.matches(r)
		if !matches {
			continue
		}
		x.path, x.object = route.path, id
		methods := []string{route.method, http.MethodHead}
		if route.method != http.MethodGet {
			methods = methods[:1]
		}
		if slices.Contains(methods, r.Method) {
			return route, nil
		}
		allowed = append(allowed, methods...)
	}
	path := cmp.Or(r.URL.RawPath, r.URL.Path) // as it was sent
	text := fmt.Sprintf("This server does not serve %.*s %.*s", maxEcho, r.Method, 2*maxEcho, path)
	if hasWrongBase(r.URL.Path) {
		text += fmt.Sprintf("; the base URL must end with %.*s, without a path or a slash", 2*maxEcho, r.Host)
	}
	if h.config.ReadOnly && r.Method == http.MethodPost && r.URL.Path == gong.Path {
		text += onlyReads
	}
	err := refuse(http.StatusMethodNotAllowed, text, "not served")
	err.header = http.Header{"Allow": {strings.Join(allowed, ", ")}}
	return nil, err
}

// matches tells whether a request has the path of a route, and which id stands in it.
func (route *route) matches(r *http.Request) (id callvault.ID, ok bool) {
	if r.URL.RawPath != "" { // as in /v2%2Fcalls
		return id, false
	}
	prefix, hasID := strings.CutSuffix(route.path, "{id}")
	if !hasID {
		return id, r.URL.Path == route.path
	}
	digits, ok := strings.CutPrefix(r.URL.Path, prefix)
	if !ok {
		return id, false
	}
	id, err := callvault.ParseID(digits)
	return id, err == nil
}

// hasWrongBase tells whether a path looks like one of the API's after a base URL that has a
// path or a slash at its end, or before a slash too many.
func hasWrongBase(path string) bool {
	return strings.HasPrefix(path+"/", "/v2/v2/") || strings.Contains(path, "//") || len(path) > 1 && strings.HasSuffix(path, "/")
}
