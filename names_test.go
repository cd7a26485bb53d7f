package callvault_test

import (
	"strings"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// A tally of names needs of a document only what KeepNames keeps, whatever it is.
func TestKeepNames(t *testing.T) {
	text := func(s string) *string { return &s }
	for _, c := range []gong.Call{
		{},
		{PrimaryUserID: text("1")},
		{System: text("Zoom")},
		{PrimaryUserID: text(""), System: text("")},
		{PrimaryUserID: text(`a"\`), System: text(`","system":"b`), Title: text(`,"primaryUserId":"c"`)},
		{PrimaryUserID: text(strings.Repeat("é", 300)), System: text(strings.Repeat(`"`, 300)), CustomData: text("long")},
	} {
		call := callvault.Call{Document: c.AppendJSON(nil), Time: 5}
		kept := call
		kept.Document = callvault.KeepNames(call.Document)
		tally := callvault.NewNameTally()
		tally.Add(&call)
		tally.Remove(&kept)
		for _, key := range tally.Keys() {
			if n := tally.Of(key); n != (callvault.Named{Calls: 0, Added: 5, Removed: 5}) {
				t.Errorf("%s: %q is %+v", call.Document, key.Name, n)
			}
		}
		if len(kept.Document) > len(call.Document)-100 {
			t.Errorf("%s was kept of %s", kept.Document, call.Document)
		}
	}
	for _, document := range []string{"", "{}", `{"id":"1","primaryUserId":"2`, `,"primaryUserId":"`} {
		tally := callvault.NewNameTally()
		tally.Remove(&callvault.Call{Document: []byte(document)})
		tally.Remove(&callvault.Call{Document: callvault.KeepNames([]byte(document))})
		if tally.Len() > 0 {
			t.Errorf("%s has %v", document, tally.Keys())
		}
	}
}

// BenchmarkNames is what names cost a call that is written.
func BenchmarkNames(b *testing.B) {
	var calls [200]callvault.Call
	for i := range calls {
		host, system := "23459948484842"+string(rune('0'+i%10))+string(rune('a'+i%26)), []string{"Zoom", "Microsoft Teams", "Gong Connect"}[i%3]
		c := gong.Call{ID: "7782342274025937895", URL: new("https://app.example.com/call?id=7782342274025937895"), Title: new("Weekly sync with Harbor Nine and partners"),
			PrimaryUserID: &host, System: &system, WorkspaceID: new("623457276584334"), MeetingURL: new("https://meet.example.com/j/123")}
		id, _ := callvault.ParseID("623457276584334")
		calls[i] = callvault.Call{Workspace: id, Document: c.AppendJSON(nil)}
	}
	tally := callvault.NewNameTally()
	for i := 0; b.Loop(); i++ {
		tally.Add(&calls[i%len(calls)])
	}
}

// The host is what the field says, whatever else the document has.
func TestHost(t *testing.T) {
	host := func(document []byte) []byte { return (&callvault.Call{Document: document}).Host() }
	for _, user := range []string{"", "1", "00123", `a"b`, `\`, `\"`, "ü\n", `"primaryUserId":"1"`} {
		c := gong.Call{ID: "1", Title: new(`,"primaryUserId":"x"`), PrimaryUserID: &user, Purpose: new(`,"primaryUserId":null`)}
		c.Further = []gong.Field{{Name: "host", Value: []byte(`{"a":1,"primaryUserId":"y"}`)}}
		if got, want := `"`+string(host(c.AppendJSON(nil)))+`"`, string(gong.AppendString(nil, user)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		c.PrimaryUserID = nil
		if got := host(c.AppendJSON(nil)); got != nil {
			t.Errorf("got %s of a call without one", got)
		}
	}
	for _, short := range []string{"", `{"id":"1","primaryUserId":`, `{"id":"1","primaryUserId":"1`, `{"id":"1","primaryUserId":"1\`, `{"id":"1","primaryUserId":"1\"`} {
		if got := host([]byte(short)); got != nil {
			t.Errorf("got %s of %s", got, short)
		}
	}
}
