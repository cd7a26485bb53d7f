package bulk

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What other tools put around calls is taken off, in lines and in arrays.
func TestWrappers(t *testing.T) {
	const one = `{"id":"1","title":"a","x":{"y":1}}`
	const good = `1 1 "a" x={"y":1}`
	for _, tt := range []struct{ name, in, want string }{
		{"extensive", `{"metaData":` + one + `,"parties":[{"id":"9"}],"media":{"audioUrl":"u"}}`, good},
		{"one call of the API", `{"requestId":"r","call":` + one + `}`, good},
		{"Airbyte", `{"_airbyte_ab_id":"a","_airbyte_data":` + one + `,"_airbyte_emitted_at":1}`, good},
		{"Airbyte, of today", `{"_airbyte_raw_id":"a","_airbyte_extracted_at":1,"_airbyte_meta":{"changes":[]},"_airbyte_data":` + one + `}`, good},
		{"Airbyte, as text", `{"_airbyte_data":"{\"id\":\"1\",\"title\":\"a\",\"x\":{\"y\":1}}"}`, good},
		{"Airbyte's protocol", `{"type":"RECORD","record":{"stream":"calls","data":` + one + `,"emitted_at":1}}`, good},
		{"extensive calls of Airbyte", `{"record":{"data":{"metaData":` + one + `,"parties":[]},"stream":"extensiveCalls"},"type":"RECORD"}`, good},
		{"Singer", `{"type":"RECORD","stream":"gong_calls","record":` + one + `,"time_extracted":"t"}`, good},
		{"another stream of Singer", `{"type":"RECORD","stream":"users","record":{"id":"1"}}`, `1 ! it belongs to the stream "users"; import reads streams with "call" in their name`},
		{"another stream of Airbyte", `{"type":"RECORD","record":{"stream":"users","data":{"id":"1"}}}`, `1 ! it belongs to the stream "users"; import reads streams with "call" in their name`},
		{"a batch of Singer", `{"type":"BATCH","stream":"calls","manifest":["f"]}`, "1 ! a BATCH message names other files; import those"},
		{"a schema of Singer", `{"type":"SCHEMA","stream":"calls","schema":{},"key_properties":["id"]}`, ""},
		{"a state of Singer", `{"type":"STATE","value":{}}`, ""},
		{"a state of Airbyte", `{"type":"STATE","state":{}}`, ""},
		{"a log of Airbyte", `{"type":"LOG","log":{"level":"INFO"}}`, ""},
		{"bad values within", `{"_airbyte_data":{"id":"1","duration":-1}}`, `1 ! duration: "-1" is not a whole number of at least 0`},
		{"NUL within", `{"type":"RECORD","stream":"calls","record":{"id":"1","title":"\u0000"}}`, "1 ! title: must not have a NUL character"},
		{"nothing within", `{"_airbyte_data":{"x":1}}`, "1  x=1"},

		{"a call is none", `{"id":"1","metaData":{"id":"2"}}`, `1 1 metaData={"id":"2"}`},
		{"a call is no message", `{"id":"1","type":"STATE","value":{}}`, `1 1 type="STATE" value={}`},
		{"a type alone is no message", `{"type":"STATE"}`, `1  type="STATE"`},
		{"a name twice", `{"metaData":{"id":"1"},"metaData":{"id":"2"}}`, "1 ! metaData: appears twice"},
		{"a text of Airbyte's that would change", `{"_airbyte_data":"{\"id\":\"1\ud800\"}"}`, "1 ! _airbyte_data: must not have a lone surrogate"},
	} {
		for name, in := range map[string]string{"a line": tt.in + "\n", "an array": "[" + tt.in + "]", "a page": `{"calls":[` + tt.in + "]}"} {
			if got := rows(strings.NewReader(in)); got != tt.want {
				t.Errorf("%s, %s:\n got %s\nwant %s", tt.name, name, got, tt.want)
			}
		}
	}
}

// What is not kept of extensive calls is told once for a file.
func TestNoteOfExtensiveCalls(t *testing.T) {
	var r recorder
	im := Import{Calls: &memory{}, Report: &r}
	result, err := im.Run(t.Context(), []Source{
		text("a", `{"calls":[{"metaData":{"id":"1",`+at+`},"parties":[]},{"metaData":{"id":"2",`+at+`},"content":{}}]}`, `{"metaData":{"id":"3",`+at+`}}`),
		text("b", `{"metaData":{"id":"4",`+at+`}}`),
	})
	if err != nil || result.Created != 4 {
		t.Fatalf("%+v, %v", result, err)
	}
	want := []string{
		`a:1: only metaData of each call is kept, without "content" and "parties"`,
		"committed [a:2 b:1] {Created:4 Changed:0 Unchanged:0}",
	}
	if diff := cmp.Diff(want, r.all()); diff != "" {
		t.Error(diff)
	}
}
