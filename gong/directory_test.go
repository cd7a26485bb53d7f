package gong

import (
	"strings"
	"testing"
)

// A user of upstream's comes back to the byte, with nulls and further fields where they are.
func TestUserComesBack(t *testing.T) {
	const user = `{"id":"4134405219599521902","emailAddress":"ada@example.com","created":"2026-06-10T21:49:29.000+02:00","active":true,` +
		`"emailAliases":[],"trustedEmailAddress":null,"firstName":"Ada","lastName":"Lovelace","title":null,"phoneNumber":null,"extension":null,` +
		`"personalMeetingUrls":["https://example.com/j/1"],"settings":{"webConferencesRecorded":true,"emailsImported":null},"managerId":null,` +
		`"meetingConsentPageUrl":"https://example.com/c?tkn=x","conferencingProviders":null,"spokenLanguages":[{"language":"en","primary":true}],"added":[1.50,"\u00e9"]}`
	u, err := ParseUser([]byte(user))
	if err != nil || *u.FirstName != "Ada" || !*u.Active || u.Title != nil || u.Created.Instant().Unix() != 1781120969 {
		t.Fatalf("%+v, %v", u, err)
	}
	if got := string(u.AppendJSON(nil)); got != user {
		t.Errorf("got  %s\nwant %s", got, user)
	}
}

// Only the id must be there, under its name; it may be a number. Every field of the wire is
// written, in its order, and what was written is read again to the same bytes.
func TestEntriesAreFilled(t *testing.T) {
	for in, want := range map[string]string{
		` { "name" : "Sales" , "id" : 7 } `:                    `{"id":"7","name":"Sales","description":null}`,
		`{"id":"18446744073709551616","description":"a\tb"}`:   `{"id":"18446744073709551616","name":null,"description":"a\tb"}`,
		`{"x":{"b":1, "a":[ ]},"id":"0","name":null,"NAME":1}`: `{"id":"0","name":null,"description":null,"x":{"b":1,"a":[]},"NAME":1}`,
	} {
		w, err := ParseWorkspace([]byte(in))
		if got := string(w.AppendJSON(nil)); got != want || err != nil {
			t.Errorf("%s: %s, %v, want %s", in, got, err, want)
		}
		again, err := ParseWorkspace([]byte(want))
		if got := string(again.AppendJSON(nil)); got != want || err != nil {
			t.Errorf("again: %s, %v, want %s", got, err, want)
		}
	}
	u, err := ParseUser([]byte(`{"managerId":12,"id":"1"}`))
	if err != nil || *u.ManagerID != "12" || strings.Count(string(u.AppendJSON(nil)), ":null") != 15 {
		t.Errorf("%s, %v", u.AppendJSON(nil), err)
	}
}

// Everything that is wrong is told, each with its field.
func TestWrongUsers(t *testing.T) {
	for in, want := range map[string]string{
		`{}`:                              "",
		`{"id":null}`:                     "",
		`{"id":1.5}`:                      `id: "1.5" is not a number of 1 to 20 digits`,
		`{"id":true}`:                     "id: must be a string of digits, not a boolean",
		`{"id":"1","active":"true"}`:      "active: must be true, false or null, not a string",
		`{"id":"1","firstName":7}`:        "firstName: must be a string or null, not a number",
		`{"id":"1","emailAliases":"a"}`:   "emailAliases: must be an array or null, not a string",
		`{"id":"1","settings":[]}`:        "settings: must be an object or null, not an array",
		`{"id":"1","created":5}`:          "created: must be a time or null, not a number",
		`{"id":"1","id":"1"}`:             "id: appears twice",
		`{"id":"1","x":{"a":1,"a":2}}`:    "x.a: appears twice",
		`{"id":"1","title":"\u0000"}`:     "title: must not have a NUL character",
		`{"id":"1","a\u0000":1}`:          "the name \"a\\x00\" must not have a NUL character",
		`{"id":"1"`:                       "not valid JSON: it ends too early",
		`{"id":"1"} {`:                    "not valid JSON: unexpected '{' at byte 12",
		`[]`:                              "must be a JSON object, not an array",
		`{"title":1,"id":"1","active":2}`: "title: must be a string or null, not a number; active: must be true, false or null, not a number",
	} {
		_, err := ParseUser([]byte(in))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if _, err := ParseUser([]byte(`{"id":"1","created":"2026-01-01"}`)); err == nil || !strings.HasPrefix(err.Error(), `created: "2026-01-01" has no time of day`) {
		t.Error(err)
	}
	deep := `{"id":"1","x":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}`
	if _, err := ParseUser([]byte(deep)); err == nil || err.Error() != "x: is nested more than 500 deep" {
		t.Error(err)
	}
}

// FuzzUser: what is read is written to bytes that are read again, to the same bytes.
func FuzzUser(f *testing.F) {
	f.Add([]byte(`{"id":"1","created":"2026-06-10T21:49:29.000+02:00","active":false,"settings":{},"é":"\ud83d\ude00"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		u, err := ParseUser(in)
		if err != nil {
			return
		}
		document := u.AppendJSON(nil)
		again, err := ParseUser(document)
		if got := again.AppendJSON(nil); err != nil || string(got) != string(document) {
			t.Errorf("%q, %v, want %q", got, err, document)
		}
	})
}
