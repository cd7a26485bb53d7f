package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// info sums up a store, for people and as JSON; without a store it fails.
func TestInfo(t *testing.T) {
	c := newCLI(t)
	if got := c.run("info"); got.code != exitFailed || !strings.Contains(got.stderr, "there is no store at ") {
		t.Errorf("%+v", got)
	}
	c.must("import", "-q", "--company", "acme", c.file("calls.ndjson", callOne, callTwo, callThree))
	c.must("import", "-q", c.file("none.ndjson"))
	c.must("key", "create", "--company", "acme")
	revoked := strings.Fields(c.must("key", "create", "--company", "acme"))[1]
	c.must("key", "revoke", "--company", "acme", revoked)
	text := c.must("info")
	if !strings.HasPrefix(text, c.env["CALLVAULT_DB"]+": ") || !strings.HasSuffix(text, `
COMPANY  CALLS  FIRST                 LAST                  WORKSPACES  KEYS  IMPORTED
acme     3      2026-01-01T00:00:00Z  2026-01-03T00:00:00Z  1           1     -
default  0      -                     -                     0           0     -
`) {
		t.Errorf("got %s", text)
	}
	var info struct {
		Size      int64
		Companies []struct {
			Name, First             string
			Last                    *string
			Calls, Workspaces, Keys int
		}
	}
	if err := json.Unmarshal([]byte(c.must("info", "-o", "json")), &info); err != nil || len(info.Companies) != 2 {
		t.Fatalf("%+v, %v", info, err)
	}
	acme, none := info.Companies[0], info.Companies[1]
	if info.Size < 4096 || acme.Name != "acme" || acme.Calls != 3 || acme.Workspaces != 1 || acme.Keys != 1 ||
		acme.First != "2026-01-01T00:00:00Z" || *acme.Last != "2026-01-03T00:00:00Z" || none.Last != nil {
		t.Errorf("%+v", info)
	}
}
