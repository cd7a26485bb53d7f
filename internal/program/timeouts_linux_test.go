package program_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// The time-outs as they are on a real clock: internal/api tests what they do on
// one that is made to pass.
func TestTimeOuts(t *testing.T) {
	if !*full {
		t.Skip("it takes as long as the longest of them")
	}
	c := program.New(t)
	var large []string
	for i := range 100 {
		large = append(large, sceneCall(i, i, "7", strings.Repeat("callvault ", 6000)))
	}
	c.Put("default", large...)
	s := &siege{T: t, server: c.Serve(), key: c.Key()}
	for _, test := range []struct {
		name  string
		after time.Duration
		begin func(t *testing.T, c net.Conn)
	}{
		{"nothing is sent", 10 * time.Second, func(*testing.T, net.Conn) {}},
		{"a header that stops", 10 * time.Second, func(t *testing.T, c net.Conn) { send(t, c, s.request("GET")) }},
		{"a header a byte a second", 10 * time.Second, func(_ *testing.T, c net.Conn) { go drip(c, s.request("GET")) }},
		{"a body that stops", 30 * time.Second, func(t *testing.T, c net.Conn) {
			send(t, c, s.request("POST")+"Content-Length: 10\r\n\r\n")
		}},
		{"no further request", 120 * time.Second, func(t *testing.T, c net.Conn) { send(t, c, s.request("POST")+"\r\n") }},
		{"an answer that is not read", 60 * time.Second, func(t *testing.T, c net.Conn) {
			send(t, c, s.request("GET")+"\r\n")
			waitFor(t, 2*program.Patience, "it is no longer being sent", func() bool {
				return strings.Contains(s.server.Stderr.String(), "i/o timeout")
			})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			connection := s.dial()
			connection.SetDeadline(time.Now().Add(test.after + program.Patience))
			began := time.Now()
			test.begin(t, connection)
			// Answers are passed over, and how the connection ended does not matter.
			if _, err := io.Copy(io.Discard, connection); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("it does not end")
			}
			took := time.Since(began)
			t.Logf("ended after %v", took.Round(10*time.Millisecond))
			if took < test.after-time.Second || took > test.after+program.Patience/2 {
				t.Errorf("want %v", test.after)
			}
		})
	}
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Error(err)
	}
}

// drip sends a text, a byte each second.
func drip(c net.Conn, text string) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for i := range text {
		if _, err := io.WriteString(c, text[i:i+1]); err != nil {
			return
		}
		<-second.C
	}
}
