package bulk

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A table whose rows could only be bad is refused at its header, with all that it
// lacks; what may be a misspelt field is told as that, and other columns are noted, in
// a check and in an import alike.
func TestColumns(t *testing.T) {
	for _, tt := range []struct{ header, want string }{
		{"id,strated", `! t.csv:1: column started or scheduled not found in the header "id,strated"; "strated": did you mean started?`},
		{"id,title", `! t.csv:1: column started or scheduled not found in the header "id,title"; a call needs one of them`},
		{"ix,strated", `! t.csv:1: column id and column started or scheduled not found in the header "ix,strated"; "ix": did you mean id? "strated": did you mean started?`},
		{"id,started", ""},
		{"id,scheduled", ""},
		{"id,started,duraton", `? unknown column "duraton" (did you mean duration?): it is kept as a further field, and duration stays empty`},
		{"id,started,workspace_id", `? unknown column "workspace_id" (did you mean workspaceId?): it is kept as a further field, and workspaceId stays empty`},
		{"id,started,duration,duraton", `unknown columns are kept as further fields: "duraton"`},
		{"id,started,team,seats,won", `unknown columns are kept as further fields: "team", "seats" and "won"`},
		{"document,duraton", `rows with a document ignore their other columns; rows without one keep unknown columns as further fields: "duraton"`},
		{"document", ""},
		{"document,id,title", ""},
	} {
		for name, pass := range map[string]func(*Import, []Source) error{
			"check":  func(im *Import, s []Source) error { _, err := im.Check(t.Context(), s); return err },
			"import": func(im *Import, s []Source) error { _, err := im.Run(t.Context(), s); return err },
			"both": func(im *Import, s []Source) error {
				if _, err := im.Check(t.Context(), s); err != nil {
					return err
				}
				_, err := im.Run(t.Context(), s)
				return err
			},
		} {
			var r recorder
			err := pass(&Import{Calls: &memory{}, Report: &r}, []Source{text("t.csv", tt.header)})
			got := strings.Join(r.all(), "\n")
			if err != nil {
				got = "! " + err.Error()
			}
			if got = strings.TrimPrefix(got, "t.csv:1: "); got != tt.want {
				t.Errorf("%s, %s:\n got %s\nwant %s", tt.header, name, got, tt.want)
			}
		}
	}
}

func TestSome(t *testing.T) {
	names := strings.Fields("a b c d e f g h i j k l m n o p q r s t u v")
	got := []string{some(names[:1]), some(names[:2]), some(names)}
	want := []string{`"a"`, `"a" and "b"`, `"` + strings.Join(names[:20], `", "`) + `" and 2 more`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNear(t *testing.T) {
	for name, want := range map[string]string{
		"strated": "started", "Start": "started", "start_ed": "started", "durration": "duration", "call_id": "", "idx": "id", "ids": "id", "end": "",
		"title": "title", "titel": "title", "team": "", "x": "", strings.Repeat("started", 10): "",
	} {
		if got, _ := near(name, []string{"id", "title", "started", "duration"}); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// A record that shares its line with others is named by its number there and its id: a
// saved page, or an array of jq -c, is one line.
func TestRecordsOfOneLine(t *testing.T) {
	none := `: started: must not be null when scheduled is null too`
	for _, tt := range []struct{ in, want string }{
		{`{"requestId":"r","calls":[{"id":"56",` + at + `},{"id":"57"},{"id":"x",` + at + `}]}`, `p:1: call 2 (id "57")` + none + "\n" + `p:1: call 3 (id "x"): id: "x" is not a number of 1 to 20 digits`},
		{`[{"id":"57"}]`, `p:1: call 1 (id "57")` + none},
		{lines(`[`, `{"id":"56"},`, `{"id":"57"}]`), lines(`p:2`+none, `p:3`+none)},
		{lines(`{"id":"56"}`, `{"id":"57"}{"id":"58"}`, `{"id":"59"}`), lines(`p:1`+none, `p:2`+none, `p:2: call 2 (id "58")`+none, `p:3`+none)},
		{lines(`{"calls":[{"id":"56"}]}`, `{"calls":[{"id":"57"}]}`), lines(`p:1: call 1 (id "56")`+none, `p:2: call 1 (id "57")`+none)},
	} {
		var r recorder
		_, err := (&Import{Report: &r}).Check(t.Context(), []Source{text("p", tt.in)})
		if got := strings.Join(r.all(), "\n"); err != nil || got != tt.want {
			t.Errorf("%s: %v\n got %s\nwant %s", tt.in, err, got, tt.want)
		}
	}
}
