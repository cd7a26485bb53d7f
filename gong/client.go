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

	// PerSecond is how many requests are begun in a second, evenly. 0 means what Gong
	// allows a company, 3, on a host of gong.io, and no limit elsewhere. A negative
	// number means no limit.
	PerSecond float64

	// PerDay is how many requests this Client sends on a day of UTC before it
	// returns ErrDayUsedUp instead. 0 means 10,000 on a host of gong.io, which is all
	// that Gong allows a company, and no limit elsewhere. A negative number means no
	// limit.
	PerDay int

	// Retries is how often a request is repeated that got no answer, or 5xx without a
	// Retry-After: 0 is 5 times, a negative number is never. The pauses double, from
	// half a second to half a minute, with jitter.
	Retries int

	// Patience is how long a request waits in all when the server answers 429, or 5xx
	// with a Retry-After: 0 is 5 minutes, a negative number is not at all.
	Patience time.Duration

	// HTTP sends the requests; nil is http.DefaultClient. Its CheckRedirect is ignored:
	// the Client follows redirects within the origin of BaseURL alone, so that nobody
	// else gets the credential and the cursor.
	HTTP *http.Client

	// UserAgent is the header of that name; empty is the name of this package.
	UserAgent string

	// Waiting is told of every pause that a server causes, and its cause. Nil is
	// nobody.
	Waiting func(pause time.Duration, cause error)

	pace     pace
	answered atomic.Bool // a server has answered this Client
}

// ListCallsQuery says which calls to list.
type ListCallsQuery struct {
	From, To    time.Time // half-open; a zero bound is not sent, which not every server takes
	WorkspaceID string    // empty: of every workspace
}

// ListCalls requests one page: the first of a query, or the one that a cursor
// leads to, with the same query. The first page of a query without calls is empty.
// For a cursor without a page the error is an *Error with status 404.
//
// It returns an *Error for what the server refused, an *AnswerError for an
// answer that is not a page of calls, ErrDayUsedUp, a
// *CallError for a call that breaks the contract, or an error that wraps the
// reason why no answer came.
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
	target, err := c.target(q, cursor)
	if err != nil {
		return nil, err
	}
	var p *page
	err = c.patiently(ctx, target.Hostname(), func() (err error) {
		p, err = c.once(ctx, target)
		return err
	})
	if cursor == "" && isEmptyRange(err) {
		return &page{requestID: asError(err).RequestID}, nil
	}
	return p, err
}

// target is the URL of a page.
func (c *Client) target(q ListCallsQuery, cursor string) (*url.URL, error) {
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
