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
	want := c.env["CALLVAULT_DB"] + ": 2 companies, 3 calls, 1 valid key, "
	text := c.must("info")
	if !strings.HasPrefix(text, want) || !strings.HasSuffix(text, `
COMPANY  CALLS  FIRST                 LAST                  WORKSPACES  KEYS
acme     3      2026-01-01T00:00:00Z  2026-01-03T00:00:00Z  1           1
default  0      -                     -                     0           0
`) {
		t.Errorf("got %s", text)
	}
	var info struct {
		Size        int64
		Calls, Keys int
		First, Last string
		Companies   []struct {
			Name  string
			Calls int
			Last  *string

			Workspaces int
		}
	}
	if err := json.Unmarshal([]byte(c.must("info", "-o", "json")), &info); err != nil {
		t.Fatal(err)
	}
	if info.Size < 4096 || info.Calls != 3 || info.Keys != 1 || info.First != "2026-01-01T00:00:00Z" || info.Last != "2026-01-03T00:00:00Z" ||
		len(info.Companies) != 2 || info.Companies[0].Name != "acme" || info.Companies[0].Workspaces != 1 || info.Companies[1].Last != nil {
		t.Errorf("%+v", info)
	}
}
