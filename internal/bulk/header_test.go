package bulk

import (
	"strings"
	"testing"
)

// A table whose rows could only be bad is refused at its header, with all that it
// lacks; columns that are no fields are noted, in a check and in an import alike.
func TestColumns(t *testing.T) {
	for _, tt := range []struct{ header, want string }{
		{"id,title", `! t.csv: column started or scheduled not found in the header "id,title"; name the columns as fields, such as id, started, title, or pass --map FIELD=COLUMN`},
		{"ids;started", `! t.csv: column id not found in the header "ids,started"; name the columns as fields, such as id, started, title, or pass --map FIELD=COLUMN`},
		{"1,2026-01-01T00:00:00Z,a", `! t.csv: this file has no header: its first line is "1,2026-01-01T00:00:00Z,a"; put one before it: (echo COLUMN,COLUMN,…; cat FILE) | callvault import -`},
		{"id;started,title", `! t.csv: column id and column started or scheduled not found in the header "id;started,title"; name the columns as fields, such as id, started, title, or pass --map FIELD=COLUMN`},
		{"Call ID;Start", `! t.csv: column id and column started or scheduled not found in the header "Call ID,Start"; name the columns as fields, such as id, started, title, or pass --map FIELD=COLUMN`},
		{"title," + strings.Repeat("é", 100), `! t.csv: column id and column started or scheduled not found in the header "title,` + strings.Repeat("é", 74) + `…"; name the columns as fields, such as id, started, title, or pass --map FIELD=COLUMN`},
		{"nonsense", `! t.csv: column id and column started or scheduled not found in the header "nonsense": ` + errNoFormat.Error()},
		{"id,started", ""},
		{"id,scheduled", ""},
		{"id,started,duration,duraton", `unknown columns are kept as further fields: "duraton"`},
		{"id,started,team,seats,won", `unknown columns are kept as further fields: "team", "seats", "won"`},
		{"document,duraton", `unknown columns are kept as further fields: "duraton"`},
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

// Of many unknown columns the first are named.
func TestColumnNote(t *testing.T) {
	got := header{names: append(strings.Fields("a b c d e f g h i j k l m n o p q r s t u v"), "id", "")}.notes()[0]
	want := `unknown columns are kept as further fields: "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t" and 2 more`
	if got != want {
		t.Errorf("got %s", got)
	}
}

// A record that shares its line with others is named by its number there and its id: a
// saved page, or an array of jq -c, is one line.
func TestRecordsOfOneLine(t *testing.T) {
	none := `: started: must not be null when scheduled is null too`
	for _, tt := range []struct{ in, want string }{
		{`{"requestId":"r","calls":[{"id":"56",` + at + `},{"id":"57"},{"id":"x",` + at + `}]}`, `p:1: call 2 (id "57")` + none + "\n" + `p:1: call 3 (id "x"): id: "x" is not a number of 1 to 20 digits; to import ids of another system, pass --source and its name`},
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
