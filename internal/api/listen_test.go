package api

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault/internal/web"
)

// What the time-outs and sizes of a connection have to be.
const (
	headerWithin = 10 * time.Second
	readWithin   = 30 * time.Second
	writeWithin  = 60 * time.Second
	drainWithin  = 20 * time.Second
	idleWithin   = 120 * time.Second
	maxHeader    = 16 << 10
)

// pipes is a listener in memory, for a bubble of testing/synctest: there no
// time passes but what the server waits for.
type pipes struct {
	accepting chan net.Conn
	closed    chan struct{}
	once      sync.Once
}

func newPipes() *pipes { return &pipes{accepting: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepting:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

// dial connects to the server.
func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.accepting <- server
	return client
}

// running is a server of Serve in a bubble of testing/synctest.
type running struct {
	*pipes
	stop    context.CancelFunc
	stopped chan error // what Serve returned
	log     bytes.Buffer
}

// serve runs Serve in a bubble for a test.
func serve(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, s *running)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		s := &running{pipes: newPipes(), stop: stop, stopped: make(chan error, 1)}
		log := slog.New(slog.NewTextHandler(&s.log, nil))
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.stopped <- web.Server{Handler: handler, Log: log, DrainWithin: drainWithin}.Serve(ctx, s.pipes)
		}()
		test(t, s)
		stop()
		<-ended
	})
}

func hello(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }

const get = "GET / HTTP/1.1\r\nHost: callvault.test\r\n\r\n"

// wantResponse reads one answer.
func wantResponse(t *testing.T, c net.Conn, status int, body string) {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status || string(text) != body {
		t.Fatalf("got %d, %q, %v, want %d, %q", response.StatusCode, text, err, status, body)
	}
}

// wantClosed waits until the server closes a connection, in the bubble's time.
func wantClosed(t *testing.T, c net.Conn, after time.Duration) {
	t.Helper()
	began := time.Now()
	c.SetReadDeadline(began.Add(time.Hour))
	_, err := io.Copy(io.Discard, c) // there may be a last word
	if took := time.Since(began); err != nil || took != after {
		t.Errorf("got %v after %v, want the end after %v", err, took, after)
	}
}

func TestServeDrains(t *testing.T) {
	var begun, goOn chan struct{} // of the bubble
	var early error
	handler := func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-goOn
		early = r.Context().Err()
		hello(w, r)
	}
	serve(t, handler, func(t *testing.T, s *running) {
		begun, goOn = make(chan struct{}), make(chan struct{})
		c := s.dial()
		defer c.Close()
		io.WriteString(c, get)
		<-begun
		s.stop()
		<-s.closed // no more connections are taken
		synctest.Wait()
		select {
		case err := <-s.stopped:
			t.Fatalf("Serve did not wait: %v", err)
		default:
		}
		close(goOn)
		wantResponse(t, c, http.StatusOK, "hello")
		if err := <-s.stopped; err != nil || early != nil {
			t.Errorf("got %v, and %v in the request", err, early)
		}
	})
}

func TestServeCutsOff(t *testing.T) {
	ended := false
	handler := func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // for ever, unless it is cut off
		ended = true
	}
	serve(t, handler, func(t *testing.T, s *running) {
		c := s.dial()
		defer c.Close()
		io.WriteString(c, get)
		synctest.Wait()
		began := time.Now()
		s.stop()
		if err := <-s.stopped; err == nil || time.Since(began) != drainWithin {
			t.Errorf("got %v after %v, want an error after %v", err, time.Since(began), drainWithin)
		}
		synctest.Wait()
		if !ended {
			t.Error("the request was not told")
		}
	})
}

func TestServeFails(t *testing.T) {
	serve(t, hello, func(t *testing.T, s *running) {
		s.Close()
		if err := <-s.stopped; err == nil {
			t.Error("a listener that fails is no error")
		}
	})
}

func TestServeTimesOut(t *testing.T) {
	t.Run("header", func(t *testing.T) {
		serve(t, hello, func(t *testing.T, s *running) {
			c := s.dial()
			io.WriteString(c, get[:len(get)-1])
			wantClosed(t, c, headerWithin)
		})
	})
	t.Run("nothing", func(t *testing.T) {
		serve(t, hello, func(t *testing.T, s *running) {
			wantClosed(t, s.dial(), headerWithin)
		})
	})
	t.Run("header byte by byte", func(t *testing.T) {
		serve(t, hello, func(t *testing.T, s *running) {
			c := s.dial()
			var dripping sync.WaitGroup
			dripping.Go(func() {
				for i := range get {
					if _, err := io.WriteString(c, get[i:i+1]); err != nil {
						return
					}
					time.Sleep(time.Second) // the bubble's time
				}
			})
			wantClosed(t, c, headerWithin)
			dripping.Wait()
		})
	})
	t.Run("idle", func(t *testing.T) {
		serve(t, hello, func(t *testing.T, s *running) {
			c := s.dial()
			io.WriteString(c, get)
			wantResponse(t, c, http.StatusOK, "hello")
			wantClosed(t, c, idleWithin)
		})
	})
	t.Run("read", func(t *testing.T) {
		body := func(w http.ResponseWriter, r *http.Request) {
			began := time.Now()
			if _, err := io.ReadAll(r.Body); err == nil || time.Since(began) != readWithin {
				t.Errorf("got %v after %v", err, time.Since(began))
			}
		}
		serve(t, body, func(t *testing.T, s *running) {
			c := s.dial()
			defer c.Close()
			io.WriteString(c, strings.Replace(get, "\r\n\r\n", "\r\nContent-Length: 9\r\n\r\n", 1))
			time.Sleep(2 * readWithin) // the bubble's time
		})
	})
	t.Run("write", func(t *testing.T) {
		long := func(w http.ResponseWriter, _ *http.Request) {
			began := time.Now()
			if _, err := w.Write(make([]byte, 1<<20)); err == nil || time.Since(began) != writeWithin {
				t.Errorf("got %v after %v", err, time.Since(began))
			}
		}
		serve(t, long, func(t *testing.T, s *running) {
			c := s.dial()
			defer c.Close()
			io.WriteString(c, get)
			time.Sleep(2 * writeWithin) // nobody reads
		})
	})
}

func TestServeLimitsHeaders(t *testing.T) {
	serve(t, hello, func(t *testing.T, s *running) {
		c := s.dial()
		defer c.Close()
		go io.WriteString(c, strings.Replace(get, "\r\n\r\n", "\r\nX: "+strings.Repeat("x", 2*maxHeader)+"\r\n\r\n", 1))
		wantResponse(t, c, http.StatusRequestHeaderFieldsTooLarge, "431 Request Header Fields Too Large")
	})
}

// TestServeLogs: what net/http has to say is a line like any other.
func TestServeLogs(t *testing.T) {
	serve(t, func(http.ResponseWriter, *http.Request) { panic("boo") }, func(t *testing.T, s *running) {
		c := s.dial()
		io.WriteString(c, get)
		wantClosed(t, c, 0)
		if got := s.log.String(); !strings.Contains(got, `level=WARN msg="http: panic serving`) {
			t.Errorf("got %s", got)
		}
	})
}

// TestServeOptions: "OPTIONS *" is not net/http's to answer.
func TestServeOptions(t *testing.T) {
	api := newServer(t, Config{})
	serve(t, api.ServeHTTP, func(t *testing.T, s *running) {
		c := s.dial()
		defer c.Close()
		io.WriteString(c, strings.Replace(get, "GET /", "OPTIONS *", 1))
		wantResponse(t, c, http.StatusUnauthorized, `{"requestId":"request000000000001","errors":["`+notAuthorized+`"]}`)
	})
}

// TestServeHandler asks the whole thing over one connection, which each answer must leave
// in order for the next. A request with a body has a connection of its own.
func TestServeHandler(t *testing.T) {
	api := newServer(t, Config{})
	api.put(t, "acme", call(t, "1", 1, ""))
	serve(t, api.ServeHTTP, func(t *testing.T, s *running) {
		kept := s.dial()
		defer kept.Close()
		keptReader := bufio.NewReader(kept)
		for _, test := range []struct {
			method, target, body string
			status               int
			documents            int
		}{
			{"GET", everything, "", http.StatusOK, 1},
			{"HEAD", everything, "", http.StatusOK, 0},
			{"GET", everything, "ignored", http.StatusOK, 1},
			{"HEAD", "/v2/calls", "", http.StatusBadRequest, 0},
			{"PUT", "/v2/calls", "ignored", http.StatusMethodNotAllowed, 0},
			{"GET", everything, "", http.StatusOK, 1},
		} {
			c, reader := kept, keptReader
			if test.body != "" { // which ends its connection
				c = s.dial()
				defer c.Close()
				reader = bufio.NewReader(c)
			}
			r := request(test.target)
			r.Method = test.method
			r.Body = io.NopCloser(strings.NewReader(test.body))
			r.ContentLength = int64(len(test.body))
			go r.Write(c)
			response, err := http.ReadResponse(reader, r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != test.status || strings.Count(string(body), `"started"`) != test.documents {
				t.Errorf("%s %s: got %d, %s, %v", test.method, test.target, response.StatusCode, body, err)
			}
			if response.ContentLength <= 0 || test.method == "HEAD" && len(body) > 0 {
				t.Errorf("%s %s: got length %d and %d bytes", test.method, test.target, response.ContentLength, len(body))
			}
		}
		if s.log.Len() > 0 {
			t.Errorf("net/http complains: %s", &s.log)
		}
	})
}
