package web

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// pipes is a listener in memory, for a bubble of testing/synctest.
type pipes struct {
	accepting chan net.Conn
	closed    chan struct{}
	close     func()
}

func newPipes() *pipes {
	closed := make(chan struct{})
	return &pipes{make(chan net.Conn), closed, sync.OnceFunc(func() { close(closed) })}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepting:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.close()
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.accepting <- server
	return client
}

// serve runs a server in a bubble for a test.
func serve(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, p *pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		p := newPipes()
		ended := make(chan error, 1)
		go func() {
			ended <- Server{Handler: handler, Log: slog.New(slog.DiscardHandler), DrainWithin: time.Second}.Serve(ctx, p)
		}()
		test(t, p)
		stop()
		<-ended
	})
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Write(body)
}

func hello(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }

// said is a connection whose client sent a text, and then closed the connection or its half.
type said struct {
	net.Conn
	text io.Reader
	end  error
}

func (c *said) Read(p []byte) (int, error) {
	n, err := c.text.Read(p)
	if err == io.EOF {
		err = c.end
	}
	return n, err
}

// A client that has closed its half is answered. The work for a broken connection stops.
func TestHalfClosed(t *testing.T) {
	for end, gone := range map[error]bool{io.EOF: false, errors.New("reset by peer"): true} {
		asked := func(w http.ResponseWriter, r *http.Request) {
			synctest.Wait() // net/http has seen the end
			if got := r.Context().Err() != nil; got != gone {
				t.Errorf("after %v the client is gone: %v", end, got)
			}
			hello(w, r)
		}
		serve(t, asked, func(t *testing.T, p *pipes) {
			client, server := net.Pipe()
			p.accepting <- &said{server, strings.NewReader("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), end}
			got, err := io.ReadAll(client)
			if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(string(got), "\r\n\r\nhello") {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// TLS may report the end of a connection together with its last bytes. A request and a
// body among them are still read.
func TestEndWithTheLastBytes(t *testing.T) {
	const text = "GET / HTTP/1.1\r\nHost: h\r\n\r\nPOST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
	serve(t, echo, func(t *testing.T, p *pipes) {
		client, server := net.Pipe()
		p.accepting <- &said{server, iotest.DataErrReader(strings.NewReader(text)), io.EOF}
		got, err := io.ReadAll(client)
		if err != nil || strings.Count(string(got), "200 OK") != 2 || !strings.Contains(string(got), "\r\n\r\nbody") {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

// The context of a request has the values of net/http, and ends with the handler.
func TestContext(t *testing.T) {
	var ctx context.Context
	see := func(w http.ResponseWriter, r *http.Request) {
		ctx = r.Context()
		if ctx.Value(http.ServerContextKey) == nil || ctx.Err() != nil {
			t.Error("not the context of a request")
		}
	}
	serve(t, see, func(t *testing.T, p *pipes) {
		wantStatuses(t, p.dial(), "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", http.StatusOK)
		if ctx.Err() == nil {
			t.Error("it goes on")
		}
	})
}

// wantStatuses sends a text and reads the answers until the connection ends.
func wantStatuses(t *testing.T, c net.Conn, text string, want ...int) {
	t.Helper()
	go io.WriteString(c, text)
	reader := bufio.NewReader(c)
	for i, status := range want {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Errorf("answer %d of %d: %v", i+1, len(want), err)
			return
		}
		if _, err := io.ReadAll(response.Body); err != nil || response.StatusCode != status {
			t.Errorf("answer %d is %d, %v, want %d", i+1, response.StatusCode, err, status)
		}
	}
	if rest, err := io.ReadAll(reader); err != nil || len(rest) > 0 {
		t.Errorf("then %q, %v", rest, err)
	}
	c.Close()
}

// A header may have 100 lines and 16 KiB. Headers before it on the connection, and the
// lines of a body, do not count.
func TestLines(t *testing.T) {
	lines := func(n int) string { return strings.Repeat("a:\r\n", n) }
	const get, last = "GET / HTTP/1.1\r\nHost: h\r\n", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
	body := lines(1000)
	post := "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4000\r\n\r\n" + body
	const ok, large = http.StatusOK, http.StatusRequestHeaderFieldsTooLarge
	for name, c := range map[string]struct {
		text string
		want []int
	}{
		"100":                         {get + lines(99) + "\r\n" + last, []int{ok, ok}},
		"101":                         {get + lines(100) + "\r\n", []int{large}},
		"without end":                 {get + lines(16_000), []int{large}},
		"in a row":                    {strings.Repeat(get+lines(99)+"\r\n", 5) + last, []int{ok, ok, ok, ok, ok, ok}},
		"in a row, the second":        {get + "\r\n" + get + lines(100) + "\r\n", []int{ok, large}},
		"with bare ends":              {strings.ReplaceAll(get+lines(100)+"\r\n", "\r", ""), []int{large}},
		"folded":                      {get + "X: x\r\n" + strings.Repeat(" x\r\n", 99) + "\r\n", []int{large}},
		"of a body":                   {get + lines(99) + "\r\n" + post, []int{ok, ok}},
		"one line of 15 KiB":          {get + "X: " + strings.Repeat("x", 15<<10) + "\r\n\r\n" + last, []int{ok, ok}},
		"one line of 24 KiB":          {get + "X: " + strings.Repeat("x", 24<<10) + "\r\n\r\n", []int{large}},
		"lines that are read as none": {"GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("\r\r\n", 200), []int{large}},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, hello, func(t *testing.T, p *pipes) { wantStatuses(t, p.dial(), c.text, c.want...) })
		})
	}
}

// A body that is not read, or whose length is not certain, ends its connection, so that
// bytes that follow are not taken for a request. See RFC 9112, 6.1.
func TestTwoLengths(t *testing.T) {
	const get = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
	for name, text := range map[string]string{
		"a body":                   "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nx\r\n",
		"100-continue":             "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
		"HTTP/1.0":                 "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"both lengths":             "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"the other way round":      "POST / HTTP/1.1\r\nHost: h\r\ntransfer-encoding: Chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		"chunked":                  "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a trailer of many names":  "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: " + strings.Repeat("x,", 9999) + "\r\n\r\n0\r\nx: y\r\n\r\n",
		"chunked in HTTP/1.0":      "GET / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
		"both lengths in HTTP/1.0": "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTRANSFER-ENCODING: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, hello, func(t *testing.T, p *pipes) { wantStatuses(t, p.dial(), text+get, http.StatusOK) })
		})
	}
}

// A body of a known length that is read keeps its connection. What follows is a header, and
// is measured as the first was.
func TestBodiesKeepTheConnection(t *testing.T) {
	lines := func(n int) string { return strings.Repeat("a:\r\n", n) }
	post := func(body string) string {
		return fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	const get, last = "GET / HTTP/1.1\r\nHost: h\r\n", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
	const ok, large = http.StatusOK, http.StatusRequestHeaderFieldsTooLarge
	for name, c := range map[string]struct {
		text string
		want []int
	}{
		"bodies in a row":       {post("a") + post(lines(1000)) + get + "\r\n" + post("b\r\n\r\n") + last, []int{ok, ok, ok, ok, ok}},
		"many lines after one":  {post("a") + get + lines(100) + "\r\n", []int{ok, large}},
		"as many as may be":     {post(lines(1000)) + get + lines(99) + "\r\n" + last, []int{ok, ok, ok}},
		"an endless header":     {post("a") + get + lines(16_000), []int{ok, large}},
		"the client closes":     {strings.Replace(post("a"), "Host", "Connection: close\r\nHost", 1) + last, []int{ok}},
		"chunked":               {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n" + last, []int{ok}},
		"both lengths":          {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + last, []int{ok}},
		"two different lengths": {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab" + last, []int{http.StatusBadRequest}},
		"HTTP/1.0":              {"POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na" + last, []int{ok}},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, echo, func(t *testing.T, p *pipes) { wantStatuses(t, p.dial(), c.text, c.want...) })
		})
	}
}

// Requests without a body keep their connection.
func TestKeepsAlive(t *testing.T) {
	seen := ""
	see := func(w http.ResponseWriter, r *http.Request) { seen += r.URL.Path; hello(w, r) }
	text := "GET /a HTTP/1.1\r\nHost: h\r\nTransfer: x\r\n\r\n" +
		"POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n" +
		"GET /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
	serve(t, see, func(t *testing.T, p *pipes) {
		wantStatuses(t, p.dial(), text, http.StatusOK, http.StatusOK, http.StatusOK)
	})
	if seen != "/a/b/c" {
		t.Errorf("handled were %s", seen)
	}
}

// A header may arrive in pieces of any size.
func TestHeaderInParts(t *testing.T) {
	const text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nX: y\n\r\nthe body"
	for part := range len(text) {
		var h header
		n, whole := 0, false
		for n < len(text) && !whole {
			var m int
			m, whole = h.take([]byte(text[n:min(n+part+1, len(text))]))
			n += m
		}
		if text[n:] != "the body" || !whole || h.lines != 4 || n != len(text)-len("the body") {
			t.Errorf("in parts of %d: %q is left, %v, %+v", part+1, text[n:], whole, h)
		}
	}
}

// The log gets twenty lines a second, and then the number of those left out.
func TestSpare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		spare := slog.New(Spare(slog.NewTextHandler(&log, nil)))
		other := spare.With("who", "another").WithGroup("g")
		for range 3 {
			for range 15 {
				spare.Info("a stranger")
				other.Info("a stranger")
			}
			time.Sleep(time.Second) // the bubble's
			synctest.Wait()
			got := log.String()
			if strings.Count(got, "msg=\"a stranger\"") != 20 || strings.Count(got, "\n") != 21 || !strings.Contains(got, "left out log lines that clients without a key caused\" lines=10\n") {
				t.Errorf("logged %s", got)
			}
			log.Reset()
		}
		for range 20 {
			spare.Info("a stranger")
		}
		time.Sleep(time.Minute) // the bubble's
		synctest.Wait()
		if got := log.String(); strings.Count(got, "\n") != 20 {
			t.Errorf("of a few lines some are left out: %s", got)
		}
	})
}
