package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

// Pages say what their records are, whatever others of the file are; NDJSON and arrays have
// what the reader was told.
func TestKindsOfRecords(t *testing.T) {
	in := lines(
		`{"requestId":"a","records":{"totalRecords":1},"users":[{"id":"1"},{"x":[],"id":2}]}`,
		`{"id":"3","users":[{"id":"none"}]}`,
		`{"workspaces":[`,
		`{"name":"a","id":"4"}], "users":[{"id":"5"}], "calls":[{"id":"6"}], "more":{"users":[{"id":"none"}]}}`,
		`[{"id":"7","workspaces":[1]},`,
		` {"calls":[{"id":"8"}]}, {"users":[]}, {"workspaces":[{"id":"9"}]}]`,
		`{"id":"10"}`,
	)
	for _, kind := range []callvault.Kind{"", callvault.Users, callvault.Workspaces} {
		want := fmt.Sprintf("1 users 1, 1 users 2, 2 %s 3, 4 workspaces 4, 4 users 5, 4  6, 5 %[1]s 7, 6  8, 6 workspaces 9, 7 %[1]s 10", kind)
		r, err := newReader(strings.NewReader(in), Mapping{})
		if err != nil {
			t.Fatal(err)
		}
		r.Kind = kind
		var got []string
		for {
			record, err := r.Read()
			if err == io.EOF {
				break
			}
			if err != nil || record.Err != nil {
				t.Fatal(err, record.Err)
			}
			id := record.Call.ID
			if record.Kind != "" {
				id = record.Entry.ID.String()
			}
			got = append(got, fmt.Sprintf("%d %s %s", record.Line, record.Kind, id))
		}
		if all := strings.Join(got, ", "); all != want {
			t.Errorf("of kind %q:\n%s, want\n%s", kind, all, want)
		}
		r.Close()
	}
}

// A record that is plainly of another kind does not overwrite the entry with its id, and one
// without a date that looks like a user or a workspace says how to import it. Saved pages say
// what they have.
func TestRecordsOfAnotherKind(t *testing.T) {
	const noDate = "started: must not be null when scheduled is null too"
	for _, tt := range []struct {
		kind callvault.Kind
		line string
		want string
	}{
		{"", `{"id":"1","firstName":"Ada"}`, ": it looks like a user; to import users, pass --kind users"},
		{"", `{"id":"1","name":"EMEA","description":null}`, ": it looks like a workspace; to import workspaces, pass --kind workspaces"},
		{"", `{"id":"1","firstName":"Ada","duration":5}`, noDate},
		{"", `{"id":"1","title":"Ada"}`, noDate},
		{"", `{"id":"1","firstName":"Ada",` + at + `}`, ""},
		{"", `{"calls":[{"id":"1","firstName":"Ada"}]}`, noDate},
		{"", "id,started,scheduled,name\n1,,,EMEA", noDate},
		{callvault.Users, `{"id":"1","started":null}`, `: it looks like a call, because it has "started"; to import calls, leave out --kind`},
		{callvault.Users, `{"id":"1","firstName":"Ada","title":"duration"}`, ""},
		{callvault.Users, `{"id":"1","settings":{"duration":1},"x":"\"started\""}`, ""},
		{callvault.Users, `{"users":[{"id":"1","duration":5}]}`, ""},
		{callvault.Users, `{"id":"1","name":"EMEA"}`, ""},
		{callvault.Workspaces, `{"id":"1","primaryUserId":"2"}`, `: it looks like a call, because it has "primaryUserId"; to import calls, leave out --kind`},
		{callvault.Workspaces, `{"id":"1","lastName":"Lovelace"}`, `: it looks like a user, because it has "lastName"; to import users, pass --kind users`},
	} {
		rec := &recorder{}
		im := Import{Calls: &memory{}, Report: rec, Kind: tt.kind}
		if _, err := im.Check(t.Context(), []Source{text("x", tt.line+"\n")}); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(rec.all(), "\n")
		if tt.want == "" && got != "" || !strings.HasSuffix(got, tt.want) {
			t.Errorf("%q %s: got %q, want %q", tt.kind, tt.line, got, tt.want)
		}
	}
}

// brokenDirectory keeps nothing.
type brokenDirectory struct {
	callvault.Directory
	err error
}

func (d brokenDirectory) Put(context.Context, callvault.Kind, []callvault.Entry) (callvault.PutResult, error) {
	return callvault.PutResult{}, d.err
}

// Calls that were put before users failed are kept, and counted.
func TestImportOfUsersFails(t *testing.T) {
	broken := errors.New("disk on fire")
	im := Import{Calls: &memory{}, Directory: brokenDirectory{err: broken}, Report: &recorder{}}
	result, err := im.Run(t.Context(), []Source{text("x", `{"calls":[{"id":"1",`+at+`}],"users":[{"id":"2"}]}`)})
	if !errors.Is(err, broken) || result.Created != 1 {
		t.Errorf("got %+v, %v", result, err)
	}
}
