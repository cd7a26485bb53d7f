//go:build unix

package program_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// A client that has closed its half of the connection after its request gets the same
// answer as any other: on either engine, from either listener, whatever the answer is.
func TestHalfClosedClients(t *testing.T) {
	t.Parallel()
	onBothKinds(t, func(t *testing.T, k kind) {
		c := k.empty(t)
		c.Put("default", sceneCall(0, 0, "7", "a call"), sceneCall(1, 1, "7", "a call"), sceneCall(2, 2, "7", "a call"))
		s := c.Serve("--manage", "127.0.0.1:0", "--rate-limit", "off")
		client := s.As(c.Key())
		everything := client.Request(program.Everything().Encode())
		header := "Authorization: " + everything.Header.Get("Authorization") + "\r\n"
		api, manage := strings.TrimPrefix(s.Base, "http://"), strings.TrimPrefix(s.Manage(), "http://")
		for _, ask := range []struct {
			address, target string
			status          int
			body            string // is in it
		}{
			{api, everything.URL.RequestURI(), http.StatusOK, `"totalRecords":3`},
			{api, everything.URL.Path + "?" + program.Between("1999-01-01T00:00:00Z", "1999-01-02T00:00:00Z").Encode(), http.StatusNotFound, "No calls found"},
			{api, everything.URL.Path, http.StatusBadRequest, "fromDateTime"},
			{api, "/v2/calls/extensive", http.StatusMethodNotAllowed, "does not serve"},
			{manage, "/readyz", http.StatusOK, "ok\n"},
			{manage, "/api/site", http.StatusOK, `"companies":["default"]`},
			{manage, "/api/view?from=2026-01-01&to=2027-01-01", http.StatusOK, `"figures":{"calls":3,`},
			{manage, "/api/call?id=1", http.StatusNotFound, "Call 1 not found"},
			{manage, "/metrics", http.StatusOK, "callvault_calls 3\n"},
		} {
			for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
				request := "GET " + ask.target + " " + version + "\r\nHost: " + ask.address + "\r\n" + header + "\r\n"
				for range times(3, 200) {
					status, body, err := askHalfClosed(ask.address, request)
					if err != nil || status != ask.status || !strings.Contains(body, ask.body) {
						t.Fatalf("%s: %d %q, %v, want %d and %q", request, status, body, err, ask.status, ask.body)
					}
				}
			}
		}
	})
}

// askHalfClosed sends a request, closes that half of the connection, and reads to the
// end.
func askHalfClosed(address, request string) (status int, body string, err error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return 0, "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(program.Patience))
	if _, err := io.WriteString(c, request); err != nil {
		return 0, "", err
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return 0, "", err
	}
	reader := bufio.NewReader(c)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(response.Body)
	if rest, _ := io.ReadAll(reader); err == nil && len(rest) > 0 {
		err = fmt.Errorf("%q follows", rest)
	}
	return response.StatusCode, string(text), err
}
