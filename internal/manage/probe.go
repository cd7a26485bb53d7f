package manage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/callvault/callvault/internal/web"
)

// Probe checks the health of a server on this machine through its operator's listener.
type Probe struct {
	Address string        // HOST:PORT, as serve has it
	Secure  bool          // serve has a certificate
	Path    string        // /readyz or /livez
	Within  time.Duration // how long the answer may take
}

// URL is the URL that Ask requests. The flags say whether the server speaks TLS, because
// trying both would log a warning each time.
func (p Probe) URL() (string, error) {
	address, err := net.ResolveTCPAddr("tcp", p.Address)
	if err != nil {
		return "", err
	}
	u := url.URL{Scheme: "http", Host: web.Reachable(address), Path: p.Path}
	if p.Secure && !web.IsLoopback(address) {
		u.Scheme = "https"
	}
	return u.String(), nil
}

// Ask returns nil if the server says ok, and otherwise an error of one line that says
// why not.
func (p Probe) Ask(ctx context.Context) error {
	target, err := p.URL()
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	response, err := web.OwnClient(p.Within).Do(r)
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%s: no answer within %v", target, p.Within)
	case errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Errorf("%s: the server speaks plain HTTP there: leave out --tls-cert, or name the --manage that the server has", target)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s: the connection was refused; is serve running, with this --manage?", target)
	case err != nil:
		return fmt.Errorf("%s: %w", target, errors.Unwrap(err)) // of the url.Error
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 200)) // shows what came
	line, _, _ := strings.Cut(string(text), "\n")
	switch said := strings.TrimSpace(line); {
	case response.StatusCode == http.StatusBadRequest && said == web.HTTPSForHTTP:
		return fmt.Errorf("%s: the server speaks TLS there: name its certificate with --tls-cert or CALLVAULT_TLS_CERT, as for serve", target)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: status %d: %s", target, response.StatusCode, said)
	case said != "ok":
		return fmt.Errorf("%s: the server there is not callvault", target)
	}
	return nil
}
