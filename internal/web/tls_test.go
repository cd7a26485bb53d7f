package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
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

// inTheClear is a client's connection that sends an alert in the clear in place of all that
// follows its hello, as OpenSSL does.
type inTheClear struct {
	net.Conn
	begun bool
}

func (c *inTheClear) Write(p []byte) (int, error) {
	if c.begun {
		c.Conn.Write([]byte{20, 3, 3, 0, 1, 1, 21, 3, 3, 0, 2, 2, 48})
		return len(p), nil
	}
	c.begun = true
	return c.Conn.Write(p)
}

// The log says in words why a handshake failed, and what to do.
func TestFailedHandshakesAreExplained(t *testing.T) {
	for name, tt := range map[string]struct {
		dial func(c net.Conn)
		want string
	}{
		"closed": {func(c net.Conn) {}, "the client closed the connection within the handshake; if it always does, let it trust the CA"},
		"silent": {func(net.Conn) { time.Sleep(time.Minute) }, "the client did not finish the handshake within 10s"},
	} {
		t.Run(name, func(t *testing.T) {
			serveTLS(t, hello, func(t *testing.T, p *pipes, _ *tls.Config, log *bytes.Buffer) {
				c := p.dial()
				tt.dial(c)
				c.Close()
				synctest.Wait()
				if got := log.String(); !strings.Contains(got, `error="`+tt.want+`"`) {
					t.Errorf("logged %s", got)
				}
			})
		})
	}
}

// logged is a log whose lines can be waited for.
type logged chan string

func (l logged) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}

// A client that does not trust the certificate is explained, too. It needs the buffers of TCP:
// the client answers before it has read everything.
func TestDistrustIsExplained(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pair := certtest.Make(t, certtest.Options{})
	lines := make(logged, 10)
	go func() {
		Server{Handler: http.HandlerFunc(hello), Log: slog.New(slog.NewTextHandler(lines, nil)), DrainWithin: time.Second}.Serve(
			t.Context(), Secure(listener, &tls.Config{Certificates: []tls.Certificate{pair.TLS(t)}}))
	}()
	for alert, wrap := range map[string]func(net.Conn) net.Conn{
		"bad certificate":               func(c net.Conn) net.Conn { return c },
		"unknown certificate authority": func(c net.Conn) net.Conn { return &inTheClear{Conn: c} },
	} {
		c, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if err := tls.Client(wrap(c), &tls.Config{ServerName: "localhost"}).Handshake(); err == nil {
			t.Error("the client trusts it")
		}
		want := `error="the client does not trust the certificate (` + alert + `); let it trust the CA, as docs/connecting-clients.md shows"`
		if got := <-lines; !strings.Contains(got, want) {
			t.Errorf("logged %s, want %s", got, want)
		}
		c.Close()
	}
}
