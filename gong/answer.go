package gong

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits of an answer.
const (
	// answerWithin is the time for a request and its whole answer.
	answerWithin = 90 * time.Second

	// maxAnswer has room for two thousand of the largest calls; maxRefusal limits errors.
	maxAnswer  = 128 << 20
	maxRefusal = 64 << 10

	maxRedirects = 10
)

// Answer is an answer with status 200 whose body is a JSON object.
type Answer struct {
	Host    string
	Date    time.Time // the server's clock by its header Date; zero without one
	Members map[string]json.RawMessage
}

// Get sends one request for a path below BaseURL: it keeps no pace, counts nothing, and neither
// waits, retries nor follows redirects. It is for programs that decide themselves when to send
// what.
//
// It returns an *Error if the server refused the request, an *AnswerError if the answer is
// not a JSON object, or a *NoAnswerError if there was none. Other errors are about the
// fields of the Client.
func (c *Client) Get(ctx context.Context, path string, query url.Values) (*Answer, error) {
	target, err := c.target(path, query)
	if err != nil {
		return nil, err
	}
	return c.once(ctx, target, func(to *http.Request, via []*http.Request) error { return unfollowed(path, to, via) })
}

// Fetch is Get at the pace of the Client, with the waits and retries that its fields say. It
// may also return ErrDayUsedUp.
func (c *Client) Fetch(ctx context.Context, path string, query url.Values) (answer *Answer, err error) {
	target, err := c.target(path, query)
	if err != nil {
		return nil, err
	}
	err = c.patiently(ctx, target.Hostname(), func() error {
		answer, err = c.once(ctx, target, withinOrigin)
		return err
	})
	return answer, err
}

// checkRedirect is http.Client.CheckRedirect.
type checkRedirect func(to *http.Request, via []*http.Request) error

// once sends one request, and follows redirects as they are checked.
func (c *Client) once(ctx context.Context, target *url.URL, check checkRedirect) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	response, err := c.get(ctx, target, check)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	c.answered.Store(true)
	if response.StatusCode != http.StatusOK {
		return nil, c.refused(response, target)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, c.unanswered(target, err)
	}
	if len(body) > maxAnswer {
		return nil, &AnswerError{Host: target.Host, Problem: fmt.Sprintf("it has more than %d MiB", maxAnswer>>20)}
	}
	members, err := membersOf(body)
	if err != nil {
		return nil, &AnswerError{Host: target.Host, Problem: err.Error()}
	}
	return &Answer{Host: target.Host, Date: dateOf(response), Members: members}, nil
}

// dateOf is the header Date, or zero.
func dateOf(response *http.Response) time.Time {
	at, _ := http.ParseTime(response.Header.Get("Date"))
	return at
}

// get sends a request.
func (c *Client) get(ctx context.Context, target *url.URL, check checkRedirect) (*http.Response, error) {
	request, err := c.request(ctx, target)
	if err != nil {
		return nil, err
	}
	client := *http.DefaultClient
	if c.HTTP != nil {
		client = *c.HTTP
	}
	client.CheckRedirect = check
	client.Transport = single{cmp.Or(client.Transport, http.DefaultTransport)}
	response, err := client.Do(request)
	if err != nil {
		return nil, c.unanswered(target, err)
	}
	return response, nil
}

// single sends a request once. net/http sends one that has no body again when a kept
// connection breaks, and that would count against no pace and no limit.
type single struct {
	http.RoundTripper
}

// RoundTrip sends a body without bytes, which is none on the wire.
func (s single) RoundTrip(r *http.Request) (*http.Response, error) {
	once := *r
	once.Body = io.NopCloser(strings.NewReader(""))
	return s.RoundTripper.RoundTrip(&once)
}

// withinOrigin refuses redirects to another origin, because net/http would also send
// the credential to another port or scheme.
func withinOrigin(to *http.Request, via []*http.Request) error {
	from, problem := via[0].URL, ""
	switch {
	case origin(to.URL) != origin(from):
		problem = "and the credential is not sent there; if that is the server, use it as the base URL"
	case to.URL.User != nil:
		problem = "with a user in the address, which is not sent"
	case len(via) == maxRedirects:
		problem = "and did so 10 times; use the address of the API itself"
	default:
		to.Header = via[0].Header.Clone() // with the credential, and without a Referer
		return nil
	}
	return &NoAnswerError{Host: from.Host, Problem: "redirects to " + origin(to.URL) + ", " + problem}
}

// unfollowed refuses each redirect of a path, because it would be a request that nobody counts,
// and says where the API seems to be.
func unfollowed(path string, to *http.Request, via []*http.Request) error {
	if err := withinOrigin(to, via); err != nil {
		return err
	}
	address, use := origin(to.URL)+clip(to.URL.EscapedPath(), 300), "the address of the API itself"
	if base, found := strings.CutSuffix(address, path); found {
		use = base
	}
	return &NoAnswerError{Host: via[0].URL.Host, Problem: "redirects to " + address + ", which is not followed; use " + use + " as the base URL"}
}

// request makes a request with the credential.
func (c *Client) request(ctx context.Context, target *url.URL) (*http.Request, error) {
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
	return request, nil
}

// origin is the scheme, host and port of a URL, without its user and query.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return clip(u.Scheme+"://"+host, 300)
}

// refused is the error of an answer whose status is not 200.
func (c *Client) refused(response *http.Response, target *url.URL) error {
	e := &Error{Status: response.StatusCode, Date: dateOf(response)}
	now := e.Date // the clock of the server that says when
	if now.IsZero() {
		now = time.Now()
	}
	e.RetryAfter = retryAfter(response.Header.Get("Retry-After"), now)
	// Beyond maxRefusal the body is cut off, so only the status is reported.
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusal))
	body = c.Credential.hide(body)
	if members, err := membersOf(body); err == nil {
		e.Errors = saidIn(members, "errors", "error", "message")
		e.RequestID = clip(textOf(members["requestId"]), 100)
	} else if e.Status == http.StatusBadRequest && target.Scheme == "http" && saysTLS(body) {
		e.Errors = []string{"it speaks TLS; use https:// in place of http:// in the base URL"}
	}
	return e
}

// saysTLS reports whether a body says, in the words of Go, nginx or Apache, that the
// client sent plain HTTP to a TLS port.
func saysTLS(body []byte) bool {
	return bytes.Contains(body, []byte("HTTPS")) || bytes.Contains(body, []byte("SSL-enabled"))
}
