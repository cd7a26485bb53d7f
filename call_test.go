package callvault

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/gong"
)

// A call that was built by hand is held to the rules of a call that was read.
func TestNewCall(t *testing.T) {
	at := gong.TimeOf(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	early := gong.TimeOf(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Second))
	further := func(name, value string) func(*gong.Call) {
		return func(c *gong.Call) { c.Further = []gong.Field{{Name: name, Value: json.RawMessage(value)}} }
	}
	for _, tt := range []struct {
		name string
		set  func(*gong.Call)
		want string // "" if it is good
	}{
		{"a good call", func(*gong.Call) {}, ""},
		{"further fields", further("x", `{"a":[1,"b"]}`), ""},
		{"no id", func(c *gong.Call) { c.ID = "" }, "id: is missing or empty"},
		{"a wrong id", func(c *gong.Call) { c.ID = "x1" }, `id: "x1" is not a number`},
		{"leading zeros", func(c *gong.Call) { c.ID = "007" }, `id: "007" has leading zeros`},
		{"a wrong workspace", func(c *gong.Call) { c.WorkspaceID = new("a") }, `workspaceId: "a" is not a number`},
		{"no time", func(c *gong.Call) { c.Started = nil }, "started: must not be null when scheduled is null too"},
		{"an early time", func(c *gong.Call) { c.Scheduled = &early }, "scheduled: "},
		{"a negative duration", func(c *gong.Call) { c.Duration = new(int64(-1)) }, `duration: "-1" is not a whole number`},
		{"a wrong direction", func(c *gong.Call) { c.Direction = new(gong.Direction("Up")) }, `direction: "Up" is not one of Inbound`},
		{"NUL", func(c *gong.Call) { c.Title = new("a\x00") }, "title: must not have a NUL character"},
		{"broken UTF-8", func(c *gong.Call) { c.Purpose = new("\xff") }, "purpose: is not valid UTF-8"},
		{"a further field of the contract's", further("title", `"a"`), "title: appears twice"},
		{"a further value that is no JSON", further("x", `{`), "not valid JSON"},
		{"a further value with a name twice", further("x", `{"a":1,"a":2}`), "x.a: appears twice"},
		{"a further name with NUL", further("a\x00", `1`), `the name "a\x00" must not have a NUL character`},
		{"two problems", func(c *gong.Call) { c.ID, c.Started = "", nil }, "id: is missing or empty; it must be a number of 1 to 20 digits, under exactly this name; started: "},
		{"too large", func(c *gong.Call) { c.Title = new(strings.Repeat("x", MaxDocument)) }, "the document has 65"},
	} {
		c := gong.Call{ID: "1", Started: &at}
		tt.set(&c)
		call, err := NewCall(&c)
		if tt.want == "" {
			if err != nil || string(call.Document) != string(c.AppendJSON(nil)) || call.ID.String() != "1" || call.Time != FloorTime(at.Instant()) {
				t.Errorf("%s: %+v, %v", tt.name, call, err)
			}
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || call.Document != nil {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

// What ParseCall writes it reads again, as the same call.
func TestParseCallOfADocument(t *testing.T) {
	call, err := ParseCall([]byte(` { "workspaceId": 7, "x" : [ 1.50 ], "duration": 5.0, "direction": "INBOUND", "started": "2026-03-02T09:00:00Z", "id": 12 } `))
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseCall(call.Document)
	if err != nil || string(again.Document) != string(call.Document) || again.Position() != call.Position() || again.Workspace != call.Workspace {
		t.Errorf("%s is read as %s, %v", call.Document, again.Document, err)
	}
}
