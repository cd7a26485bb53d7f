package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault/internal/certtest"
)

// serveTLS runs a server that speaks TLS in a bubble for a test.
func serveTLS(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, p *pipes, client *tls.Config, log *bytes.Buffer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		pair := certtest.Make(t, certtest.Options{})
		ctx, stop := context.WithCancel(t.Context())
		p := newPipes()
		var log bytes.Buffer
		ended := make(chan error, 1)
		go func() {
			secure := Secure(p, &tls.Config{Certificates: []tls.Certificate{pair.TLS(t)}})
			ended <- Server{Handler: handler, Log: slog.New(slog.NewTextHandler(&log, nil)), DrainWithin: time.Second}.Serve(ctx, secure)
		}()
		test(t, p, &tls.Config{RootCAs: pair.Roots(t), ServerName: "localhost"}, &log)
		stop()
		<-ended
	})
}

// On TLS too, a client that has closed its half is answered.
func TestHalfClosedTLS(t *testing.T) {
	asked := func(w http.ResponseWriter, r *http.Request) {
		synctest.Wait() // net/http has seen the end
		if r.Context().Err() != nil {
			t.Errorf("the client is gone: %v", r.Context().Err())
		}
		hello(w, r)
	}
	serveTLS(t, asked, func(t *testing.T, p *pipes, client *tls.Config, _ *bytes.Buffer) {
		c := tls.Client(p.dial(), client)
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		if err := c.CloseWrite(); err != nil {
			t.Error(err)
		}
		got, err := io.ReadAll(c)
		if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(string(got), "\r\n\r\nhello") {
			t.Errorf("got %q, %v", got, err)
		}
		c.NetConn().Close()
	})
}

// Lines are counted of what was decrypted.
func TestLinesTLS(t *testing.T) {
	serveTLS(t, hello, func(t *testing.T, p *pipes, client *tls.Config, _ *bytes.Buffer) {
		get := "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("a:\r\n", 99)
		c := tls.Client(p.dial(), client)
		wantStatuses(t, c, get+"\r\n"+get+"a:\r\n\r\n", http.StatusOK, http.StatusRequestHeaderFieldsTooLarge)
		c.NetConn().Close()
	})
}

// What a client sends before a handshake is done is bounded; TLS would keep 64 KiB of it.
func TestHandshakeIsBounded(t *testing.T) {
	serveTLS(t, hello, func(t *testing.T, p *pipes, _ *tls.Config, log *bytes.Buffer) {
		c := p.dial()
		hello := []byte{1, 0, 0xff, 0} // a ClientHello of 65,280 bytes, in records of 4 KiB
		for sent := 0; ; {
			record := append([]byte{22, 3, 1}, binary.BigEndian.AppendUint16(nil, 4<<10)...)
			record = append(record, append(hello, make([]byte, 4<<10-len(hello))...)...)
			hello = nil
			n, err := c.Write(record)
			if sent += n; err != nil {
				if sent > maxHello+8<<10 {
					t.Errorf("%d bytes of a handshake were taken", sent)
				}
				break
			}
			if sent > 64<<10 {
				t.Error("a handshake of 64 KiB was taken")
				break
			}
		}
		c.Close()
		synctest.Wait()
		if got := log.String(); !strings.Contains(got, `msg="TLS handshake error"`) || !strings.Contains(got, "more than 16 KiB") {
			t.Errorf("logged %s", got)
		}
	})
}
