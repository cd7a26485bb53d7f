//go:build unix

package main

import (
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/postgrestest"
)

// serve says at its start that a server is a standby, and serves it with --read-only.
func TestServeStandby(t *testing.T) {
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	primary := server.Fragile(t)
	c := newCLIOn(t, primary.URL())
	c.must("import", "-q", c.file("calls.ndjson", callTwo))
	authorize := c.reader()
	c.env["CALLVAULT_DB"] = primary.Standby().URL()
	if got := c.run("serve"); got.code != exitFailed || !strings.Contains(got.stderr, "this server is a standby") || !strings.Contains(got.stderr, "serve --read-only") {
		t.Errorf("%+v", got)
	}
	s := c.serve("--read-only", "--dates", "optional", "--rate-limit", "gong")
	if status, body := s.get(s.find(`serving \S+ at (http://[^\s,]+)`)[1]+"/v2/calls", authorize); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	if code := s.stop(); code != exitOK {
		t.Errorf("it ended with %d: %s", code, s.stderr)
	}
	c.must("export", "-q")
}
