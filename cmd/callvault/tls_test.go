package main

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/certtest"
	"github.com/callvault/callvault/internal/program"
)

// A server takes a new certificate while a connection that was made with the old
// one goes on, tells who speaks plain HTTP, and says https.
func TestServeTLS(t *testing.T) {
	c := newCLI(t)
	folder := t.TempDir()
	first := certtest.Make(t, certtest.Options{NotAfter: time.Now().AddDate(0, 0, 13)})
	certFile, keyFile := first.Write(t, folder)
	c.env["CALLVAULT_TLS_CERT"], c.env["CALLVAULT_TLS_KEY"] = certFile, keyFile
	s := c.serve()
	address := s.find(`serving \S+ at https://(\S+)`)[1]
	conns := 0
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: first.Roots(t)},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conns++
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	defer transport.CloseIdleConnections()
	kept := &http.Client{Transport: transport}
	wantTLS := func() {
		t.Helper()
		response, err := kept.Get("https://" + address + "/v2/calls")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusUnauthorized || response.Proto != "HTTP/1.1" {
			t.Errorf("got %s %s", response.Status, response.Proto)
		}
	}
	wantTLS()
	manage := s.find(`web page, health and metrics at (http://\S+)`)[1]
	if _, metrics := s.get(manage+"/metrics", unauthorized); !strings.Contains(metrics, "\ncallvault_certificate_expires_timestamp_seconds ") {
		t.Errorf("when the certificate ends is not among %s", metrics)
	}
	if status, body := s.get("http://"+address+"/v2/calls", unauthorized); status != http.StatusBadRequest || !strings.Contains(body, "HTTPS server") {
		t.Errorf("%d: %s", status, body)
	}
	certtest.Make(t, certtest.Options{Serial: 1}).Write(t, folder)
	awaitSerial(t, address, 2)
	wantTLS() // on the connection from before: its root is not the new certificate's
	if conns != 1 {
		t.Errorf("the client connected %d times", conns)
	}
	if code := s.stop(); code != exitOK {
		t.Errorf("it ended with %d: %s", code, s.stderr)
	}
	if log := s.stderr.String(); !strings.Contains(log, "the certificate is in use, but it expires soon") || !strings.Contains(log, "TLS: reloaded the certificate") {
		t.Errorf("the log is %s", log)
	}
}

// awaitSerial connects again until a certificate is shown.
func awaitSerial(t *testing.T, address string, serial int64) {
	t.Helper()
	for deadline := time.Now().Add(program.Patience); ; {
		c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		shown := c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
		c.Close()
		if shown == serial {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("certificate %d is shown, not %d", shown, serial)
		}
	}
}

func TestServeTLSFails(t *testing.T) {
	c := newCLI(t)
	folder := t.TempDir()
	certFile, keyFile := certtest.Make(t, certtest.Options{}).Write(t, folder)
	if got := c.run("serve", "--tls-cert", certFile); got.code != exitUsage || !strings.Contains(got.stderr, "--tls-cert and --tls-key belong together; give both or neither") {
		t.Errorf("%+v", got)
	}
	missing := filepath.Join(folder, "missing.key")
	if got := c.run("serve", "--tls-cert", certFile, "--tls-key", missing); got.code != exitFailed || !strings.Contains(got.stderr, "--tls-cert: can't read the key "+missing) {
		t.Errorf("%+v", got)
	}
	if err := os.WriteFile(keyFile, certtest.Make(t, certtest.Options{}).Key, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := c.run("serve", "--tls-cert", certFile, "--tls-key", keyFile); got.code != exitFailed || !strings.Contains(got.stderr, "private key does not match public key") {
		t.Errorf("%+v", got)
	}
}

// An environment may hold the key itself, which no error and no log may show.
func TestServeTLSHidesKeys(t *testing.T) {
	c := newCLI(t)
	made := certtest.Make(t, certtest.Options{})
	certFile, _ := made.Write(t, t.TempDir())
	for _, key := range []string{string(made.Key), base64.StdEncoding.EncodeToString(made.Key)} {
		for _, pair := range [][2]string{{certFile, key}, {key, certFile}} {
			c.env["CALLVAULT_TLS_CERT"], c.env["CALLVAULT_TLS_KEY"] = pair[0], pair[1]
			want := "callvault: --tls-cert: a certificate or a key stands in place of a file's name; write it into a file, and name that\n"
			if got := c.run("serve"); got.code != exitFailed || got.stderr != want {
				t.Errorf("%+v", got)
			}
			if got := c.run("doctor"); strings.Contains(got.stdout+got.stderr, "PRIVATE") || strings.Contains(got.stdout+got.stderr, key[:40]) {
				t.Errorf("%+v", got)
			}
		}
	}
}
