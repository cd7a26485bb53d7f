package bulk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/callvault/callvault/gong"
)

// summary reads a whole source and writes each record as its line and its id,
// or its line and its problems.
func summary(in io.Reader) string {
	var lines []string
	r, err := newReader(in, Mapping{})
	if err != nil {
		return "! " + err.Error()
	}
	defer r.Close()
	for {
		record, err := r.Read()
		if err == io.EOF {
			return strings.Join(lines, "\n")
		}
		if err != nil {
			return strings.Join(append(lines, "! "+err.Error()), "\n")
		}
		text := record.Call.ID
		if record.Err != nil {
			text = record.Err.Error()
		}
		lines = append(lines, fmt.Sprintf("%d %s", record.Line, text))
	}
}

func lines(s ...string) string { return strings.Join(s, "\n") }

var readerTests = []struct {
	name     string
	in, want string
}{
	{"nothing", "", ""},
	{"white space", " \n\r\n\t", ""},
	{"a byte order mark alone", "\ufeff", ""},

	{"NDJSON", lines(`{"id":"1"}`, `{"id":"2"}`, ``), lines("1 1", "2 2")},
	{"no line end at the end", lines(`{"id":"1"}`, `{"id":"2"}`), lines("1 1", "2 2")},
	{"line ends of Windows, empty lines, a mark", "\ufeff" + lines(`{"id":"1"}`+"\r", "", `{"id":"2"}`+"\r", ""), lines("1 1", "3 2")},
	{"no line ends at all", `{"id":"1"}{"id":"2"} {"id":"3"}`, lines("1 1", "1 2", "1 3")},
	{"records of several lines", lines(`{`, `  "id": "1",`, `  "x": {`, `    "calls": []`, `  }`, `}`, `{"id":`, `"2"}`), lines("1 1", "7 2")},

	{"an empty array", `[]`, ""},
	{"an array", lines(`[{"id":"1"},`, ` {"id":"2"}`, `]`), lines("1 1", "2 2")},
	{"arrays and records in a row", lines(`[{"id":"1"}]`, `{"id":"2"}`, `[{"id":"3"}]`), lines("1 1", "2 2", "3 3")},
	{"arrays within an array", lines(`[[{"id":"1"},{"id":"2"}],[],`, `[{"id":"3"}],{"id":"4"},[[{"id":"5"}]]]`, `{"id":"6"}`), lines("1 1", "1 2", "2 3", "2 4", "2 5", "3 6")},
	{"arrays without end", strings.Repeat("[", 20_000), "! line 1: a value within a JSON array is nested more than 10000 deep, at byte 10001 of the line; the rest was not read"},
	{"a number in an array", `[1,{"id":"2"}]`, lines("1 must be a JSON object, not a number", "1 2")},

	{"a response page", `{"requestId":"r","records":{"totalRecords":2},"calls":[{"id":"1"},{"id":"2"}]}`, lines("1 1", "1 2")},
	{"pages in a row", lines(`{"requestId":"r","calls":[{"id":"1"}]}`, `{"requestId":"s","calls":[{"id":"2"}]}`), lines("1 1", "2 2")},
	{"the records behind the calls", lines(`{"calls":[`, `{"id":"1"}],"records":{"x":{"calls":[]}},"requestId":"r"}`, `{"id":"2"}`), lines("2 1", "3 2")},
	{"calls twice in a page", `{"calls":[{"id":"1"}],"calls":[{"id":"2"}]}`, lines("1 1", "1 2")},
	{"an empty page", `{"requestId":"r","records":{},"calls":[]}`, ""},
	{"a record with a further field calls", `{"id":"1","calls":[{"id":"2"}]}`, "1 1"},
	{"a call of a page with further calls", `{"calls":[{"calls":[{"id":"2"}],"id":"1"},{"calls":[]}]}`, lines("1 1", "1 ")},
	{"pages in an array", lines(`[{"requestId":"r","calls":[{"id":"1"},{"id":"2"}],"records":{}},`, `{"requestId":"s","calls":[]},{"requestId":"s","calls":[{"id":"3"}]}]`, `{"id":"4"}`), lines("1 1", "1 2", "2 3", "3 4")},
	{"pages in an array without a comma", `[{"calls":[]} {"calls":[]}]`, "! line 1: not valid JSON within a JSON array, at byte 15 of the line; the rest was not read"},
	{"a broken page in an array", lines(`[`, ` {"calls":[`, `  {"id":"1" 5},`, `  {"id":"2"}`, ` ]},`, ` {"calls":[`, `  {"id":"3"}`, ` ]}`, `]`), "! line 3: not valid JSON within a response page, at byte 13 of the line; the rest was not read"},

	{"a broken record does not swallow the next", lines(`{"id":"1","title":}`, `{"id":"2"}`), lines("1 not valid JSON: unexpected '}' at byte 19", "2 2")},
	{"a record cut off in a string", lines(`{"id":"1","title":"a`, `{"id":"2"}`), lines("1 not valid JSON: it ends too early", "2 2")},
	{"a record cut off before a value", lines(`{"id":"1","title":`, `{"id":"2"}`, `{"id":"3"}`), lines("1 not valid JSON: it ends too early", "2 2", "3 3")},
	{"a record cut off in a list", lines(`{"id":"1","x":[1,`, `{"id":"2"}`, `{"id":"3"}`), lines("1 not valid JSON: it ends too early", "2 2", "3 3")},
	{"the last record cut off", lines(`{"id":"1"}`, `{"id":"2","ti`), lines("1 1", "2 not valid JSON: it ends too early")},
	{"words between records", lines(`{"id":"1"}`, `-- and now`, `more words`, `{"id":"2"}`), lines("1 1", "2 neither a JSON object nor an array", "3 neither a JSON object nor an array", "4 2")},
	{"commas between records", lines(`{"id":"1"},`, `{"id":"2"}`), lines("1 1", "1 neither a JSON object nor an array", "2 2")},
	{"a value too much", lines(`{"id":"1" 5}`, `{"id":"2"}`), lines("1 not valid JSON: unexpected '5' at byte 11", "2 2")},
	{"an escaped line end", "{\"id\":\"1\\\n{\"id\":\"2\"}", lines("1 not valid JSON: it ends too early", "2 2")},
	{"bad values", lines(`{"id":true}`, `{"id":"2","duration":"x"}`), lines(`1 id: must be a string of digits, not a boolean`, `2 duration: must be a number or null, not a string`)},
	{"an array that ends too early", lines(`[{"id":"1"},`, ``), lines("1 1", "! line 2: the file ends within a JSON array; the rest was not read")},
	{"an array without a comma", `[{"id":"1"} {"id":"2"}]`, lines("1 1", "! line 1: not valid JSON within a JSON array, at byte 13 of the line, after call 1; the rest was not read")},
	{"a broken element", `[{"id":"1"},{"id":],{"id":"2"}]`, lines("1 1", "! line 1: not valid JSON within a JSON array, at byte 19 of the line, after call 1; the rest was not read")},
	{"a broken element behind another on its line", lines(`[`, `{"id":"1"},{"id":],`, `{"id":"2"}]`), lines("2 1", "! line 2: not valid JSON within a JSON array, at byte 18 of the line, after call 1; the rest was not read")},
	{"a page that ends too early", `{"calls":[{"id":"1"}`, lines("1 1", "! line 1: the file ends within a response page; the rest was not read")},
	{"a page that ends behind its calls", `{"calls":[{"id":"1"}],`, lines("1 1", "! line 1: the file ends within a response page; the rest was not read")},
	{"a page broken behind its calls", `{"calls":[{"id":"1"}],]}`, lines("1 1", "! line 1: not valid JSON within a response page, at byte 22 of the line, after call 1; the rest was not read")},

	{"CSV", lines("id,title", "1,a", "2,b", ""), lines("2 1", "3 2")},
	{"CSV behind a mark and empty lines", "\ufeff" + lines("", "id,title", "1,a"), "3 1"},
	{"CSV with line ends in cells", lines("id,title", "1,\"a", "b\"", "2,c"), lines("2 1", "4 2")},
	{"CSV with a cell missing", lines("id,title", "1", "2,b"), lines("2 the row has 1 cells, but the header has 2", "3 2")},
	{"CSV with a cell too much", lines("id,title", "1,a,b", "2,b"), lines("2 the row has 3 cells, but the header has 2", "3 2")},
	{"CSV with a bare quotation mark", lines("id,title", `1,a"b`, "2,b"), lines(`2 a quotation mark stands inside a cell that is not quoted; quote the cell and double the mark`, "3 2")},
	{"CSV with an unclosed quotation mark", lines("id,title", "1,a", `2,"b`), lines("2 1", `3 a quotation mark is not closed, or not doubled inside a cell`)},
	{"CSV with an unclosed quotation mark before others", lines("id,title", "1,a", `2,"b`, "3,c", "4,d"), lines("2 1", `! line 3: a quotation mark is not closed, or not doubled inside a cell, on lines 3 to 5; the rest was not read`)},
	{"CSV with an unclosed quotation mark before another mark", lines("id,title", `1,"a`, `2,"b"`, "3,c"), `! line 2: a quotation mark is not closed, or not doubled inside a cell, on lines 2 to 3; the rest was not read`},
	{"CSV with too few cells in several lines", lines("title,url,id", `"a`, `b","c`, `d"`, "e,f,1"), `! line 2: the row has 2 cells, but the header has 3, on lines 2 to 4: a quotation mark may not be closed; the rest was not read`},
	{"CSV with a bare mark in several lines", "id,title,url\r\n1,\"a\r\nb\",c\"\r\n2,b,c\r\n", `! line 2: a quotation mark stands inside a cell that is not quoted; quote the cell and double the mark, on lines 2 to 3; the rest was not read`},
	{"CSV with bad cells", lines("id,duration,isPrivate,direction", "1,x,maybe,Up"), `2 duration: "x" is not a whole number of at least 0; isPrivate: "maybe" is neither true nor false; direction: "Up" is not one of Inbound, Outbound, Conference, Unknown`},
	{"CSV with broken UTF-8", "id,my\n1,\xff\n", "2 my: is not valid UTF-8"},
	{"a CSV header with a column twice", "id,a,a\n", `! line 1: the column "a" appears twice; rename or remove one`},
}

func TestReader(t *testing.T) {
	for _, tt := range readerTests {
		t.Run(tt.name, func(t *testing.T) {
			if got := summary(strings.NewReader(tt.in)); got != tt.want {
				t.Errorf("%q\n got %s\nwant %s", tt.in, got, tt.want)
			}
		})
	}
}

// However the bytes of a source come, the records are the same.
func TestReaderInPieces(t *testing.T) {
	for _, tt := range readerTests {
		for name, in := range map[string]io.Reader{
			"one by one":           iotest.OneByteReader(strings.NewReader(tt.in)),
			"with the end at once": iotest.DataErrReader(strings.NewReader(tt.in)),
			"gzip":                 bytes.NewReader(gzipped(t, tt.in)),
			"zstd":                 bytes.NewReader(zstandard(t, tt.in)),
		} {
			if got := summary(in); got != tt.want {
				t.Errorf("%s, %s:\n got %s\nwant %s", tt.name, name, got, tt.want)
			}
		}
	}
}

func gzipped(t testing.TB, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstandard(t testing.TB, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zstandardWindow is a stream of zstd that says it needs a window.
func zstandardWindow(t *testing.T, s string, window int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(window), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	// More than one block, so that the window is written and not the size.
	if _, err := io.WriteString(w, s+strings.Repeat(" ", 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReaderOfBrokenSources(t *testing.T) {
	two := lines(`{"id":"1"}`, `{"id":"2"}`, "")
	packed := gzipped(t, two)
	three := gzipped(t, `{"id":"3"}`)
	damaged := bytes.Clone(packed)
	damaged[len(damaged)-5]++ // of the checksum
	wrong := bytes.Clone(packed)
	wrong[12] ^= 0xff
	for _, tt := range []struct {
		name string
		in   io.Reader
		want string
	}{
		{"an error of the source", io.MultiReader(strings.NewReader(two), iotest.ErrReader(errors.New("disk on fire"))), lines("1 1", "2 2", "! line 3: disk on fire; the rest was not read")},
		{"an error at once", iotest.ErrReader(errors.New("disk on fire")), "! disk on fire"},
		{"an error in a CSV header", io.MultiReader(strings.NewReader("id,title"), iotest.ErrReader(errors.New("disk on fire"))), "! line 1: disk on fire"},
		{"an error in CSV", io.MultiReader(strings.NewReader("id,title\n1,a\n2"), iotest.ErrReader(errors.New("disk on fire"))), lines("2 1", "! line 3: disk on fire; the rest was not read")},
		{"an error behind a record of several lines", io.MultiReader(strings.NewReader("id,title\n1,\"a\nb\nc\"\n"), iotest.ErrReader(errors.New("disk on fire"))), lines("2 1", "! line 5: disk on fire; the rest was not read")},
		{"an error behind empty lines", io.MultiReader(strings.NewReader("\nid,title\n\n1,a\n\n\n2"), iotest.ErrReader(errors.New("disk on fire"))), lines("4 1", "! line 7: disk on fire; the rest was not read")},
		{"an error behind a bad record", io.MultiReader(strings.NewReader("id,title\n1,a,b\n"), iotest.ErrReader(errors.New("disk on fire"))), lines("2 the row has 3 cells, but the header has 2", "! line 3: disk on fire; the rest was not read")},
		{"gzip cut off", bytes.NewReader(packed[:len(packed)-9]), lines("1 1", "2 2", "! line 3: gzip: "+errCut.Error()+"; the rest was not read")},
		{"gzip cut off by an error", io.MultiReader(bytes.NewReader(packed[:len(packed)-9]), iotest.ErrReader(errors.New("disk on fire"))), lines("1 1", "2 2", "! line 3: disk on fire; the rest was not read")},
		{"gzip with a wrong checksum", bytes.NewReader(damaged), lines("1 1", "2 2", "! line 3: gzip: "+ErrDamaged.Error()+"; the rest was not read")},
		{"gzip with wrong data", bytes.NewReader(wrong), "! gzip: " + ErrDamaged.Error()},
		{"several members of gzip", bytes.NewReader(slices.Concat(packed, gzipped(t, ""), three)), lines("1 1", "2 2", "3 3")},
		{"text behind gzip", bytes.NewReader(append(bytes.Clone(packed), `{"id":"4"}`+"\n"...)), lines("1 1", "2 2", "! line 3: gzip: "+errTrailing.Error()+"; the rest was not read")},
		{"a little text behind gzip", bytes.NewReader(append(bytes.Clone(packed), "{}\n"...)), lines("1 1", "2 2", "! line 3: gzip: "+errTrailing.Error()+"; the rest was not read")},
		{"a source that fails behind gzip", io.MultiReader(bytes.NewReader(packed), iotest.ErrReader(errors.New("disk on fire"))), lines("1 1", "2 2", "! line 3: disk on fire; the rest was not read")},
		{"gzip with another begun", bytes.NewReader(slices.Concat(packed, three[:5])), lines("1 1", "2 2", "! line 3: gzip: "+errCut.Error()+"; the rest was not read")},
		{"several frames of zstd", bytes.NewReader(slices.Concat([]byte("\x53\x2a\x4d\x18\x01\x00\x00\x00x"), zstandard(t, two), zstandard(t, `{"id":"3"}`))), lines("1 1", "2 2", "3 3")},
		{"text behind zstd", bytes.NewReader(append(zstandard(t, two), "{}{}{}{}\n"...)), lines("1 1", "2 2", "! line 3: zstd: "+errTrailing.Error()+"; the rest was not read")},
		{"gzip with nothing in it", bytes.NewReader(packed[:2]), "! gzip: " + errCut.Error()},
		{"zstd with a large window", bytes.NewReader(zstandardWindow(t, two, 16<<20)), "! zstd: " + errWindow.Error()},
		{"zstd with the largest window", bytes.NewReader(zstandardWindow(t, two, maxWindow)), lines("1 1", "2 2")},
		{"zstd that is none", strings.NewReader("\x28\xb5\x2f\xfd\xff\xff"), "! zstd: " + ErrDamaged.Error()},
	} {
		if got := summary(tt.in); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// A record that is too long is skipped, and none of it is held.
func TestReaderOfLongRecords(t *testing.T) {
	long := strings.Repeat("x", maxRecord)
	for _, tt := range []struct{ name, in, want string }{
		{"JSON", lines(`{"id":"1","title":"`+long+`"}`, `{"id":"2"}`), lines("1 the record is longer than 1048576 bytes", "2 2")},
		{"in an array", lines(`[{"id":"1","title":"`+long+`"},`, `{"id":"2"}]`), lines("1 the record is longer than 1048576 bytes", "2 2")},
		{"broken JSON", lines(`{"id":"1","title":"`+long, `{"id":"2"}`), lines("1 the record is longer than 1048576 bytes", "2 2")},
		{"deep JSON", lines(strings.Repeat(`{"x":`, 1_000), `{"id":"2"}`), lines("1 x: is nested more than 500 deep", "2 2")},
		{"white space", strings.Repeat(" ", 3*maxRecord) + "{}", "! line 1: the file begins with too much white space; remove it"},
		{"CSV with a mark that is not closed", lines("id,title", "1,a", `2,"`+strings.Repeat(long, 6)), lines("2 1", "! line 3: "+errLong.Error()+"; the rest was not read")},
		{"CSV with a mark that is not closed behind a record of several lines", lines("id,title", "1,\"a", "b\"", "", `2,"`+strings.Repeat(long, 6)), lines("2 1", "! line 5: "+errLong.Error()+"; the rest was not read")},
	} {
		if got := summary(strings.NewReader(tt.in)); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// Cells of a table are the fields of the contract, as text.
func TestReaderOfTables(t *testing.T) {
	in := lines("title,id,my column,started,isPrivate,duration,workspaceId", `"a ""b"", c",007,é,2018-02-18t02:30-7:00,TRUE,460.0,`)
	r, err := newReader(strings.NewReader(in), Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	record, err := r.Read()
	if err != nil || record.Err != nil {
		t.Fatal(err, record.Err)
	}
	want := `{"id":"007","title":"a \"b\", c","started":"2018-02-18T02:30:00-07:00","duration":460,"isPrivate":true,"my column":"é"}`
	wanted, err := gong.ParseCall([]byte(want))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(record.Call.AppendJSON(nil)), string(wanted.AppendJSON(nil)); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}
