package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/doctor"
	"github.com/callvault/callvault/internal/manage"
	"github.com/callvault/callvault/internal/screen"
)

// healthOptions are the flags of healthcheck.
type healthOptions struct {
	manage, certificate, listen string
	live                        bool
	timeout                     time.Duration
}

func (a *app) healthcheck() *cobra.Command {
	var o healthOptions
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a server on this machine whether it is ready",
		Long: `Ask the operator's listener of a server on this machine whether it is ready, at
/readyz: exit code 0 when it is, and otherwise 1 and a line that says why. It is
for images that have no other program, and finds the server by the environment
that serve has.`,
		Example: `  callvault healthcheck
  callvault healthcheck --manage :9000 --timeout 1s
  callvault healthcheck --listen :8080
  callvault healthcheck --live`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runHealthcheck(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.manage, "manage", defaultManage, "the operator's address, as serve has it")
	cmd.Flags().StringVar(&o.certificate, "tls-cert", "", "the certificate, if serve has one: beyond loopback the operator's listener then speaks TLS")
	cmd.Flags().StringVar(&o.listen, "listen", "", "the address of the API, as serve has it: tells that server from another one that answers")
	cmd.Flags().BoolVar(&o.live, "live", false, "ask whether it is alive, at /livez, and not whether it is ready")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 5*time.Second, "how long the answer may take")
	return cmd
}

func (a *app) runHealthcheck(ctx context.Context, o healthOptions) error {
	if o.timeout <= 0 {
		return usagef("--timeout %v: accepted is a duration above 0, such as 5s", o.timeout)
	}
	target, err := o.target()
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	response, err := ownClient(o.timeout).Do(r)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("%s: there is no answer within %v", target, o.timeout)
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return fmt.Errorf("%s: the server speaks plain HTTP there: leave out --tls-cert, or name the --manage that the server has", target)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", target, errors.Unwrap(err)) // of the url.Error
	}
	defer response.Body.Close()
	said := firstLine(response.Body)
	if response.StatusCode == http.StatusBadRequest && said == doctor.HTTPSForHTTP {
		return fmt.Errorf("%s: the server speaks TLS there: name its certificate with --tls-cert or CALLVAULT_TLS_CERT, as for serve", target)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d: %s", target, response.StatusCode, said)
	}
	if said != "ok" {
		return fmt.Errorf("%s: something that is no callvault answers", target)
	}
	if theirs := response.Header.Get(manage.APIHeader); o.isAnother(ctx, theirs) {
		another := doctor.AnotherServe(o.manage, theirs, o.listen)
		return fmt.Errorf("%s: %s", another.What, another.Do)
	}
	_, err = screen.Printf(a.stdout, "%s\n", said)
	return err
}

// isAnother tells whether the server that answers, whose API is at theirs, is not the one
// at --listen: serve goes on without the default --manage where that is in use. If nothing
// listens at --listen, only the flag of healthcheck is wrong.
func (o healthOptions) isAnother(ctx context.Context, theirs string) bool {
	_, asked, _ := net.SplitHostPort(o.listen)
	_, has, _ := net.SplitHostPort(theirs)
	// Ports are compared and not hosts: what a name resolves to may change.
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", asked)
	if err != nil || port == 0 || has == "" || has == strconv.Itoa(port) {
		return false
	}
	host, err := reachable(o.listen)
	if err != nil {
		return false
	}
	connection, err := (&net.Dialer{Timeout: o.timeout}).DialContext(ctx, "tcp", host)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}

// target is the URL to ask.
func (o healthOptions) target() (string, error) {
	if o.manage == manageOff {
		return "", usagef("--manage off: there is no operator's listener to ask")
	}
	if !isAddress(o.manage) {
		return "", usagef("--manage %.80q: accepted is HOST:PORT, such as 127.0.0.1:8081", o.manage)
	}
	listening, err := net.ResolveTCPAddr("tcp", o.manage)
	if err != nil {
		return "", fmt.Errorf("--manage: %w", err)
	}
	host, err := reachable(o.manage)
	if err != nil {
		return "", fmt.Errorf("--manage: %w", err)
	}
	u := url.URL{Scheme: "http", Host: host, Path: "/readyz"}
	if o.certificate != "" && !manage.IsLoopback(listening) {
		u.Scheme = "https"
	}
	if o.live {
		u.Path = "/livez"
	}
	return u.String(), nil
}

// firstLine is the first line of an answer, of what it is worth showing.
func firstLine(body io.Reader) string {
	text, _ := io.ReadAll(io.LimitReader(body, 200)) // what came is shown
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}
