package program_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// Clients that do everything wrong cost the server a bounded memory, whatever
// they send, and keep nobody else from being served.
func TestHostileClients(t *testing.T) {
	c := program.New(t)
	var small, large []string
	for i := range 250 {
		small = append(small, sceneCall(i, i, "7", "a call"))
	}
	for i := range 100 {
		large = append(large, sceneCall(i, i, "7", strings.Repeat("callvault ", 6000)))
	}
	c.Put("default", small...)
	c.Put("large", large...)
	key, largeKey := c.Key(), c.Key("--company", "large")
	want := c.Serve().As(key).Walk(program.Everything())
	crowd := mostConnections(t, times(1000, 10_000))
	for _, attack := range []struct {
		name string
		most int // MiB
		run  func(s *siege)
	}{
		{"connections without a request", 64 + crowd/32, func(s *siege) { s.crowd(crowd, "") }},
		{"half a request on each connection", 64 + crowd/32, func(s *siege) { s.crowd(crowd, s.request("GET")[:100]) }},
		{"15 KiB of a header on each connection", 64 + crowd/10/4, func(s *siege) {
			s.crowd(crowd/10, s.request("GET")+"X: "+strings.Repeat("x", 15<<10))
		}},
		{"headers that never end", 128, headersWithoutEnd},
		{"headers a byte at a time", 64, headersByteByByte},
		{"bodies that never end", 64, bodiesWithoutEnd},
		{"bodies that are not sent whole", 64, bodiesUnsent},
		{"requests that are too large", 64, requestsTooLarge},
		{"half-closed connections", 64, halfClosed},
		{"requests in a row, and garbage", 64, garbage},
		{"pages that nobody reads", 320, func(s *siege) { pagesUnread(s, largeKey) }},
	} {
		t.Run(attack.name, func(t *testing.T) {
			if !*full { // figures are of one attack alone
				t.Parallel()
			}
			s := besiege(t, program.On(t, c.DB).Serve("--rate-limit", "off"), key, want)
			attack.run(s)
			s.outlast()
			s.lift(attack.most)
		})
	}
}

// answer reads an answer to its end.
func (s *siege) answer(reader *bufio.Reader, status int) {
	s.Helper()
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		s.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status || len(body) == 0 || response.ContentLength >= 0 && int(response.ContentLength) != len(body) {
		s.Errorf("%s with %d of %d bytes, %v, want %d", response.Status, len(body), response.ContentLength, err, status)
	}
}

// end waits until the server has ended a connection, with nothing more to say.
func (s *siege) end(reader io.Reader) {
	s.Helper()
	n, err := io.Copy(io.Discard, reader)
	if n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		s.Errorf("the connection has %d bytes more, %v", n, err)
	}
}

// pour sends a text again and again until the connection ends, and returns how
// many bytes went out.
func pour(c net.Conn, text string) (poured int) {
	for {
		n, err := io.WriteString(c, text)
		poured += n
		if err != nil {
			return poured
		}
	}
}

// Each of many connections is refused when it has sent what a header may have.
func headersWithoutEnd(s *siege) {
	line := "X: " + strings.Repeat("x", 1<<10) + "\r\n"
	s.each(times(100, 1000), func(c net.Conn) error {
		if _, err := io.WriteString(c, s.request("GET")); err != nil {
			return err
		}
		return refused(c, line)
	})
}

func headersByteByByte(s *siege) {
	s.each(times(2, 20), func(c net.Conn) error {
		if _, err := io.WriteString(c, s.request("GET")+"X: "); err != nil {
			return err
		}
		return refused(c, "x")
	})
}

// refused pours a text into a connection until it is answered with 431, or, on a
// busy machine, until its time for a header is over.
func refused(c net.Conn, text string) error {
	poured := make(chan int, 1)
	go func() { poured <- pour(c, text) }()
	reader := bufio.NewReader(c)
	if _, err := reader.Peek(1); err != nil {
		c.Close()
		<-poured
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		return nil
	}
	response, err := http.ReadResponse(reader, nil)
	c.Close()
	if err != nil {
		return err
	}
	if n := <-poured; response.StatusCode != http.StatusRequestHeaderFieldsTooLarge || n < 16<<10 {
		return fmt.Errorf("%s after %d bytes", response.Status, n)
	}
	return nil
}

// each does something with many connections at once.
func (s *siege) each(n int, do func(c net.Conn) error) {
	s.Helper()
	done := make(chan error)
	for range n {
		c := s.dial()
		go func() { done <- do(c) }()
	}
	for range n {
		if err := <-done; err != nil {
			s.Error(err)
		}
	}
}

// A request is answered for what its header says, and then the connection ends,
// whatever else would come.
func bodiesWithoutEnd(s *siege) {
	chunk := fmt.Sprintf("%x\r\n%s\r\n", 64<<10, strings.Repeat("x", 64<<10))
	for _, body := range []struct{ header, text string }{
		{"Transfer-Encoding: chunked\r\n", chunk},
		{"Content-Length: 1000000000000\r\n", chunk},
		{"Content-Length: 1000000000000\r\nExpect: 100-continue\r\n", chunk},
		{"Transfer-Encoding: chunked\r\nTrailer: X\r\n", "1;" + strings.Repeat("x", 1<<10) + "\r\nx\r\n"},
	} {
		for method, status := range map[string]int{"GET": http.StatusOK, "POST": http.StatusUnauthorized, "DELETE": http.StatusMethodNotAllowed} {
			c := s.dial()
			if _, err := io.WriteString(c, s.request(method)+body.header+"\r\n"); err != nil {
				s.Fatal(err)
			}
			poured := make(chan int, 1)
			go func() { poured <- pour(c, body.text) }()
			reader := bufio.NewReader(c)
			s.answer(reader, status)
			s.end(reader)
			if n := <-poured; n > 64<<20 {
				s.Errorf("%s with %q: %d bytes of a body were taken", method, body.header, n)
			}
		}
	}
}

// Half a body waits for its turn or for its end. It is refused while others wait, and then
// left alone until its client gives up.
func bodiesUnsent(s *siege) {
	header := strings.Replace(s.request("POST"), "/v2/calls?", "/v2/calls/extensive?", 1) + "Content-Length: 1048576\r\n\r\n"
	half := strings.Repeat(" ", 512<<10)
	s.each(times(100, 1000), func(c net.Conn) error {
		defer c.Close()
		go io.WriteString(c, header+half)
		c.SetReadDeadline(time.Now().Add(5 * time.Second)) // longer than a body waits for its turn
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		case err == nil && response.StatusCode != http.StatusRequestTimeout && response.StatusCode != http.StatusTooManyRequests:
			return errors.New(response.Status)
		}
		return err
	})
}

func requestsTooLarge(s *siege) {
	long := strings.Repeat("x", 1<<20)
	for _, text := range []string{
		strings.Replace(s.request("GET"), "?", "?x="+long+"&", 1) + "\r\n",
		strings.Replace(s.request("GET"), "/v2/calls?", "/v2/calls/"+long+"?", 1) + "\r\n",
		s.request("GET") + "X: " + long + "\r\n\r\n",
		s.request("GET") + strings.Repeat("X: x\r\n", 1<<18) + "\r\n",
		s.request("GET") + "Authorization: " + long + "\r\n\r\n",
		s.request(long) + "\r\n",
	} {
		c := s.dial()
		go io.WriteString(c, text)
		s.answer(bufio.NewReader(c), http.StatusRequestHeaderFieldsTooLarge)
	}
	// What is just not too large is a request like any other.
	c := s.dial()
	go io.WriteString(c, strings.Replace(s.request("GET"), "?", "?"+strings.Repeat("%&", 14<<9), 1)+"\r\n")
	s.answer(bufio.NewReader(c), http.StatusBadRequest)
}

// Who has said all there is to say gets its answer; half a request gets 400 or none.
func halfClosed(s *siege) {
	request := s.request("GET") + "\r\n"
	for _, text := range []string{request, s.request("GET"), "GET", "", "\r\n\r\n\r\n"} {
		for range times(20, 200) {
			c := s.dial()
			if _, err := io.WriteString(c, text); err != nil {
				s.Fatal(err)
			}
			if err := c.CloseWrite(); err != nil {
				s.Fatal(err)
			}
			reader := bufio.NewReader(c)
			if text == request {
				s.answer(reader, http.StatusOK)
			} else if _, err := reader.Peek(1); err != io.EOF {
				s.answer(reader, http.StatusBadRequest)
			}
		}
	}
}

func garbage(s *siege) {
	for _, text := range []string{"\x00\xff\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", strings.Repeat("\x16\x03\x01", 100) + "\n\n"} {
		c := s.dial()
		go io.WriteString(c, strings.Repeat(s.request("GET")+"\r\n", 20)+text)
		reader := bufio.NewReader(c)
		for range 20 {
			s.answer(reader, http.StatusOK)
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil || response.StatusCode != http.StatusBadRequest && response.StatusCode != http.StatusHTTPVersionNotSupported {
			s.Errorf("%q: %v, %v", text, response, err)
		}
	}
	if err := tls.Client(s.dial(), &tls.Config{ServerName: "callvault.test"}).Handshake(); err == nil {
		s.Error("it speaks TLS")
	}
	// Requests in a row, of which no answer is read, are answered as far as the
	// buffers go.
	unread := s.dial()
	go pour(unread, s.request("GET")+"\r\n")
}

// Pages of large calls that nobody reads: more than the memory that they may have. Who
// is cut off by then is the server's to say.
func pagesUnread(s *siege, large program.Key) {
	r := s.server.As(large).Request(program.Everything().Encode())
	for range times(100, 300) {
		r.Write(s.dial())
	}
	s.outlast()
}
