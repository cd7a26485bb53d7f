package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
)

// reader makes a key of a company and returns what signs a request with it.
func (c *cli) reader() func(*http.Request) {
	c.t.Helper()
	var key struct{ AccessKey, AccessKeySecret string }
	if err := json.Unmarshal([]byte(c.must("key", "create", "-o", "json")), &key); err != nil {
		c.t.Fatal(err)
	}
	return func(r *http.Request) { r.SetBasicAuth(key.AccessKey, key.AccessKeySecret) }
}

// With --read-only requests are limited, and the store is what it was: nothing of
// them is written.
func TestServeReadOnly(t *testing.T) {
	c := newCLI(t)
	c.must("import", "-q", c.file("calls.ndjson", callTwo))
	authorize := c.reader()
	before := c.must("check", "--digest")
	s := c.serve("--read-only", "--dates", "optional", "--rate-limit", "100/s,3/day")
	url := s.find(`^serving \S+ at (http://\S+) \(read-only\)\n`)[1] + "/v2/calls"
	for i, want := range []int{200, 200, 200, 429} {
		if status, body := s.get(url, authorize); status != want {
			t.Errorf("request %d: %d %s, want %d", i+1, status, body, want)
		}
	}
	if code := s.stop(); code != exitOK {
		t.Errorf("it ended with %d: %s", code, s.stderr)
	}
	if after := c.must("check", "--digest"); after != before {
		t.Errorf("the store has the digest %s, and had %s", after, before)
	}
}

func TestServeReadOnlyMakesNothing(t *testing.T) {
	c := newCLI(t)
	if got := c.run("serve", "--read-only"); got.code != exitFailed || !strings.Contains(got.stderr, "there is no store at") {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(c.env["CALLVAULT_DB"]); !os.IsNotExist(err) {
		t.Errorf("it made a store: %v", err)
	}
	if got := c.run("serve", "--read-only", "--demo"); got.code != exitUsage {
		t.Errorf("%+v", got)
	}
}
