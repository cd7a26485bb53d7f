package gong

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// Errors that a retry does not mend end at once, and say what to do.
func TestHopelessConnections(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"calls":[]}`) })
	plain := httptest.NewServer(answer)
	defer plain.Close()
	secure := httptest.NewUnstartedServer(answer)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	other := foreign(t, "SSH-2.0-OpenSSH_9.9\r\n")
	alert := foreign(t, "\x15\x03\x01\x00\x02\x02\x16")
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()

	trusting := secure.Client()
	for base, want := range map[string]string{
		"https://" + plain.Listener.Addr().String():              "speaks plain HTTP and not TLS; use http:// in place of https:// in the base URL",
		"http://" + secure.Listener.Addr().String():              "answered 400: it speaks TLS; use https:// in place of http:// in the base URL",
		"https://" + secure.Listener.Addr().String():             "has a certificate of an authority that this machine does not trust; name the authority's file in SSL_CERT_FILE",
		"https://" + other:                                       "does not speak TLS; check the port",
		"http://" + other:                                        "does not speak plain HTTP; if it speaks TLS, use https:// in the base URL",
		"http://" + alert:                                        "does not speak plain HTTP; if it speaks TLS, use https:// in the base URL",
		"http://" + closed.Addr().String():                       "refused the connection; check that the server runs, and the port",
		strings.Replace(secure.URL, "127.0.0.1", "localhost", 1): "has a certificate for other names (example.com, *.example.com); use one of them in the base URL",
	} {
		c := &Client{BaseURL: base, HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
		if strings.Contains(base, "localhost") {
			c.HTTP = trusting
		}
		waits := 0
		c.Waiting = func(_ time.Duration, cause error) { waits++ }
		_, err := c.ListCalls(t.Context(), ListCallsQuery{}, "")
		if waits > 0 || err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, after %d pauses\nwant %s", base, err, waits, want)
		}
	}
}

// foreign is the address of a server of another protocol, which says one thing.
func foreign(t *testing.T, says string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			// The request is read first: to close before it would be a reset.
			conn.Read(make([]byte, 4096))
			io.WriteString(conn, says)
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// A server that has answered once is at the right address, so a refused connection is
// retried.
func TestRestartedServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{t: t, calls: made(30, everyMinute), size: 10}
		f.fail = func(n int) error {
			switch n {
			case 2, 3:
				return &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
			case 5:
				return &net.DNSError{IsNotFound: true}
			}
			return nil
		}
		met, err := ids(f.client(), ListCallsQuery{})
		wantAll(t, met, err, 30)
		for _, cause := range []error{syscall.ECONNREFUSED, &net.DNSError{IsNotFound: true}} {
			f = &fake{t: t, fail: func(int) error { return cause }}
			if _, err := f.client().ListCalls(t.Context(), ListCallsQuery{}, ""); !errors.Is(err, cause) || len(f.requests) != 1 {
				t.Errorf("%v after %d requests", err, len(f.requests))
			}
		}
	})
}

// Errors of net/http become sentences that wrap the cause.
func TestUnansweredTexts(t *testing.T) {
	for _, tt := range []struct {
		cause error
		want  string
	}{
		{io.EOF, "gong: calls.example.com broke off its answer"},
		{io.ErrUnexpectedEOF, "gong: calls.example.com broke off its answer"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, "gong: calls.example.com broke off its answer"},
		{errors.New("no idea"), "gong: calls.example.com did not answer: no idea"},
	} {
		f := &fake{t: t, fail: func(int) error { return tt.cause }}
		c := f.client()
		c.Retries = -1
		if _, err := c.ListCalls(t.Context(), ListCallsQuery{}, ""); fmt.Sprint(err) != tt.want || !errors.Is(err, tt.cause) {
			t.Error(err)
		}
	}
}

// A request whose kept connection breaks is not sent again behind the caller's back.
func TestSentOnce(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || len(body) > 0 || r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
			t.Errorf("a body of %d bytes came, announced as %d %v: %v", len(body), r.ContentLength, r.TransferEncoding, err)
		}
		if requests.Add(1) == 2 {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, `{"requestId":"1","calls":[]}`)
	}))
	defer server.Close()
	client := Client{BaseURL: server.URL, Credential: Credential{AccessKey: "key", AccessKeySecret: "secret"}}
	for i, fails := range []bool{false, true, false} {
		_, err := client.Get(t.Context(), Path, nil)
		if none := (*NoAnswerError)(nil); errors.As(err, &none) != fails || err != nil && !fails {
			t.Errorf("request %d: %v", i+1, err)
		}
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests came, want 3", n)
	}
}
