package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault/internal/certtest"
	"github.com/callvault/callvault/internal/web"
)

// serveTLS runs Serve in a bubble, on a listener that speaks TLS. The client
// trusts its certificate and would rather speak HTTP/2.
func serveTLS(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, s *running, client *tls.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		pair := certtest.Make(t, certtest.Options{})
		ctx, stop := context.WithCancel(t.Context())
		s := &running{pipes: newPipes(), stop: stop, stopped: make(chan error, 1)}
		listener := web.Secure(s.pipes, &tls.Config{Certificates: []tls.Certificate{pair.TLS(t)}, NextProtos: []string{"h2"}})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.stopped <- web.Server{Handler: handler, Log: slog.New(slog.NewTextHandler(&s.log, nil)), DrainWithin: drainWithin}.Serve(ctx, listener)
		}()
		test(t, s, &tls.Config{RootCAs: pair.Roots(t), ServerName: "localhost", NextProtos: []string{"h2", "http/1.1"}})
		stop()
		<-ended
	})
}

// Connections that speak TLS are held to the same limits, the handshake to that
// of the header.
func TestServeTLSTimesOut(t *testing.T) {
	t.Run("no handshake", func(t *testing.T) {
		serveTLS(t, hello, func(t *testing.T, s *running, _ *tls.Config) {
			wantClosed(t, s.dial(), headerWithin)
		})
	})
	t.Run("handshake byte by byte", func(t *testing.T) {
		serveTLS(t, hello, func(t *testing.T, s *running, client *tls.Config) {
			c := s.dial()
			slow := &slowConn{Conn: c}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				if err := tls.Client(slow, client).Handshake(); err == nil {
					t.Error("the handshake was awaited")
				}
			}()
			began := time.Now()
			<-ended
			// The end is seen with the next byte that is sent.
			if took := time.Since(began); took < headerWithin || took > headerWithin+time.Second {
				t.Errorf("it took %v, want %v", took, headerWithin)
			}
			c.Close()
		})
	})
	t.Run("header", func(t *testing.T) {
		serveTLS(t, hello, func(t *testing.T, s *running, client *tls.Config) {
			c := tls.Client(s.dial(), client)
			io.WriteString(c, get[:len(get)-1])
			wantClosed(t, c, headerWithin)
			c.NetConn().Close()
		})
	})
	t.Run("idle", func(t *testing.T) {
		serveTLS(t, hello, func(t *testing.T, s *running, client *tls.Config) {
			c := tls.Client(s.dial(), client)
			io.WriteString(c, get)
			wantResponse(t, c, http.StatusOK, "hello")
			wantClosed(t, c, idleWithin)
			c.NetConn().Close()
		})
	})
	t.Run("write", func(t *testing.T) {
		long := func(w http.ResponseWriter, _ *http.Request) {
			began := time.Now()
			if _, err := w.Write(make([]byte, 1<<20)); err == nil || time.Since(began) != writeWithin {
				t.Errorf("got %v after %v", err, time.Since(began))
			}
		}
		serveTLS(t, long, func(t *testing.T, s *running, client *tls.Config) {
			c := tls.Client(s.dial(), client)
			io.WriteString(c, get)
			time.Sleep(2 * writeWithin) // nobody reads; the bubble's time
			c.NetConn().Close()
		})
	})
}

// slowConn sends a byte a second.
type slowConn struct{ net.Conn }

func (c *slowConn) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := c.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
		time.Sleep(time.Second) // the bubble's time
	}
	return len(p), nil
}

// A client that does not take its page is cut off on TLS too, when others wait
// for the room, and its end waits for nobody.
func TestServeTLSCutsOff(t *testing.T) {
	api := newServer(t, Config{Log: discard})
	large := call(t, "1", 1, "")
	large.Document = append(append([]byte(`{"id":"1","x":"`), bytes.Repeat([]byte("x"), 60<<10)...), `"}`...)
	api.put(t, "acme", large)
	synctest.Test(t, func(t *testing.T) {
		pair := certtest.Make(t, certtest.Options{})
		ctx, stop := context.WithCancel(t.Context())
		api.Handler.bodies = web.NewTurns(leastBuilders, 100<<10) // a company may have half of it
		listener := newPipes()
		ended := make(chan error, 1)
		secure := web.Secure(listener, &tls.Config{Certificates: []tls.Certificate{pair.TLS(t)}})
		go func() { ended <- web.Server{Handler: api, Log: discard, DrainWithin: drainWithin}.Serve(ctx, secure) }()
		ask := func() *tls.Conn {
			c := tls.Client(listener.dial(), &tls.Config{RootCAs: pair.Roots(t), ServerName: "localhost"})
			if err := request(everything).Write(c); err != nil {
				t.Fatal(err)
			}
			return c
		}
		silent := ask()
		synctest.Wait() // its page is held
		began := time.Now()
		c := ask()
		answer := make([]byte, len("HTTP/1.1 200 OK"))
		if _, err := io.ReadFull(c, answer); err != nil || !strings.HasSuffix(string(answer), "200 OK") {
			t.Errorf("got %q, %v", answer, err)
		}
		if took := time.Since(began); took != web.PressWithin {
			t.Errorf("the answer took %v, want %v", took, web.PressWithin)
		}
		silent.NetConn().Close()
		c.NetConn().Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A client that speaks plain HTTP to TLS learns why it fails. HTTP/2 is not spoken, and
// HTTP/1.0 is.
func TestServeTLSProtocols(t *testing.T) {
	serveTLS(t, hello, func(t *testing.T, s *running, client *tls.Config) {
		plain := s.dial()
		go io.WriteString(plain, get)
		wantResponse(t, plain, http.StatusBadRequest, "Client sent an HTTP request to an HTTPS server.\n")
		plain.Close()
		c := tls.Client(s.dial(), client)
		io.WriteString(c, get)
		wantResponse(t, c, http.StatusOK, "hello")
		if got := c.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
			t.Errorf("it speaks %q", got)
		}
		c.NetConn().Close()
		old := client.Clone()
		old.NextProtos = []string{"http/1.0"}
		c = tls.Client(s.dial(), old)
		io.WriteString(c, strings.Replace(get, "HTTP/1.1", "HTTP/1.0", 1))
		wantResponse(t, c, http.StatusOK, "hello")
		c.NetConn().Close()
		synctest.Wait()
		if got := s.log.String(); !strings.Contains(got, "the client spoke plain HTTP; give it an address with https://") {
			t.Errorf("logged %s", got)
		}
	})
}
