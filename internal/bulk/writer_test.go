package bulk

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/storetest"
)

// writtenNames are of the hosts and workspaces that sample calls have.
var writtenNames = func() callvault.EntryNames {
	names := make(callvault.EntryNames)
	for _, n := range []struct {
		kind     callvault.Kind
		id, name string
	}{
		{callvault.Users, "234599484848423", "Grace"}, {callvault.Users, "4164091100197006958", "=Ada \"Lovelace\", née\r\n\u202eByron"},
		{callvault.Workspaces, "99999999999999999999", "'+Sales"},
	} {
		id, _ := callvault.ParseID(n.id)
		names.Set(n.kind, id, n.name)
	}
	return names
}()

// written is a file of calls in a format, with names.
func written(t testing.TB, f Format, documents []string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, f, writtenNames)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range documents {
		// A writer may not keep what it is given.
		buf := []byte(d)
		if err := w.Write(buf); err != nil {
			t.Fatalf("%s: %s: %v", f, d, err)
		}
		clear(buf)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// imported are the documents that a file comes to.
func imported(t testing.TB, in []byte) []string {
	t.Helper()
	var m memory
	var report recorder
	im := Import{Calls: &m, Report: &report}
	result, err := im.Run(t.Context(), []Source{source("file", bytes.NewReader(in))})
	if err != nil || result.Skipped != 0 {
		t.Fatalf("%+v, %v, %q", result, err, report.all())
	}
	return m.documents
}

// oddDocuments are calls that a form of a file could lose something of.
func oddDocuments(t testing.TB) []string {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 8))
	documents := randomDocuments(random, 300)
	add := func(c gong.Call) { documents = append(documents, string(storetest.NewCall(t, c).Document)) }
	add(storetest.Filled("99999999999999999999"))
	add(storetest.Filled("7782342274025937895"))
	add(storetest.Bare("1001"))
	for i, text := range []string{
		"=1+1", "+49 30 1234", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "'=1", "''=1", "'", "'a", "=", `"`, `""`, `=","`, ",", "\r\n", " a ",
		"\u2028", "\ufeff", "\x7f\x01", `\`, `\u0041`, "é\u0301😀\U0010ffff", "a;b", ";=1", "=1;2", "'=1;2", "a\tb", "null", "true", "0", "", strings.Repeat(`"`, 5000),
	} {
		c := storetest.Bare(fmt.Sprint(2000 + i))
		c.Title, c.CustomData = &text, &text
		c.Further = []gong.Field{{Name: text, Value: gong.AppendString(nil, text)}, {Name: documentColumn, Value: json.RawMessage(`{"id":"5"}`)}}
		add(c)
	}
	for i, at := range []string{
		"0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999-07:00", "2018-02-18T02:30:00.1+05:45",
		"2018-02-18T02:30:00.100000000-23:59", "2018-02-18T02:30:00+00:00",
	} {
		started, err := gong.ParseTime(at)
		if err != nil {
			t.Fatal(err)
		}
		c := storetest.Bare(fmt.Sprint(3000 + i))
		c.Started, c.Scheduled, c.Duration = &started, &started, new(int64(1<<62))
		add(c)
	}
	return inOrder(t, documents)
}

// inOrder are documents in the one order of calls.
func inOrder(t testing.TB, documents []string) []string {
	t.Helper()
	position := make(map[string]callvault.Position)
	for _, d := range documents {
		c, err := gong.ParseCall([]byte(d))
		if err != nil {
			t.Fatal(err)
		}
		position[d] = callvault.Position{Time: callvault.TimeOf(&c), ID: storetest.ID(t, c.ID)}
	}
	return slices.SortedFunc(slices.Values(documents), func(a, b string) int { return position[a].Compare(position[b]) })
}

// What is written in any format comes back byte for byte, and is written to the
// same bytes again.
func TestWrittenComesBack(t *testing.T) {
	want := oddDocuments(t)
	for _, f := range Formats() {
		for _, documents := range [][]string{want, want[:1], nil} {
			file := written(t, f, documents)
			got := imported(t, file)
			if diff := cmp.Diff(slices.Concat(documents), slices.Concat(got)); diff != "" {
				t.Errorf("%s: %s", f, diff)
			}
			for _, processors := range []int{1, 4} {
				before := runtime.GOMAXPROCS(processors)
				again := written(t, f, got)
				runtime.GOMAXPROCS(before)
				if !bytes.Equal(again, file) {
					t.Errorf("%s: the same %d calls gave other bytes on %d processors", f, len(documents), processors)
				}
			}
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if w, err := NewWriter(new(bytes.Buffer), "xml", nil); err == nil {
		t.Errorf("a writer of XML: %v", w)
	}
}

func TestWriteJSON(t *testing.T) {
	documents := oddDocuments(t)[:3]
	if got, want := string(written(t, JSON, documents)), "[\n"+strings.Join(documents, ",\n")+"\n]\n"; got != want {
		t.Errorf("got %s", got)
	}
	if got := string(written(t, JSON, nil)); got != "[]\n" {
		t.Errorf("nothing is %q", got)
	}
}

// A table has a column for each field, with its text, then the names of the host and the
// workspace, and then the document.
func TestWriteCSV(t *testing.T) {
	documents := oddDocuments(t)
	file := string(written(t, CSV, documents))
	header, _, _ := strings.Cut(file, "\r\n")
	if want := strings.Join(gong.FieldNames(), ",") + ",primaryUserName,workspaceName,document"; header != want {
		t.Errorf("the header is %s", header)
	}
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var named [2]int
	for i, row := range rows[1:] {
		var call map[string]any
		decoder := json.NewDecoder(strings.NewReader(documents[i]))
		decoder.UseNumber()
		if err := decoder.Decode(&call); err != nil {
			t.Fatal(err)
		}
		for j, name := range gong.FieldNames() {
			want := ""
			if call[name] != nil {
				want = fmt.Sprint(call[name])
			}
			// As encoding/csv reads it.
			want = strings.ReplaceAll(want, "\r\n", "\n")
			if got := withoutMark(row[j] + " "); got != want+" " {
				t.Errorf("%s of %s is %q", name, documents[i], row[j])
			}
		}
		for j, of := range []struct {
			kind callvault.Kind
			id   any
		}{{callvault.Users, call["primaryUserId"]}, {callvault.Workspaces, call["workspaceId"]}} {
			want := strings.ReplaceAll(writtenNames.Of(of.kind, fmt.Sprint(of.id)), "\r\n", "\n")
			if got := withoutMark(row[fieldCount+j] + " "); got != want+" " {
				t.Errorf("%s of %s is %q, want %q", nameColumns[j], documents[i], row[fieldCount+j], want)
			}
			if want != "" {
				named[j]++
			}
		}
		if row[documentIndex] != documents[i] {
			t.Errorf("the document is %s, not %s", row[documentIndex], documents[i])
		}
	}
	if named[0] == 0 || named[1] == 0 {
		t.Errorf("%d hosts and %d workspaces have names", named[0], named[1])
	}
}

// A row that somebody has edited takes nothing from the columns of names, and no other table
// loses a column of that name.
func TestNamesAreNotRead(t *testing.T) {
	c := storetest.Bare("1")
	c.PrimaryUserID, c.WorkspaceID = new("234599484848423"), new("99999999999999999999")
	document := string(storetest.NewCall(t, c).Document)
	file := string(written(t, CSV, []string{document}))
	flat := file[:strings.LastIndex(file, `,"{`)] + ",\r\n"
	if !strings.Contains(flat, ",Grace,''+Sales,\r\n") {
		t.Fatalf("the row is %s", flat)
	}
	if got := imported(t, []byte(flat)); len(got) != 1 || got[0] != document {
		t.Errorf("without its document: %s", got)
	}
	columns, _, _ := strings.Cut(flat, "\r\n")
	if notes := (header{names: strings.Split(columns, ",")}).notes(); notes != nil {
		t.Errorf("notes: %s", notes)
	}
	foreign := imported(t, []byte("id,started,workspaceName\n1,2018-02-18T02:30:00Z,Sales\n"))
	if len(foreign) != 1 || !strings.HasSuffix(foreign[0], `,"workspaceName":"Sales"}`) {
		t.Errorf("a table of somebody else: %s", foreign)
	}
}

// A cell that a spreadsheet may split is within quotation marks, and the mark
// against formulas is within them too.
func TestCSVCells(t *testing.T) {
	for title, want := range map[string]string{
		"a;b":   `"a;b"`,
		"a,b":   `"a,b"`,
		"a\tb":  "\"a\tb\"",
		`a"b`:   `"a""b"`,
		"=1+1":  `'=1+1`,
		"=1;2":  `"'=1;2"`,
		"'=1;2": `"''=1;2"`,
		";=1":   `";=1"`,
		"a b":   `a b`,
	} {
		c := storetest.Bare("1")
		c.Title = &title
		document := string(storetest.NewCall(t, c).Document)
		file := written(t, CSV, []string{document})
		if !strings.Contains(string(file), ","+want+",") {
			t.Errorf("%q is written as\n%s", title, file)
		}
		// A row that somebody has edited may have no document.
		flat := string(file)[:strings.LastIndex(string(file), `,"{`)] + ",\r\n"
		if got := imported(t, []byte(flat)); len(got) != 1 || got[0] != document {
			t.Errorf("%q came back as %q", title, got)
		}
	}
}

// No cell begins as a formula does: whoever sends an invitation chooses its title.
func TestNoFormula(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(written(t, CSV, oddDocuments(t)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	marked := 0
	for _, cell := range slices.Concat(rows...) {
		if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r\n") || strings.HasPrefix(cell, "＝") {
			t.Errorf("a cell is %q", cell)
		}
		if strings.HasPrefix(cell, "'") {
			marked++
		}
	}
	if marked == 0 {
		t.Error("none of the samples is a formula")
	}
}

// Where the document is empty a row goes by its other cells, from which the mark
// of a text is taken; where it is there it wins.
func TestColumnsAndDocument(t *testing.T) {
	const started = "2018-02-18T02:30:00Z"
	table := func(rows ...[]string) []byte {
		var b bytes.Buffer
		csv.NewWriter(&b).WriteAll(rows)
		return b.Bytes()
	}
	document := string(storetest.NewCall(t, storetest.Filled("5")).Document)
	got := imported(t, table(
		[]string{"id", "started", "title", "team", documentColumn},
		[]string{"1", started, "'=1", "'=2", ""},
		[]string{"2", started, "''=1", "'x", ""},
		[]string{"nonsense", started, "another", "red", document},
	))
	want := []string{2: document}
	for i, text := range []struct{ id, title, team string }{{"1", "=1", "=2"}, {"2", "'=1", "'x"}} {
		at, err := gong.ParseTime(started)
		if err != nil {
			t.Fatal(err)
		}
		want[i] = string(storetest.NewCall(t, gong.Call{ID: text.id, Started: &at, Title: &text.title,
			Further: []gong.Field{{Name: "team", Value: gong.AppendString(nil, text.team)}}}).Document)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// In a table of somebody else's the mark is a part of the text.
	foreign := imported(t, table([]string{"id", "started", "title"}, []string{"1", started, "'=1"}))
	if !strings.Contains(foreign[0], `"title":"'=1"`) {
		t.Errorf("%s", foreign[0])
	}
	bad := summary(bytes.NewReader(table([]string{"id", documentColumn}, []string{"1", "notes.pdf"}, []string{"2", `{"id":"x","duration":"y"}`})))
	if want := lines("2 document: not valid JSON: unexpected 'n' at byte 1; this column is for whole calls, as JSON", "3 duration: must be a number or null, not a string"); bad != want {
		t.Errorf("got %s", bad)
	}
}

// What no store keeps is refused, and nothing is made up of it.
func TestWriteDamagedDocument(t *testing.T) {
	whole := string(storetest.NewCall(t, storetest.Filled("5")).Document)
	damaged := []string{
		"", "{", "null", `{"id":"5"}`, strings.Replace(whole, `"url"`, `"uri"`, 1), strings.Replace(whole, `"title":"Weekly sync"`, `"title":"Weekly sync`, 1),
		whole[:len(whole)/2], strings.Replace(whole, `"title":`, ` "title":`, 1),
	}
	onlyTyped := []string{
		strings.Replace(whole, `"duration":1830`, `"duration":"x"`, 1), strings.Replace(whole, `"title":"Weekly sync"`, `"title":5`, 1),
		strings.Replace(whole, `"started":"2026`, `"started":"x026`, 1), strings.Replace(whole, `"started":"2026-03-02T02:01:30-07:00"`, `"started":5`, 1),
	}
	for _, f := range []Format{CSV, Parquet} {
		documents := damaged
		if f == Parquet {
			documents = append(documents, onlyTyped...)
		}
		for _, d := range documents {
			if d == whole {
				t.Fatal("a document is not damaged")
			}
			w, err := NewWriter(new(bytes.Buffer), f, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write([]byte(d)); err == nil || !strings.Contains(err.Error(), errDocument.Error()) {
				t.Errorf("%s: %s: %v", f, d, err)
			}
		}
	}
}
