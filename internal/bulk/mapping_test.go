package bulk

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/when"
)

// mapped is the mapping of a text, in a zone if one is named.
func mapped(t *testing.T, text, zone string) Mapping {
	t.Helper()
	m, err := Mapping{}.With(text)
	if err == nil && zone != "" {
		m.Zone, err = when.Zone(zone)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMapping(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`id=Call ID,started=Start,duration=Length`, `duration:Length id:Call ID started:Start`},
		{`id="Call ID",started="Start"`, `id:Call ID started:Start`},
		{`title="a, b=c",id==`, `id:= title:a, b=c`},
		{` id=x, started=y`, `id:x started:y`},

		{`id`, `! "id": ` + useMap},
		{`id=`, `! "id=": ` + useMap},
		{`id="a`, `! "id=\"a": ` + useMap},
		{`id="a"b`, `! "id=\"a\"b": ` + useMap},
		{`,id=a`, `! ",id=a": ",id" is not a field; use one of `},
		{`Id=a`, `! "Id=a": "Id" is not a field; use one of id, url, title, `},
		{`document=a`, `! "document=a": "document" is not a field`},
		{`id=a,id=b`, `! "id=a,id=b": the field id has a column already; map it once`},
		{`id=a,title=A `, `! "id=a,title=A ": the column "A " fills a field already; map it once`},
	} {
		m, err := Mapping{}.With(tt.text)
		got := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(m.columns), "map["), "]")
		if err != nil {
			got = "! " + err.Error()
		}
		if got != tt.want && (err == nil || !strings.HasPrefix(got, tt.want)) {
			t.Errorf("%s:\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
	m := mapped(t, "id=a", "")
	if more, err := m.With("title=b"); err != nil || len(more.columns) != 2 || len(m.columns) != 1 {
		t.Errorf("%v, %v, %v", m, more, err)
	}
}

// A mapped header is found by its columns, whatever its case, and what is named like fields
// gets in the way of none.
func TestMappedHeader(t *testing.T) {
	for _, tt := range []struct{ columns, in, want string }{
		{"id=Call ID,title=Name", lines("Call ID,Name", "1,a"), `2 1 "a"`},
		{"id=call id,title=NAME", lines(" Call ID ;Name;x,y", "1;a;b"), `2 1 "a" x,y="b"`},
		{"id=uniqueid", lines("uniqueid|title|team", "1|a|b"), `2 1 "a" team="b"`},
		{"id=uniqueid", lines("uniqueid,id,ID,Title,team", "1,2,3,a,b"), `2 1 team="b"`},
		{"id=ID,title=document", lines("ID,document", "1,a"), `2 1 "a"`},
		{"id=a", lines("a,A", "1,b"), `2 1 A="b"`},

		{"id=a", lines("A, a", "1,2"), `! line 1: the column "a" of --map appears twice in the header "A, a"; map id to a column of it`},
		{"id=a", lines("b,c", "1,2"), `! line 1: the column "a" of --map was not found in the header "b,c"; map id to a column of it`},
		{"id=a", lines(",4930123456,200", ",1,2"), `! line 1: this file has no header: its first line is ",4930123456,200"; put one before it: (echo COLUMN,COLUMN,…; cat FILE) | callvault import -`},
		{"id=a", lines("2026-02-02 09:15:02;x", "1;2"), `! line 1: this file has no header: its first line is "2026-02-02 09:15:02,x"; put one before it: (echo COLUMN,COLUMN,…; cat FILE) | callvault import -`},
		{"id=a", lines("started,2026", "1,2"), `! line 1: the column "a" of --map was not found in the header "started,2026"; map id to a column of it`},
		{"id=a", lines("a,b,b", "1,2"), `! line 1: the column "b" appears twice; rename or remove one`},
		{"id=a", `{"id":"1"}`, "! " + errNotMapped.Error()},
		{"id=a", parquetMagic, "! " + errNotMapped.Error()},
	} {
		r, err := newReader(strings.NewReader(tt.in), mapped(t, tt.columns, ""))
		got := ""
		if err != nil {
			got = "! " + err.Error()
		} else {
			got = rowsOf(r)
		}
		if got != tt.want {
			t.Errorf("%s of %q:\n got %s\nwant %s", tt.columns, tt.in, got, tt.want)
		}
	}
}

// Columns that are left out are named, and what a mapped table lacks is told of the file's
// own header.
func TestMappedNotes(t *testing.T) {
	var r recorder
	im := Import{Report: &r, Mapping: mapped(t, "id=uniqueid,duration=billsec", "")}
	_, err := im.Check(t.Context(), []Source{text("a.csv", "uniqueid,started,Duration,duration,billsec,src", "1,2026-01-01T00:00:00Z,5,5,4,100"), text("b.csv", "uniqueid,start,billsec", "1,,")})
	if want := `b.csv: column started or scheduled not found in the header "uniqueid,start,billsec"; name the columns as fields, such as id, started, title, or pass --map FIELD=COLUMN`; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	want := `a.csv:1: unknown columns are kept as further fields: "src"
a.csv:1: columns named like fields are left out: "Duration", "duration"; to read one, name it in --map`
	if got := strings.Join(r.all(), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestMappedCells(t *testing.T) {
	for _, tt := range []struct{ zone, field, cell, want string }{
		{"", "started", "2026-02-01T08:15:00.5+01:00", "2026-02-01T08:15:00.5+01:00"},
		{"", "started", "2026-02-01 08:15:00+00:00", "2026-02-01T08:15:00+00:00"},
		{"", "scheduled", " 1769933700 ", "2026-02-01T08:15:00Z"},
		{"", "started", "999999999", "2001-09-09T01:46:39Z"},
		{"", "started", "2026-02-01 08:15", `! "2026-02-01 08:15" has no UTC offset; pass --tz and its zone, such as --tz Europe/Berlin`},
		{"Europe/Berlin", "started", "2026-02-01 08:15", "2026-02-01T08:15:00+01:00"},
		{"Europe/Berlin", "started", "2026-08-01T08:15:59", "2026-08-01T08:15:59+02:00"},
		{"Europe/Berlin", "started", "2026-02-01 08:15:00.083", "2026-02-01T08:15:00.083+01:00"},
		{"Europe/Berlin", "started", "2026-02-01T08:15:00Z", "2026-02-01T08:15:00Z"},
		{"Europe/Berlin", "started", "1769933700", "2026-02-01T08:15:00Z"},
		{"UTC", "started", "2026-02-01 08:15", "2026-02-01T08:15:00Z"},

		{"Europe/Berlin", "started", "2026-10-25 02:30", "2026-10-25T02:30:00+02:00"}, // shown twice
		{"Europe/Berlin", "started", "2026-10-25 03:00", "2026-10-25T03:00:00+01:00"},
		{"Europe/Berlin", "started", "2026-03-29 02:00", `! "2026-03-29 02:00" was skipped by the clock of Europe/Berlin; correct it, or pass another --tz`},
		{"Europe/Berlin", "started", "2026-03-29 02:59:59", `! "2026-03-29 02:59:59" was skipped by the clock of Europe/Berlin; correct it, or pass another --tz`},
		{"Europe/Berlin", "started", "2026-03-29 03:00", "2026-03-29T03:00:00+02:00"},
		{"Pacific/Apia", "started", "2011-12-30 12:00", `! "2011-12-30 12:00" was skipped by the clock of Pacific/Apia; correct it, or pass another --tz`},

		{"UTC", "started", "2026-02-01", `! "2026-02-01" is not a date and time; use 2026-01-31 09:00 or 2026-01-31T09:00:00-07:00`},
		{"UTC", "started", "02/01/2026 8:15 AM", `! "02/01/2026 8:15 am" is not a date and time; use 2026-01-31 09:00 or 2026-01-31T09:00:00-07:00`},
		{"UTC", "started", "1769933700000", `! "1769933700000" is not a date and time; use 2026-01-31 09:00 or 2026-01-31T09:00:00-07:00`},

		{"", "duration", " --", ""},
		{"", "started", "-", ""},
		{"", "title", "-", "-"},
		{"", "duration", "217", "217"},
		{"", "duration", "0:05", "5"},
		{"", "duration", "95:59", "5759"},
		{"", "duration", "00:08:06", "486"},
		{"", "duration", "100:00:01", "360001"},
		{"", "duration", "1:60", `! "1:60" is not a duration; use seconds, m:ss or h:mm:ss`},
		{"", "duration", "1:5", `! "1:5" is not a duration; use seconds, m:ss or h:mm:ss`},
		{"", "duration", "1:60:00", `! "1:60:00" is not a duration; use seconds, m:ss or h:mm:ss`},
		{"", "duration", ":05", `! ":05" is not a duration; use seconds, m:ss or h:mm:ss`},
		{"", "duration", "-1:05", `! "-1:05" is not a duration; use seconds, m:ss or h:mm:ss`},
		{"", "duration", "1:00:00:00", `! "1:00:00:00" is not a duration; use seconds, m:ss or h:mm:ss`},
		{"", "duration", "9999999:00:00", `! "9999999:00:00" is not a duration; use seconds, m:ss or h:mm:ss`},

		{"", "direction", "outbound-api", "Outbound"},
		{"", "direction", "INBOUND", "Inbound"},
		{"", "direction", "Conference", "Conference"},
		{"", "direction", "in", "in"},
		{"", "title", " 1:05 ", " 1:05 "},

		{"", "primaryUserId", `"Zora Zimmermann" <200>`, "Zora Zimmermann"},
		{"", "primaryUserId", "Zora <+4930#1>", "Zora"},
		{"", "primaryUserId", `"" <200>`, "200"},
		{"", "primaryUserId", "<200>", "200"},
		{"", "primaryUserId", "Zora <z@example.com>", "Zora <z@example.com>"},
		{"", "primaryUserId", "Zora", "Zora"},
		{"", "title", `"Zora" <200>`, `"Zora" <200>`},
	} {
		got, problem := mapped(t, "id=x", tt.zone).cell(tt.field, tt.cell)
		if problem != "" {
			got = "! " + problem
		}
		if !strings.EqualFold(got, tt.want) {
			t.Errorf("%s %q in %q:\n got %s\nwant %s", tt.field, tt.cell, tt.zone, got, tt.want)
		}
	}
	if got, _ := (Mapping{Zone: time.UTC}).cell("duration", "1:05"); got != "1:05" {
		t.Errorf("without columns a cell is %s", got)
	}
}
