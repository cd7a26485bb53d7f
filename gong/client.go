package gong

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client reads calls from a server of this API: Gong's own, or any other. It is
// safe for concurrent use; what is set must not change while it is used.
//
// It keeps to a pace, waits where the server asks it to, and repeats what failed
// for reasons that pass: see PerSecond, PerDay and Retries.
type Client struct {
	// BaseURL is where the API is, without the path of a route: for Gong the one
	// that it shows for the company, such as https://us-12345.api.gong.io.
	BaseURL string

	// Credential is who asks.
	Credential Credential

	// PerSecond is how many requests are begun in a second, evenly. 0 is what Gong
	// allows a company, 3, on a host of gong.io, and no limit elsewhere; a
	// negative number is no limit.
	PerSecond float64

	// PerDay is how many requests this Client sends on a day of UTC before it
	// returns ErrDayUsedUp instead. 0 is 10,000 on a host of gong.io, which is all
	// that Gong allows a company, and no limit elsewhere; a negative number is no
	// limit.
	PerDay int

	// Retries is how often a request is repeated that was answered with 5xx, or
	// not answered: 0 is 5 times, a negative number is never. The pauses between
	// them double, from half a second to half a minute, and vary by chance.
	Retries int

	// Patience is how long a request waits altogether where the server answers 429
	// and says when to come again: 0 is 5 minutes, a negative number not at all.
	Patience time.Duration

	// HTTP sends the requests; nil is http.DefaultClient.
	HTTP *http.Client

	// UserAgent is the header of that name; empty is the name of this package.
	UserAgent string

	// Waiting is told of every pause that a server causes, and its cause. Nil is
	// nobody.
	Waiting func(pause time.Duration, cause error)

	pace pace
}

// Credential is an access key with its secret, or a token.
type Credential struct {
	AccessKey, AccessKeySecret string // sent as Basic
	Token                      string // sent as Bearer, in place of a key
}

// String shows nothing: a credential that is printed by mistake stays secret.
func (Credential) String() string { return "(a credential)" }

// GoString is String.
func (c Credential) GoString() string { return c.String() }

// ListCallsQuery says which calls are asked for.
type ListCallsQuery struct {
	From, To    time.Time // half-open; a zero bound is not sent, which not every server takes
	WorkspaceID string    // empty: of every workspace
}

// How an answer is bounded.
const (
	// answerWithin: a server that has sent nothing whole by then is given up.
	answerWithin = 90 * time.Second

	// maxAnswer is a thousand of the largest calls, twice.
	maxAnswer = 128 << 20
)

// ErrDayUsedUp is returned in place of a request beyond Client.PerDay.
var ErrDayUsedUp = errors.New("gong: the requests of this day (UTC) are used up")

// Error is an answer that is none of 200 and of 404 where no calls were found.
type Error struct {
	Status     int
	RequestID  string   // what the server calls the request; empty when it did not say
	Errors     []string // what it says of it
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "gong: the server answered %d", e.Status)
	if len(e.Errors) > 0 {
		text.WriteString(": " + strings.Join(e.Errors, "; "))
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&text, " (to be asked again in %v)", e.RetryAfter)
	}
	if e.RequestID != "" {
		text.WriteString(" (request " + e.RequestID + ")")
	}
	return text.String()
}

// says tells whether one of the texts has some words, in any case.
func (e *Error) says(words string) bool {
	for _, text := range e.Errors {
		if strings.Contains(strings.ToLower(text), words) {
			return true
		}
	}
	return false
}

// ListCalls asks for one page: the first of a query, or the one that a cursor
// leads to, with the same query. Where there are no calls the page has none.
//
// It returns an *Error for what the server refused, ErrDayUsedUp, a *CallError
// for a call that breaks the contract, or what kept the server from answering.
func (c *Client) ListCalls(ctx context.Context, q ListCallsQuery, cursor string) (*ListCallsResponse, error) {
	p, err := c.page(ctx, q, cursor)
	if err != nil {
		return nil, err
	}
	response := &ListCallsResponse{RequestID: p.RequestID, Records: p.Records, Calls: make([]Call, len(p.Calls))}
	for i, document := range p.Calls {
		if response.Calls[i], err = ParseCall(document); err != nil {
			return nil, fmt.Errorf("gong: call %d of the answer to request %s: %w", i+1, p.RequestID, err)
		}
	}
	return response, nil
}

// page is an answer whose calls have not been read.
type page struct {
	RequestID string            `json:"requestId"`
	Records   Records           `json:"records"`
	Calls     []json.RawMessage `json:"calls"`
}

// page asks for a page until it is there or is given up.
func (c *Client) page(ctx context.Context, q ListCallsQuery, cursor string) (*page, error) {
	target, err := c.target(q, cursor)
	if err != nil {
		return nil, err
	}
	var p *page
	err = c.patiently(ctx, target.Hostname(), func() (err error) {
		p, err = c.once(ctx, target)
		return err
	})
	return p, err
}

// target is the URL of a page.
func (c *Client) target(q ListCallsQuery, cursor string) (*url.URL, error) {
	target, err := url.Parse(c.BaseURL)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return nil, fmt.Errorf("gong: the base URL %q is not http:// or https:// with a host", c.BaseURL)
	}
	if target.User != nil {
		return nil, errors.New("gong: the base URL has a user; credentials belong into Client.Credential")
	}
	query := make(url.Values)
	if !q.From.IsZero() {
		query.Set("fromDateTime", q.From.UTC().Format(time.RFC3339Nano))
	}
	if !q.To.IsZero() {
		query.Set("toDateTime", q.To.UTC().Format(time.RFC3339Nano))
	}
	if q.WorkspaceID != "" {
		query.Set("workspaceId", q.WorkspaceID)
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	target = target.JoinPath(Path)
	target.RawQuery = query.Encode()
	return target, nil
}

// once sends one request.
func (c *Client) once(ctx context.Context, target *url.URL) (*page, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.UserAgent)
	if c.UserAgent == "" {
		request.Header.Set("User-Agent", "github.com/callvault/callvault/gong")
	}
	if c.Credential.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Credential.Token)
	} else {
		request.SetBasicAuth(c.Credential.AccessKey, c.Credential.AccessKeySecret)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, &unanswered{target.Host, withoutURL(err)}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, &unanswered{target.Host, err}
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("gong: an answer of %s has more than %d bytes", target.Host, maxAnswer)
	}
	if response.StatusCode != http.StatusOK {
		return refused(response, body)
	}
	p := new(page)
	if err := json.Unmarshal(body, p); err != nil {
		return nil, fmt.Errorf("gong: the answer of %s is not a page of calls: %w", target.Host, err)
	}
	return p, nil
}

// unanswered is a request that came to no answer, or to half of one.
type unanswered struct {
	host  string
	cause error
}

func (e *unanswered) Error() string { return "gong: " + e.host + " did not answer: " + e.cause.Error() }
func (e *unanswered) Unwrap() error { return e.cause }

// withoutURL is an error of net/http without the URL, which may have a cursor:
// who has that can read what it leads to.
func withoutURL(err error) error {
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// refused reads an answer that is not 200. One that says that there are no
// calls is an empty page: it is 404, and so is what is not this API.
func refused(response *http.Response, body []byte) (*page, error) {
	var said ErrorResponse
	e := &Error{Status: response.StatusCode, RetryAfter: retryAfter(response.Header.Get("Retry-After"))}
	if err := json.Unmarshal(body, &said); err == nil {
		e.RequestID, e.Errors = said.RequestID, said.Errors
	}
	if e.Status == http.StatusNotFound && e.says("no calls") {
		return &page{RequestID: e.RequestID}, nil
	}
	return nil, e
}
