package bulk

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// rich is a record with everything that a record may be cut off in.
const rich = `{"id":"3","started":"2018-02-18T02:30:00Z","title":"a \"b\" \\ \u00e9","x":[1,-2.5e3,"c",["d"],{"e":[{"f":"\\"}]},[]],` +
	`"y":{"g":{"h":[true,false,null],"i":{}},"j":"k"},"isPrivate":true,"duration":460}`

// A line of NDJSON that is cut off costs itself and no other, wherever it is cut and
// however much follows.
func TestCutOff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, line, title string
		n                 int // lines that follow
	}{
		{"none follows", "%s\n", "", 0},
		{"one follows", "%s\n", "", 1},
		{"a few", "%s\n", "", 3},
		{"line ends of Windows", "%s\r\n", "", 3},
		{"indented", " %s\n", "", 3},
		{"empty lines between", "%s\n\n", "", 2},
		{"many", "%s\n", strings.Repeat("x", 30_000), 40}, // more than maxRecord
	} {
		t.Run(tt.name, func(t *testing.T) {
			line := fmt.Sprintf(tt.line, `{"id":"1","title":"`+tt.title+`","z":[{}]}`)
			step := 1
			if tt.title != "" { // much to read, in the same way
				step = 9
			}
			for i := 1; i < len(rich); i += step {
				got := strings.Split(summary(strings.NewReader(line+fmt.Sprintf(tt.line, rich[:i])+strings.Repeat(line, tt.n))), "\n")
				good := 0
				for _, record := range got {
					if strings.HasSuffix(record, " 1") {
						good++
					}
				}
				if good != 1+tt.n || len(got) != 2+tt.n || strings.HasPrefix(got[len(got)-1], "!") {
					t.Fatalf("cut off behind %s: %.200q", rich[:i], got)
				}
			}
		})
	}
}

// After a broken line import goes on at the next. In an array, a page, or a record of
// several lines, a broken record ends the file.
func TestBroken(t *testing.T) {
	early := "not valid JSON: it ends too early"
	five := "not valid JSON: unexpected '5' at byte 11"
	rest := func(line int, where string) string {
		return fmt.Sprintf("! line %d: not valid JSON within %s, at byte ", line, where)
	}
	deep := strings.Repeat("[", 10_001)
	for _, tt := range []struct{ name, in, want string }{
		{"too deep", "[\n" + `{"id":"1"},{"x":` + deep, lines("2 1", "! line 2: a value within a JSON array is nested more than 10000 deep, at byte 10015 of the line, after call 1; the rest was not read")},
		{"a line", lines(`{"id":"1" 5}`, `{"id":"2"}`), lines("1 "+five, "2 2")},
		{"a line behind another record", lines(`{"id":"1"} {"id":`, `{"id":"2"}`), lines("1 1", "1 "+early, "2 2")},
		{"a line before an array", lines(`{"id":"1"`, `[{"id":"2"}]`), lines("1 "+early, "2 2")},
		{"a line before a page", lines(`{"id":"1","x":`, `{"calls":[{"id":"2"}]}`), lines("1 "+early, "2 2")},
		{"two lines in a row", lines(`{"x":`, `{"y":[`, `{"id":"3"}`), lines("1 "+early, "2 "+early, "3 3")},
		{"words", lines(`{"id":"1"}`, `garbage {}`, `{"id":"2"}`), lines("1 1", "2 neither a JSON object nor an array", "3 2")},
		{"a record of several lines", lines(`{`, ` "id":"1",`, ` "x" 5`, `}`, `{"id":"2"}`), rest(3, "a record")},
		{"a record of several lines that is not whole", lines(`{"id":"1"}`, `{`, ` "id":"2",`), lines("1 1", "! line 3: the file ends within a record; the rest was not read")},
		{"a record of several lines before another", lines(`{`, ` "id":"1",`, `{"id":"2"}`), "! line 1: the record that begins here is not complete; the rest was not read"},
		{"in an array", lines(`[`, `{"id":"1"},`, `{"id":"2",},`, `{"id":"3"}`, `]`), lines("2 1", rest(3, "a JSON array"))},
		{"in an array behind another on its line", lines(`[`, `{"id":"1"},{"id":],`, `{"id":"2"}]`), lines("2 1", rest(2, "a JSON array"))},
		{"a comma lost in an array", lines(`[`, `{"id":"1"}`, `{"id":"2"}`, `]`), lines("2 1", rest(3, "a JSON array"))},
		{"in a page", lines(`{"calls":[`, `{"id":"1"},`, `{"id":"2" 5}]}`), lines("2 1", rest(3, "a response page"))},
		{"behind a page in an array", lines(`[{"calls":[{"id":"1"}]}`, `5]`), lines("1 1", rest(2, "a JSON array"))},
	} {
		if got := summary(strings.NewReader(tt.in)); !strings.HasPrefix(got, tt.want) || strings.Count(got, "\n") != strings.Count(tt.want, "\n") {
			t.Errorf("%s: %.200q\n got %s\nwant %s", tt.name, tt.in, got, tt.want)
		}
	}
}

// What Kinesis Firehose and such write, and what jq and JavaScript print: records without
// line ends, records of several lines, fields in any order.
func TestRecordsOfAnyForm(t *testing.T) {
	one := `{"isPrivate":false,"id":"%d","x":{"id":"9","calls":[{"id":"8"}]},"title":"} { \"id\":"}`
	for name, sep := range map[string]string{"no line ends": "", "lines": "\n", "lines of Windows": "\r\n", "empty lines": "\n \n"} {
		var in strings.Builder
		var want []string
		for i := range 50 {
			want = append(want, fmt.Sprintf("%d %d", 1+i*strings.Count(sep, "\n"), i))
			fmt.Fprintf(&in, one+sep, i)
		}
		if got := summary(strings.NewReader(in.String())); got != lines(want...) {
			t.Errorf("%s: %s", name, got)
		}
	}
	indented := strings.ReplaceAll(strings.ReplaceAll(one, "{\"", "{\n\t\""), ",", ",\n\t\t")
	if got := summary(strings.NewReader(fmt.Sprintf(indented+"\n"+indented, 1, 2))); !strings.HasPrefix(got, "1 1\n") || !strings.HasSuffix(got, " 2") {
		t.Errorf("indented: %s", got)
	}
}

// Broken lines cost no memory that grows with what follows them.
func TestMemoryOfBrokenLines(t *testing.T) {
	for _, line := range []string{`{"x":`, `{"x":[`, `{"x":"y"`} {
		in := strings.Repeat(line+"\n", 8_000)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := summary(strings.NewReader(in))
		runtime.ReadMemStats(&after)
		if n := strings.Count(got, "\n") + 1; n != 8_000 {
			t.Errorf("%s: %d records", line, n)
		}
		// A window, and a few errors and texts for each.
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(20<<20); got > most {
			t.Errorf("%s: %d MiB were allocated, want at most %d", line, got>>20, most>>20)
		}
	}
}
