package gong

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// How an answer is bounded.
const (
	// answerWithin: a server that has sent nothing whole by then is given up.
	answerWithin = 90 * time.Second

	// maxAnswer is a thousand of the largest calls, twice; maxRefusal is any error.
	maxAnswer  = 128 << 20
	maxRefusal = 64 << 10

	maxRedirects = 10
)

// once sends one request.
func (c *Client) once(ctx context.Context, target *url.URL) (*page, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	response, err := c.get(ctx, target)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	c.answered.Store(true)
	if response.StatusCode != http.StatusOK {
		return nil, refused(response, target)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, c.unanswered(target, err)
	}
	if len(body) > maxAnswer {
		return nil, &AnswerError{target.Host, fmt.Sprintf("it has more than %d MiB", maxAnswer>>20)}
	}
	p, err := parsePage(body)
	if err != nil {
		return nil, &AnswerError{target.Host, err.Error()}
	}
	return p, nil
}

// get follows redirects within the origin. net/http would send the credential
// along to another port or scheme, and the address with the cursor as Referer.
func (c *Client) get(ctx context.Context, target *url.URL) (*http.Response, error) {
	client := *http.DefaultClient
	if c.HTTP != nil {
		client = *c.HTTP
	}
	held := &heldLocation{transport: client.Transport}
	client.Transport = held
	for range maxRedirects {
		request, err := c.request(ctx, target)
		if err != nil {
			return nil, err
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, c.unanswered(target, err)
		}
		if response.StatusCode/100 != 3 || held.location == "" {
			return response, nil
		}
		response.Body.Close()
		if target, err = follow(target, held.location); err != nil {
			return nil, err
		}
	}
	return nil, &RedirectError{target.Host, origin(target), "and that again and again; use the address of the API itself"}
}

// heldLocation keeps where a redirect leads to from net/http, which would follow
// it, or show it in an error.
type heldLocation struct {
	transport http.RoundTripper
	location  string
}

func (h *heldLocation) RoundTrip(r *http.Request) (*http.Response, error) {
	transport := h.transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	response, err := transport.RoundTrip(r)
	if err == nil {
		h.location = response.Header.Get("Location")
		response.Header.Del("Location")
	}
	return response, err
}

// request is a request with the credential.
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

// follow is where a redirect leads to, within the origin.
func follow(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	switch {
	case err != nil:
		return nil, &RedirectError{from.Host, "an address", "which is not a URL"}
	case origin(to) != origin(from):
		return nil, &RedirectError{from.Host, origin(to), "and the credential is not sent there; if that is the server, use it as the base URL"}
	case to.User != nil:
		return nil, &RedirectError{from.Host, origin(to), "with a user in the address, which is not sent"}
	}
	return to, nil
}

// origin is the scheme, the host and the port of a URL, and nothing secret.
func origin(u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		port = ""
	} else {
		port = ":" + port
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return clip(u.Scheme+"://"+host+port, 300)
}

// refused reads an answer that is not 200.
func refused(response *http.Response, target *url.URL) error {
	e := &Error{Status: response.StatusCode, RetryAfter: retryAfter(response.Header.Get("Retry-After"))}
	// What is cut off is no envelope, and the status says enough.
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusal))
	if isObject(body) == nil {
		e.Errors = saidIn(body, "errors", "error", "message")
		_ = eachMember(body, []string{"requestId"}, func(_ string, value []byte) error {
			e.RequestID = clip(textOf(value), 100)
			return nil
		})
	} else if e.Status == http.StatusBadRequest && target.Scheme == "http" && saysTLS(body) {
		e.Errors = []string{"it speaks TLS; use https:// in place of http:// in the base URL"}
	}
	return e
}

// saysTLS tells whether a web server says that it got HTTP where it speaks TLS,
// as those of Go, nginx and Apache do.
func saysTLS(body []byte) bool {
	return bytes.Contains(body, []byte("HTTPS")) || bytes.Contains(body, []byte("SSL-enabled"))
}
