// Package gong is the wire of Gong's call API as its documentation and the
// traffic that people have published show it: the shapes of answers, the times
// that are accepted, the texts of errors. There is nothing in it that callvault
// invented, and nothing but the standard library beneath it.
//
// Client reads the calls of any server of that API.
package gong

import "strings"

// The endpoints that list calls, users and workspaces.
const (
	Path           = "/v2/calls"
	UsersPath      = "/v2/users"
	WorkspacesPath = "/v2/workspaces"

	PageSize = 100 // calls or users on a page, as seen on the wire
)

// The scopes of keys.
const (
	ScopeCallsRead           = "api:calls:read:basic"
	ScopeCallsReadExtensive  = "api:calls:read:extensive"
	ScopeCallsReadTranscript = "api:calls:read:transcript"
	ScopeCallsCreate         = "api:calls:create"
	ScopeUsersRead           = "api:users:read"
	ScopeWorkspacesRead      = "api:workspaces:read"
)

// Texts of errors. The observed ones are word for word what clients compare
// with; see docs/wire.md for who saw them.
const (
	NoCallsFound      = "No calls found corresponding to the provided filters" // 404, observed
	CursorNotVerified = "Failed to verify cursor"                              // 400, observed
	CursorExpired     = "cursor has expired"                                   // 400, the words that clients look for
	LimitExceeded     = "API request limit exceeded"                           // 429, documented description
	InternalError     = "An error has occurred"                                // 500, documented example

	// After the name of a parameter and a colon, 400, observed of request bodies.
	MustNotBeNull  = "must not be null"
	MustNotBeEmpty = "must not be empty but can be null or can be omitted"
)

// MustBeBefore is the text for a date that is not before another one, after its name and a
// colon, with status 400: observed of toDateTime.
func MustBeBefore(name string) string { return "must be before " + strings.TrimPrefix(name, "filter.") }

// CallNotFound is the text for an id that no call has, with status 404: observed.
func CallNotFound(id string) string { return "Call ID " + id + " was not found" }

// UserNotFound is CallNotFound for users.
func UserNotFound(id string) string { return "User ID " + id + " was not found" }

// NoPermission is the text for a key without a scope: observed with status 401. For
// users and workspaces the documentation has 403.
func NoPermission(scope string) string {
	return "You don't have permission to use '" + scope + "' in your app."
}

// ListCallsResponse is the answer to GET /v2/calls, its keys in the order of
// the wire.
type ListCallsResponse struct {
	RequestID string  `json:"requestId"`
	Records   Records `json:"records"`
	Calls     []Call  `json:"calls"`
}

// Records tells where a page stands in its walk. Pages are numbered from 0.
// Cursor leads to the next page and is absent on the last.
type Records struct {
	TotalRecords      int    `json:"totalRecords"`
	CurrentPageSize   int    `json:"currentPageSize"`
	CurrentPageNumber int    `json:"currentPageNumber"`
	Cursor            string `json:"cursor,omitempty"`
}

// ErrorResponse is the answer of every request that failed.
type ErrorResponse struct {
	RequestID string   `json:"requestId"`
	Errors    []string `json:"errors"`
}
