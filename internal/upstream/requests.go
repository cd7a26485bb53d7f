package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// Requests sends single requests to a server of the API: one attempt each, without a pace,
// without waiting and without retries.
//
// The error of a request is a *gong.Error if the server refused it or failed, a
// *gong.AnswerError if the answer is not of this API, and a *gong.NoAnswerError if none came
// or only half of one. Other errors are about the address or the credential.
type Requests struct {
	client gong.Client
}

// NewRequests is the server at an address, reached by a client, or by http.DefaultClient if
// that is nil.
func NewRequests(address *url.URL, credential gong.Credential, agent string, client *http.Client) *Requests {
	return &Requests{gong.Client{BaseURL: address.String(), Credential: credential, UserAgent: agent, HTTP: client}}
}

// Name is the address of a server in one form, as a mirror is remembered by it.
func Name(address *url.URL) string {
	name := *address
	name.Host = strings.ToLower(name.Host)
	return strings.TrimRight(name.String(), "/")
}

// Answer is what every answer has.
type Answer struct {
	Date time.Time // the server's clock: its header Date, zero if there is none
}

// DateOf is the server's clock by an error of a request, zero if that does not know it.
func DateOf(err error) time.Time {
	if refusal := (*gong.Error)(nil); errors.As(err, &refusal) {
		return refusal.Date
	}
	return time.Time{}
}

// Ask says which page of calls to request.
type Ask struct {
	From, To  time.Time    // half-open
	Workspace callvault.ID // zero: of every workspace
	Cursor    string       // of the page before; empty for the first page
}

// Page is a page of calls.
type Page struct {
	Answer
	Total   int              // as the server counts the calls of the range
	Calls   []callvault.Call // checked, and encoded as an import does it
	Skipped []error          // a *SkippedError for each document that can't be taken
	Cursor  string           // of the next page; empty on the last
}

// The bounds of a page, which bound the work on it. They leave room for other page sizes.
const (
	maxPage  = 10_000
	maxTotal = 1_000_000_000_000
)

// SkippedError says why a document of a page can't be taken.
type SkippedError struct {
	ID  callvault.ID // zero where it can't be read
	Err error
}

func (e *SkippedError) Error() string {
	if e.ID.IsZero() {
		return "a document without a readable id: " + Text(e.Err)
	}
	return e.ID.String() + ": " + Text(e.Err)
}

// Unwrap is why.
func (e *SkippedError) Unwrap() error { return e.Err }

// List requests a page of calls. The 404 of a range without calls is an empty page. A page
// that does not say how many calls the range has is an error.
func (r *Requests) List(ctx context.Context, ask Ask) (Page, error) {
	query := gong.ListCallsQuery{From: ask.From, To: ask.To, WorkspaceID: ask.Workspace.String()}
	answer, err := r.client.Get(ctx, gong.Path, query.Values(ask.Cursor))
	if refusal := (*gong.Error)(nil); ask.Cursor == "" && errors.As(err, &refusal) && refusal.NoCalls() {
		return Page{Answer: Answer{refusal.Date}}, nil
	}
	if err != nil {
		return Page{}, err
	}
	list, err := answer.List("calls")
	if err != nil {
		return Page{}, err
	}
	if list.Total < 0 {
		return Page{}, &gong.AnswerError{Host: answer.Host, Problem: "it has no records.totalRecords"}
	}
	if len(list.Documents) > maxPage || list.Total > maxTotal {
		return Page{}, &gong.AnswerError{Host: answer.Host, Problem: fmt.Sprintf("it has %d calls of %d, which no page has", len(list.Documents), list.Total)}
	}
	page := Page{Answer: Answer{answer.Date}, Total: list.Total, Calls: make([]callvault.Call, 0, len(list.Documents)), Cursor: list.Cursor}
	here := make(map[callvault.ID]bool, len(list.Documents))
	for _, document := range list.Documents {
		call, err := callvault.ParseCall(document)
		if err == nil && here[call.ID] {
			err = errTwice
		}
		if err != nil {
			page.Skipped = append(page.Skipped, skippedDocument(document, err))
			continue
		}
		here[call.ID] = true
		page.Calls = append(page.Calls, call)
	}
	return page, nil
}

var errTwice = errors.New("it appears on the page twice")

// skippedDocument names a document by its id if that can be read, whatever else is wrong.
func skippedDocument(document []byte, err error) *SkippedError {
	skipped := &SkippedError{Err: err}
	var members map[string]json.RawMessage
	if json.Unmarshal(document, &members) == nil {
		skipped.ID, _ = callvault.ParseID(strings.Trim(string(members["id"]), `"`))
	}
	return skipped
}

// Found is what a server has under the id of a call.
type Found struct {
	Answer
	There bool // if not, the server says by the id's own text that it has no such call
	Call  callvault.Call
}

// Call requests a call by its id. Any other 404 than that of the id is an error, as is a call
// that breaks the contract.
func (r *Requests) Call(ctx context.Context, id callvault.ID) (Found, error) {
	return call(ctx, r.client.Get, id)
}

func call(ctx context.Context, get get, id callvault.ID) (Found, error) {
	answer, err := get(ctx, gong.Path+"/"+id.String(), nil)
	if refusal := (*gong.Error)(nil); errors.As(err, &refusal) && refusal.Status == http.StatusNotFound && says(refusal, gong.CallNotFound(id.String())) {
		return Found{Answer: Answer{refusal.Date}}, nil
	}
	if err != nil {
		return Found{}, err
	}
	document := answer.Members["call"]
	if document == nil {
		return Found{}, &gong.AnswerError{Host: answer.Host, Problem: `it has no "call"`, Wanted: "a call"}
	}
	call, err := callvault.ParseCall(document)
	if err != nil {
		return Found{}, skippedDocument(document, err)
	}
	if call.ID != id {
		return Found{}, &gong.AnswerError{Host: answer.Host, Problem: fmt.Sprintf("it is call %s, and %s was requested", call.ID, id), Wanted: "the call"}
	}
	return Found{Answer{answer.Date}, true, call}, nil
}

// says tells whether a text of a refusal is a sentence, with or without its full stop.
func says(refusal *gong.Error, sentence string) bool {
	for _, text := range refusal.Errors {
		if strings.EqualFold(strings.TrimSuffix(strings.TrimSpace(text), "."), sentence) {
			return true
		}
	}
	return false
}

// Entries is a page of users or workspaces.
type Entries struct {
	Answer
	Entries []callvault.Entry
	Skipped []error // a *SkippedError for each document that can't be taken
	Cursor  string  // of the next page; empty on the last
}

// Users requests a page of users: the first, or the one that a cursor leads to.
func (r *Requests) Users(ctx context.Context, cursor string) (Entries, error) {
	query := make(url.Values)
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	return entries(ctx, r.client.Get, callvault.Users, query)
}

// Workspaces requests the workspaces, which are one page.
func (r *Requests) Workspaces(ctx context.Context) (Entries, error) {
	return entries(ctx, r.client.Get, callvault.Workspaces, nil)
}

// get is gong.Client.Get or Fetch.
type get func(ctx context.Context, path string, query url.Values) (*gong.Answer, error)

func entries(ctx context.Context, get get, kind callvault.Kind, query url.Values) (Entries, error) {
	answer, err := get(ctx, map[callvault.Kind]string{callvault.Users: gong.UsersPath, callvault.Workspaces: gong.WorkspacesPath}[kind], query)
	if err != nil {
		return Entries{}, err
	}
	list, err := answer.List(string(kind))
	if err != nil {
		return Entries{}, err
	}
	page := Entries{Answer: Answer{answer.Date}, Entries: make([]callvault.Entry, 0, len(list.Documents)), Cursor: list.Cursor}
	for _, document := range list.Documents {
		entry, err := callvault.ParseEntry(kind, document)
		if err != nil {
			page.Skipped = append(page.Skipped, skippedDocument(document, err))
			continue
		}
		page.Entries = append(page.Entries, entry)
	}
	return page, nil
}
