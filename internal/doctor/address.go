package doctor

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/web"
)

// Address is where a server listens, or would.
type Address struct {
	Flag string // that names it, without its dashes
	At   string // HOST:PORT
	Path string // to ask there who answers
	TLS  bool   // serve has a certificate; the operator's listener uses it beyond loopback

	// IsOurs tells by an answer whether a callvault gave it.
	IsOurs func(Answer) bool

	// Leaf is the certificate in the file, or nil.
	Leaf *x509.Certificate
}

// Answer is what a server answers.
type Answer struct {
	*http.Response
	Text string
}

// Look tells whether the address is free, or who is there. It also returns the answer of
// a callvault.
func (a Address) Look(ctx context.Context, client *http.Client) (f Finding, answer *Answer) {
	if _, port, err := net.SplitHostPort(a.At); err == nil && port == "0" {
		return a.found(OK, "%s: the server will take a free port", a.At), nil
	}
	listener, err := web.Listen(ctx, a.At)
	if err == nil {
		listener.Close()
		return a.found(OK, "%s is free: no server is running there", a.At), nil
	}
	if !web.IsTaken(err) {
		f = a.found(Wrong, "%v", err)
		f.Do = "name another address with --" + a.Flag
		return f, nil
	}
	answer, err = ask(ctx, client, a.url())
	isStranger := err != nil || !a.IsOurs(*answer)
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		f = a.found(Wrong, "%s speaks plain HTTP", a.At)
		f.Do = "if it is serve, run doctor without --tls-cert and --tls-key, otherwise choose another --" + a.Flag
	case err == nil && answer.StatusCode == http.StatusBadRequest && answer.Text == web.HTTPSForHTTP:
		f = a.found(Wrong, "%s speaks TLS", a.At)
		f.Do = "if it is serve, run doctor with serve's --tls-cert and --tls-key, otherwise choose another --" + a.Flag
	case isStranger:
		f = a.found(Wrong, "another program uses %s", a.At)
		f.Do = "end that program, or name another address with --" + a.Flag
	case a.Leaf != nil && answer.TLS != nil && !answer.TLS.PeerCertificates[0].Equal(a.Leaf):
		f = a.found(Warning, "the server at %s uses another certificate than the one in the file", a.At)
		f.Do = "see its log, or restart it with these files"
	default:
		f = a.found(OK, "callvault answers at %s", a.At)
	}
	if isStranger {
		answer = nil
	}
	return f, answer
}

// url is where a server of this machine answers that listens on the address.
func (a Address) url() string {
	u := url.URL{Scheme: "http", Host: a.At, Path: a.Path}
	if address, err := net.ResolveTCPAddr("tcp", a.At); err == nil {
		u.Host = web.Reachable(address)
		if a.TLS && (a.Flag == "listen" || !web.IsLoopback(address)) {
			u.Scheme = "https"
		}
	}
	return u.String()
}

func (a Address) found(status Status, format string, args ...any) Finding {
	return Finding{a.Flag, status, fmt.Sprintf(format, args...), ""}
}

// ask returns the beginning of an answer.
func ask(ctx context.Context, client *http.Client, url string) (*Answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	return &Answer{response, strings.TrimSpace(string(text))}, err
}

// IsAPI tells whether an answer to a request without credentials comes from the API.
func IsAPI(a Answer) bool {
	var said gong.ErrorResponse
	return a.StatusCode == http.StatusUnauthorized &&
		strings.Contains(strings.Join(a.Header.Values("WWW-Authenticate"), ","), `realm="callvault"`) &&
		json.Unmarshal([]byte(a.Text), &said) == nil && said.RequestID != "" && len(said.Errors) > 0
}

// IsReadyz tells whether an answer comes from /readyz of an operator's listener.
func IsReadyz(a Answer) bool { return len(a.Header[web.StoreHeader]) == 1 }

// Server tells by the answer of /readyz whether the server at an address is ready and has
// the store with this identity open. The identity is empty if the store can't be read.
func Server(at string, a Answer, identity string) Finding {
	why, _, _ := strings.Cut(a.Text, ";")
	switch has := a.Header.Get(web.StoreHeader); {
	case a.StatusCode != http.StatusOK && identity == "":
		return Finding{"server", Wrong, fmt.Sprintf("the server at %s is not ready: %s", at, why), "put the store back in place, then start serve again"}
	case a.StatusCode != http.StatusOK:
		return Finding{"server", Wrong, fmt.Sprintf("the server at %s is not ready: %s", at, a.Text), "see its log"}
	case identity == "":
		return Finding{"server", Warning, fmt.Sprintf("the server at %s is ready, but its store may be another one", at), ""}
	case has != identity:
		return Finding{"server", Wrong, fmt.Sprintf("the server at %s has another store open", at), "run doctor with the --db of that serve; if it is the same, its file was replaced: start serve again"}
	}
	return Finding{"server", OK, fmt.Sprintf("the server at %s has this store open", at), ""}
}
