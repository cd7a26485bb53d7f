package bulk

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

// rich is a record with everything that a record may be cut off in.
const rich = `{"id":"3","started":"2018-02-18T02:30:00Z","title":"a \"b\" \\ \u00e9","x":[1,-2.5e3,"c",["d"],{"e":[{"f":"\\"}]},[]],` +
	`"y":{"g":{"h":[true,false,null],"i":{}},"j":"k"},"isPrivate":true,"duration":460}`

// tally reads a whole source: how many records of it are good, and all others.
func tally(t *testing.T, in string) (good int, others []string) {
	t.Helper()
	r, err := NewReader(strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		record, err := r.Read()
		switch {
		case err == io.EOF:
			return good, others
		case err != nil:
			return good, append(others, "! "+err.Error())
		case record.Err != nil:
			others = append(others, fmt.Sprintf("%d %v", record.Line, record.Err))
		default:
			good++
		}
	}
}

// A record that is cut off costs itself and no other, wherever it is cut and
// however much follows.
func TestCutOff(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 30_000) // 40 lines are more than maxRecord
	for _, tt := range []struct {
		name, begin, record, cut, end string
		title                         string
		n                             int
	}{
		{"NDJSON", "", "%s\n", "%s\n", "", long, 40},
		{"few lines", "", "%s\n", "%s\n", "", "", 3},
		{"one more line", "", "%s\n", "%s\n", "", "", 1},
		{"line ends of Windows", "", "%s\r\n", "%s\r\n", "", "", 3},
		{"indented", "", " %s\n", " %s\n", "", "", 3},
		{"less and less indented", "", "  %s\n", "\t\t\t%s\n", " ", "", 3},
		{"an array", "[\n", "%s,\n", "%s\n", "{\"id\":\"4\"}\n]", "", 3},
		{"a long array", "[\n", "  %s,\n", "  %s\n", "  {\"id\":\"4\"}\n]", long, 40},
		{"a long page", "{\"calls\":[\n", "%s,\n", "%s\n", "{\"id\":\"4\"}],\"records\":{}}", long, 40},
	} {
		t.Run(tt.name, func(t *testing.T) {
			line := fmt.Sprintf(tt.record, `{"id":"1","title":"`+tt.title+`","z":[{}]}`)
			before, after := tt.begin+line, strings.Repeat(line, tt.n)+tt.end
			want, _ := tally(t, before+after)
			step := 1
			if tt.title != "" { // much to read, in the same way
				step = 9
			}
			for i := 1; i < len(rich); i += step {
				got, others := tally(t, before+fmt.Sprintf(tt.cut, rich[:i])+after)
				if got != want || len(others) != 1 || others[0][0] == '!' {
					t.Fatalf("cut off behind %s: %d of %d records, %q", rich[:i], got, want, others)
				}
			}
		})
	}
}

// Where reading goes on behind a record that is broken.
func TestResync(t *testing.T) {
	syntax := func(problem string) string { return "not valid JSON: " + problem }
	early := syntax("it ends too early")
	for _, tt := range []struct{ name, in, want string }{
		{"at the same column", lines(`  {"id":`, `  {"id":"2"}`, `  {"id":"3"}`), lines("1 "+early, "2 2", "3 3")},
		{"at a lesser column", lines(`  {"id":`, ` {"id":"2"}`, `{"id":"3"}`), lines("1 "+early, "2 2", "3 3")},
		{"not at a deeper column", lines(`{"id":"1" 5,`, ` "x":[`, `  {"id":"7"}`, ` ]`, `}`, `{"id":"3"}`), lines("1 "+syntax("unexpected '5' at byte 11")+"; everything up to line 5 is taken for a part of it", "6 3")},
		{"behind empty lines", lines(`{"id":"1`, ``, ` `, "\r", `{"id":"2"}`), lines("1 "+early+"; everything up to line 4 is taken for a part of it", "5 2")},
		{"at an array", lines(`{"id":"1`, `[{"id":"2"}]`), lines("1 "+early, "2 2")},
		{"at a page", lines(`{"id":"1","x":`, `{"calls":[{"id":"2"}]}`), lines("1 "+early, "2 2")},
		{"behind another on its line", lines(`{"id":"1"} {"id":`, ` {"id":"2"}`), lines("1 1", "1 "+early, "2 2")},
		{"words of their own", lines(` {"id":"1"}`, `garbage`, ` {"id":"2"}`), lines("1 1", "2 neither a JSON object nor an array", "3 2")},
		{"words that are indented", lines(`{"id":"1"}`, `  garbage`, `{"id":"2"}`), lines("1 1", "2 neither a JSON object nor an array", "3 2")},
		{"two broken in a row", lines(`{"x":`, `{"y":[`, `{"id":"3"}`), lines("1 "+early, "2 "+early, "3 3")},
		{"a record of no indentation that is good", lines(`{`, `"id":"1","x":`, `[`, `{`, `"y":1`, `}`, `]`, `}`, `{"id":"2"}`), lines("1 1", "9 2")},

		{"an array goes on", lines(`[`, `{"id":"1"},`, `{"id":"2",},`, `{"id":"3"},`, `]`, `{"id":"4"}`), lines("2 1", "3 "+syntax("unexpected '}' at byte 11"), "4 3", "6 4")},
		{"an array goes on at an array", lines(`[`, ` {"id":"1" 5},`, ` ["x"]`, `]`), lines("2 "+syntax("unexpected '5' at byte 11"), "3 must be a JSON object, not an array")},
		{"an array ends behind it", lines(`[`, ` {"id":"1"},`, ` {"id":"2" 5},`, ` {"id":"3"}`, `]`, `{"id":"4"}`), lines("2 1", "3 "+syntax("unexpected '5' at byte 11"), "4 3", "6 4")},
		{"an array ends at once behind it", lines(`[`, ` {"id":"2" 5}`, `]`, `{"id":"4"}`), lines("2 "+syntax("unexpected '5' at byte 11"), "4 4")},
		{"an array ends within it", lines(`[`, ` {"id":"2","x":[`, ` {"id":"3"}`, `]`, `{"id":"4"}`), lines("2 "+early, "3 3", "5 4")},
		{"indented elements", lines(`[`, `  {`, `    "id":"1" 5,`, `    "x": [`, `      {"id":"7"}`, `    ]`, `  },`, `  {`, `    "id":"2"`, `  }`, `]`), lines("2 "+syntax("unexpected '5' at byte 16")+"; everything up to line 7 is taken for a part of it", "8 2")},
		{"an element with too much behind it", lines(`[`, `{"id":"1"}},`, `{"id":"2"}`, `]`), lines("2 1", "2 neither a JSON object nor an array", "3 2")},
		{"a word among elements", lines(`[`, `{"id":"1"},`, `some words,`, `{"id":"2"}`, `]`), lines("2 1", "3 "+syntax("unexpected 's' at byte 1"), "3 neither a JSON object nor an array", "4 2")},
		{"the end of an array lost", lines(`[`, `{"id":"1" 5}]`, `{"id":"2"}`, `{"id":"3"}`), lines("2 "+syntax("unexpected '5' at byte 11"), "3 2", "4 3")},
		{"the end of a page lost", lines(`{"calls":[`, `{"id":"1" 5}]}`, `{"calls":[`, `{"id":"2"}]}`, `{"id":"3"}`), lines("2 "+syntax("unexpected '5' at byte 11"), "4 2", "5 3")},
		{"the end of the file lost", lines(`[`, `{"id":"1" 5}]`), lines("2 "+syntax("unexpected '5' at byte 11"), "! line 2: the file ends within a JSON array; the rest was not read")},
		{"a comma lost", lines(`[`, `{"id":"1"}`, `{"id":"2"}`, `]`), lines("2 1", "! line 3: not valid JSON within a JSON array, at byte 1 of the line; the rest was not read")},
	} {
		if got := summary(strings.NewReader(tt.in)); got != tt.want {
			t.Errorf("%s: %q\n got %s\nwant %s", tt.name, tt.in, got, tt.want)
		}
	}
}

// To go back costs no memory for each record that is broken.
func TestResyncMemory(t *testing.T) {
	for _, line := range []string{`{"x":`, `{"x":[`, `{"x":"y"`} {
		in := strings.Repeat(line+"\n", 8_000)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, others := tally(t, in)
		runtime.ReadMemStats(&after)
		if len(others) != 8_000 {
			t.Errorf("%s: %d records", line, len(others))
		}
		// A few errors and texts for each.
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(20<<20); got > most {
			t.Errorf("%s: %d MiB were allocated, want at most %d", line, got>>20, most>>20)
		}
	}
}
