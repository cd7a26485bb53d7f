package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/certtest"
)

// healthcheck finds a server by the address that serve was given, wherever it
// listens and whatever it speaks.
func TestHealthcheck(t *testing.T) {
	for _, tt := range []struct{ name, listen, scheme string }{
		{"on loopback", "127.0.0.1:0", "http"},
		{"everywhere", "0.0.0.0:0", "http"},
		{"on loopback, with a certificate", "127.0.0.1:0", "http"},
		{"everywhere, with a certificate", "0.0.0.0:0", "https"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCLI(t)
			if strings.Contains(tt.name, "certificate") {
				c.env["CALLVAULT_TLS_CERT"], c.env["CALLVAULT_TLS_KEY"] = certtest.Make(t, certtest.Options{}).Write(t, t.TempDir())
			}
			s := c.serve("--manage", tt.listen)
			_, port, err := net.SplitHostPort(s.find(`web page, health and metrics at ` + tt.scheme + `://(\S+)`)[1])
			if err != nil {
				t.Fatal(err)
			}
			host, _, err := net.SplitHostPort(tt.listen)
			if err != nil {
				t.Fatal(err)
			}
			c.env["CALLVAULT_MANAGE"] = net.JoinHostPort(host, port)
			for _, args := range [][]string{{"healthcheck"}, {"healthcheck", "--live"}} {
				if got := c.run(args...); got.code != exitOK || got.stdout != "ok\n" || got.stderr != "" {
					t.Errorf("%q: %+v", args, got)
				}
			}
			s.stop()
			if got := c.run("healthcheck"); got.code != exitFailed || got.stdout != "" || !strings.Contains(got.stderr, ":"+port+"/readyz: the connection was refused; is serve running") {
				t.Errorf("nobody there: %+v", got)
			}
		})
	}
}

// What is wrong stands in one line.
func TestHealthcheckFails(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/livez" {
			<-release
			return
		}
		http.Error(w, "the store can't be read\nsecond line", http.StatusServiceUnavailable)
	}))
	defer server.Close()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<h1>ok</h1>\n") }))
	defer other.Close()
	defer close(release)
	address := strings.TrimPrefix(server.URL, "http://")
	c := newCLI(t)
	for _, tt := range []struct {
		args, want string
		code       int
	}{
		{"--manage " + address, "callvault: " + server.URL + "/readyz: status 503: the store can't be read\n", exitFailed},
		{"--live --timeout 10ms --manage " + address, "callvault: " + server.URL + "/livez: no answer within 10ms\n", exitFailed},
		{"--manage " + strings.TrimPrefix(other.URL, "http://"), "/readyz: the server there is not callvault\n", exitFailed},
		{"--manage off", "healthcheck needs the operator's listener", exitUsage},
		{"--manage 8081", "must be HOST:PORT", exitUsage},
	} {
		got := c.run(append([]string{"healthcheck"}, strings.Fields(tt.args)...)...)
		if got.code != tt.code || !strings.Contains(got.stderr, tt.want) || got.stdout != "" {
			t.Errorf("%s: %+v", tt.args, got)
		}
	}
}

// Where one side speaks TLS and the other does not, healthcheck says what to type.
func TestHealthcheckOfTLS(t *testing.T) {
	c := newCLI(t)
	certificate, key := certtest.Make(t, certtest.Options{}).Write(t, t.TempDir())
	for _, tt := range []struct {
		serve, ask []string
		want       string
	}{
		{[]string{"--tls-cert", certificate, "--tls-key", key}, nil, "the server speaks TLS there: name its certificate with --tls-cert"},
		{nil, []string{"--tls-cert", certificate}, "the server speaks plain HTTP there: leave out --tls-cert"},
	} {
		s := c.serve(append(tt.serve, "--manage", "0.0.0.0:0")...)
		port := s.find(`web page, health and metrics at \S+:(\d+)`)[1]
		got := c.run(append([]string{"healthcheck", "--manage", "0.0.0.0:" + port}, tt.ask...)...)
		if got.code != exitFailed || !strings.Contains(got.stderr, tt.want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%+v", got)
		}
		s.stop()
	}
}
