package gong

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// Client reads calls from a server of this API: Gong's own, or any other. Set its
// fields before you use it; then it is safe for concurrent use.
//
// It limits its own rate, waits when the server asks it to, and retries temporary
// failures: see PerSecond, PerDay and Retries.
type Client struct {
	// BaseURL is the URL of the API without the path of a route. Gong shows each
	// company its own, such as https://us-12345.api.gong.io.
	BaseURL string

	// Credential authenticates the requests.
	Credential Credential

	// PerSecond is how many requests the Client starts in a second, evenly spread. 0
	// means 3 on a host of gong.io, which is what Gong allows a company, and no limit
	// elsewhere. A negative number means no limit.
	PerSecond float64

	// PerDay is how many requests the Client sends on a day of UTC before it returns
	// ErrDayUsedUp. 0 means 10,000 on a host of gong.io, which is what Gong allows a
	// company, and no limit elsewhere. A negative number means no limit.
	PerDay int

	// Retries is how often the Client retries a request that got no answer, or 5xx
	// without a Retry-After. 0 means 5 times, a negative number never. The pauses
	// double, from half a second to half a minute, with jitter.
	Retries int

	// Patience is how long a request waits altogether when the server answers 429, or
	// 5xx with a Retry-After. 0 means 5 minutes, a negative number not at all.
	Patience time.Duration

	// HTTP sends the requests; nil means http.DefaultClient. The Client ignores its
	// CheckRedirect and follows redirects only within the origin of BaseURL, so that no
	// other server gets the credential and the cursor. Get follows none.
	HTTP *http.Client

	// UserAgent is the header of that name; empty means the name of this package.
	UserAgent string

	// Waiting, unless it is nil, is called with every pause that a server causes, and
	// its cause.
	Waiting func(pause time.Duration, cause error)

	pace     pace
	answered atomic.Bool // a server has answered this Client
}

// ListCallsQuery says which calls to list.
type ListCallsQuery struct {
	From, To    time.Time // half-open; a zero bound is not sent, which not every server accepts
	WorkspaceID string    // empty: of every workspace
}

// ListCalls requests one page: the first of a query, or the one that a cursor
// leads to, with the same query. The first page of a query without calls is empty.
// For a cursor without a page the error is an *Error with status 404.
//
// It returns an *Error if the server refused the request, an *AnswerError if the
// answer is not a page of calls, a *CallError if a call breaks the contract,
// ErrDayUsedUp, or a *NoAnswerError.
func (c *Client) ListCalls(ctx context.Context, q ListCallsQuery, cursor string) (*ListCallsResponse, error) {
	p, err := c.page(ctx, q, cursor)
	if err != nil {
		return nil, err
	}
	response := &ListCallsResponse{RequestID: p.requestID, Records: p.records, Calls: make([]Call, len(p.calls))}
	for i, document := range p.calls {
		if response.Calls[i], err = listedCall(document); err != nil {
			return nil, p.wrong(i, err)
		}
	}
	return response, nil
}

// page requests a page, and repeats the request as the fields of the Client say.
func (c *Client) page(ctx context.Context, q ListCallsQuery, cursor string) (*page, error) {
	target, err := c.target(Path, q.Values(cursor))
	if err != nil {
		return nil, err
	}
	var p *page
	err = c.patiently(ctx, target.Hostname(), func() error {
		answer, err := c.once(ctx, target, withinOrigin)
		if err == nil {
			p, err = answer.page("calls")
		}
		return err
	})
	if cursor == "" && isEmptyRange(err) {
		return &page{requestID: asError(err).RequestID}, nil
	}
	return p, err
}

// target is the URL of a request.
func (c *Client) target(path string, query url.Values) (*url.URL, error) {
	target, err := url.Parse(c.BaseURL)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return nil, fmt.Errorf("gong: the base URL %q is not http:// or https:// with a host", c.BaseURL)
	}
	if target.User != nil {
		return nil, errors.New("gong: the base URL has a user; put credentials into Client.Credential")
	}
	if err := c.Credential.check(); err != nil {
		return nil, err
	}
	target = target.JoinPath(path)
	target.RawQuery = query.Encode()
	return target, nil
}

// Values are the parameters of the page that a cursor leads to, or of the first one.
func (q ListCallsQuery) Values(cursor string) url.Values {
	values := make(url.Values)
	if !q.From.IsZero() {
		values.Set("fromDateTime", q.From.UTC().Format(time.RFC3339Nano))
	}
	if !q.To.IsZero() {
		values.Set("toDateTime", q.To.UTC().Format(time.RFC3339Nano))
	}
	if q.WorkspaceID != "" {
		values.Set("workspaceId", q.WorkspaceID)
	}
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	return values
}
