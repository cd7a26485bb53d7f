package program_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// small is the memory of the server, in MiB, and smallGo the part for Go.
const (
	small   = 128
	smallGo = "76MiB"
)

// Clients without a key, whatever headers they send to either listener, and clients of
// one company that do not read fit in 128 MiB. Others are answered throughout.
func TestHostileHeaders(t *testing.T) {
	c := program.New(t)
	var usual, huge []string
	for i := range 250 {
		usual = append(usual, sceneCall(i, i, "7", "a call"))
	}
	for i := range 100 {
		huge = append(huge, sceneCall(i, i, "7", strings.Repeat("callvault ", 6000)))
	}
	c.Put("default", usual...)
	c.Put("large", huge...)
	key, large := c.Key(), c.Key("--company", "large")
	want := c.Serve().As(key).Walk(program.Everything())
	// What a client sends that has no key, just short of the end of its header.
	lines := "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("aaa:\r\n", 15<<10/6)
	line := "GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", 15<<10)
	few := "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X: "+strings.Repeat("x", 150)+"\r\n", 98)
	strangers := mostConnections(t, times(600, 3000))
	for _, attack := range []struct {
		name string
		run  func(s *siege)
	}{
		{"15 KiB of short lines", func(s *siege) { s.pester(s.server.Base, strangers, lines) }},
		{"15 KiB in a line", func(s *siege) { s.pester(s.server.Base, strangers, line) }},
		{"98 long lines", func(s *siege) { s.pester(s.server.Base, strangers, few) }},
		{"a part of a line", func(s *siege) { s.pester(s.server.Base, strangers, line[:100]) }},
		{"the operator's listener", func(s *siege) { s.pester(s.server.Manage(), strangers, line) }},
		{"clients of a company that do not read, and strangers", func(s *siege) {
			request := s.server.As(large).Request(program.Everything().Encode())
			for range times(200, 1500) {
				if err := request.Write(s.dial()); err != nil {
					s.Fatal(err)
				}
			}
			s.pester(s.server.Base, strangers, line)
		}},
	} {
		t.Run(attack.name, func(t *testing.T) {
			cmd := program.On(t, c.DB).Command("serve", "--listen", "127.0.0.1:0", "--manage", "127.0.0.1:0", "--rate-limit", "off")
			cmd.Env = append(cmd.Environ(), "GOMEMLIMIT="+smallGo)
			s := besiege(t, c.Start(cmd), key, want)
			attack.run(s)
			s.outlast()
			s.lift(small)
			s.server.Kill() // clients that do not read would be waited for
			for line := range strings.Lines(s.server.Stderr.String()) {
				// Who waits for a page behind clients that do not read is told 500.
				if strings.Contains(line, "level=ERROR") && !strings.Contains(line, "company=large") {
					t.Error(line)
				}
			}
		})
	}
}

// pester makes many connections at once that each send a part of a header. It goes on
// when some are refused and others closed to make room.
func (s *siege) pester(base string, n int, text string) {
	s.Helper()
	address := strings.TrimPrefix(base, "http://")
	var refused, closed atomic.Int64
	var group sync.WaitGroup
	for part := range 50 {
		group.Go(func() {
			for range (n + part) / 50 {
				c, err := net.Dial("tcp", address)
				if err != nil {
					s.Error(err)
					return
				}
				s.Cleanup(func() { c.Close() })
				c.SetDeadline(time.Now().Add(program.Patience))
				if _, err := io.WriteString(c, text); err != nil {
					closed.Add(1)
				} else if strings.Count(text, "\n") > 101 && s.isRefused(c) {
					refused.Add(1)
				}
			}
		})
	}
	group.Wait()
	s.Logf("%d connections, of which %d were refused, and %d closed before they had sent it", n, refused.Load(), closed.Load())
}

// isRefused tells whether the answer is 431; the connection may be closed before it comes.
func (s *siege) isRefused(c net.Conn) bool {
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		if os.IsTimeout(err) {
			s.Error("a header of too many lines is not answered")
		}
		return false
	}
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		s.Errorf("a header of too many lines is answered with %s", response.Status)
	}
	return true
}
