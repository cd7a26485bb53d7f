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
	"strings"

	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/web"
)

// Door is where a server listens, or would.
type Door struct {
	Check string // the word for it
	Flag  string // that names the address
	At    string // the address, as the flag has it
	URL   string // by which this machine asks there whether it is a callvault

	// IsOurs tells by an answer whether it is.
	IsOurs func(response *http.Response, body []byte) bool

	// Taken is how bad it is that somebody else is there.
	Taken Status

	// Leaf is the certificate that is in the file; nil when there is none.
	Leaf *x509.Certificate
}

// Look tells whether the address is free, or who is there.
func (d Door) Look(ctx context.Context, client *http.Client) Finding {
	if _, port, err := net.SplitHostPort(d.At); err == nil && port == "0" {
		return Finding{d.Check, OK, d.At + ": a free port is taken when the server starts", ""}
	}
	listener, err := web.Listen(ctx, d.At)
	if err == nil {
		listener.Close() // nobody has come
		return Finding{d.Check, OK, d.At + " is free: no server is running there", ""}
	}
	if !web.IsTaken(err) {
		return Finding{d.Check, Wrong, err.Error(), d.Flag + " names another address"}
	}
	return d.ask(ctx, client)
}

// ask asks who is there.
func (d Door) ask(ctx context.Context, client *http.Client) Finding {
	stranger := Finding{d.Check, d.Taken, d.At + " is taken by something that is no callvault", "end it, or name another address with " + d.Flag}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL, nil)
	if err != nil {
		return Finding{d.Check, Wrong, err.Error(), ""}
	}
	response, err := client.Do(r)
	if errors.Is(err, http.ErrSchemeMismatch) {
		return Finding{d.Check, d.Taken, d.At + " speaks plain HTTP", "if it is serve, run doctor without --tls-cert and --tls-key, otherwise choose another " + d.Flag}
	}
	if err != nil {
		stranger.What += fmt.Sprintf(" (%v)", errors.Unwrap(err)) // of the url.Error
		return stranger
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	if response.StatusCode == http.StatusBadRequest && strings.TrimSpace(string(body)) == web.HTTPSForHTTP {
		return Finding{d.Check, d.Taken, d.At + " speaks TLS", "if it is serve, run doctor with serve's --tls-cert and --tls-key, otherwise choose another " + d.Flag}
	}
	if err != nil || !d.IsOurs(response, body) {
		stranger.What += fmt.Sprintf(" (it answers %d)", response.StatusCode)
		return stranger
	}
	if d.Leaf != nil && response.TLS != nil && !response.TLS.PeerCertificates[0].Equal(d.Leaf) {
		return Finding{d.Check, Warning, "the server at " + d.At + " shows another certificate than the file has", "its log says why it took no other; or it was started with other files"}
	}
	return Finding{d.Check, OK, "a callvault answers at " + d.At, ""}
}

// IsAPI tells whether an answer to a request without credentials is this API's.
func IsAPI(response *http.Response, body []byte) bool {
	var said gong.ErrorResponse
	return response.StatusCode == http.StatusUnauthorized &&
		strings.Contains(strings.Join(response.Header.Values("WWW-Authenticate"), ","), `realm="callvault"`) &&
		json.Unmarshal(body, &said) == nil && said.RequestID != "" && len(said.Errors) > 0
}

// IsAlive tells whether an answer is that of /livez.
func IsAlive(response *http.Response, body []byte) bool {
	return response.StatusCode == http.StatusOK && strings.TrimSpace(string(body)) == "ok"
}
