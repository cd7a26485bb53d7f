package gong

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// real are the two recorded documents, from estuary/connectors and
// amp-labs/connectors, with what was left out of their URLs filled in.
var real = []string{
	`{"id":"7693221800038890052","url":"https://us02-16381.app.gong.io/call?id=7693221800038890052","title":"Estuary seed call B","scheduled":"2026-08-30T03:00:00-07:00","started":"2026-08-30T03:00:00-07:00","duration":887,"primaryUserId":"4164091100197006958","direction":"Inbound","system":"Upload API","scope":"External","media":"Audio","language":"eng","workspaceId":"4042227664642553970","sdrDisposition":null,"clientUniqueId":"estuary-seed-b1e-20260830","customData":null,"purpose":"Connector integration test","meetingUrl":"https://gong-pre-redaction-media.s3.amazonaws.com/public-api-upload/media.mp3","isPrivate":false,"calendarEventId":null}`,
	`{"calendarEventId":null,"clientUniqueId":null,"customData":null,"direction":"Inbound","duration":147,"id":"4570250816631531513","isPrivate":false,"language":"eng","media":"Audio","meetingUrl":"https://www.conference.com/example-user","purpose":null,"scheduled":"2024-02-17T03:30:00-07:00","scope":"External","sdrDisposition":"No Answer","started":"2024-02-17T03:30:00-07:00","system":"ClearSlide","url":"https://us-49467.app.gong.io/call?id=4570250816631531513","workspaceId":"1007648505208900737"}`,
}

const nothing = `{"id":"","url":null,"title":null,"scheduled":null,"started":null,"duration":null,"primaryUserId":null,"direction":null,"system":null,"scope":null,"media":null,"language":null,"workspaceId":null,"sdrDisposition":null,"clientUniqueId":null,"customData":null,"purpose":null,"meetingUrl":null,"isPrivate":null,"calendarEventId":null}`

// with is the document of an empty call with one field replaced.
func with(field, value string) string {
	for _, empty := range []string{`null`, `""`} {
		if old := `"` + field + `":` + empty; strings.Contains(nothing, old) {
			return strings.Replace(nothing, old, `"`+field+`":`+value, 1)
		}
	}
	panic(field)
}

func TestParseCall(t *testing.T) {
	further := func(fields string) string { return strings.TrimSuffix(nothing, "}") + "," + fields + "}" }
	for _, tt := range []struct{ name, in, want string }{
		{"a recorded document comes back to the byte", real[0], real[0]},
		{"the contract's order, whatever was sent", real[1], `{"id":"4570250816631531513","url":"https://us-49467.app.gong.io/call?id=4570250816631531513","title":null,"scheduled":"2024-02-17T03:30:00-07:00","started":"2024-02-17T03:30:00-07:00","duration":147,"primaryUserId":null,"direction":"Inbound","system":"ClearSlide","scope":"External","media":"Audio","language":"eng","workspaceId":"1007648505208900737","sdrDisposition":"No Answer","clientUniqueId":null,"customData":null,"purpose":null,"meetingUrl":"https://www.conference.com/example-user","isPrivate":false,"calendarEventId":null}`},
		{"nothing is set", ` { } `, nothing},
		{"null is unset", `{"id":null,"title":null,"duration":null,"isPrivate":null,"started":null,"media":null}`, nothing},
		{"an id as an integer, by its digits", `{"id":99999999999999999999}`, with("id", `"99999999999999999999"`)},
		{"a workspace as an integer", `{"workspaceId":9007199254740993}`, with("workspaceId", `"9007199254740993"`)},
		{"a user as an integer", `{"primaryUserId":0}`, with("primaryUserId", `"0"`)},
		{"a duration with a fraction of zeros", `{"duration":460.00}`, with("duration", "460")},
		{"the longest duration", `{"duration":9223372036854775807}`, with("duration", "9223372036854775807")},
		{"enums in any case", `{"direction":"CONFERENCE"}`, with("direction", `"Conference"`)},
		{"a lax time", `{"started":"2018-02-18t02:30-7:00"}`, with("started", `"2018-02-18T02:30:00-07:00"`)},
		{"an escaped name of ours", `{"\u0074itle":"a"}`, with("title", `"a"`)},
		{"a name in another case is a further field", `{"Title":"a"}`, further(`"Title":"a"`)},
		{"further fields, raw and compacted", `{"z" : [ 1.0 , "\u0041 \/" , { "b" : 1e400 } ] , "y" : null}`, further(`"z":[1.0,"\u0041 \/",{"b":1e400}],"y":null`)},
		{"a further name is written anew", `{"\u0041\/\"":1}`, further(`"A/\"":1`)},
		{"text is escaped no more than it must", `{"title":"\u003cb\u003e & \u2028 \ud83d\ude00 \/ \" \\ \b\f\n\r\t \u0001 \u007f é"}`, with("title", "\"<b> & \u2028 😀 / \\\" \\\\ \\b\\f\\n\\r\\t \\u0001 \u007f é\"")},
		{"empty text is not null", `{"title":""}`, with("title", `""`)},
	} {
		c, err := ParseCall([]byte(tt.in))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := string(c.AppendJSON(nil)); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestParseCallRefuses(t *testing.T) {
	deep := func(n int) string {
		return `{"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	if _, err := ParseCall([]byte(deep(maxDepth - 1))); err != nil {
		t.Errorf("the deepest nesting: %v", err)
	}
	for _, tt := range []struct{ in, want string }{
		{``, `not valid JSON: it ends too early`},
		{` [] `, `must be a JSON object, not an array`},
		{`"a"`, `must be a JSON object, not a string`},
		{`null`, `must be a JSON object, not null`},
		{`[1`, `not valid JSON: unexpected '[' at byte 1`},
		{`{"id":"1"`, `not valid JSON: it ends too early`},
		{`{"id":"1"} x`, `not valid JSON: unexpected 'x' at byte 12`},
		{`{"id":"1",}`, `not valid JSON: unexpected '}' at byte 11`},
		{`{"id" "1"}`, `not valid JSON: unexpected '"' at byte 7`},
		{`{'id':1}`, `not valid JSON: unexpected '\'' at byte 2`},
		{`{"a":tru}`, `not valid JSON: unexpected '}' at byte 9`},
		{`{"a":01}`, `not valid JSON: unexpected '1' at byte 7`},
		{`{"a":1.}`, `not valid JSON: unexpected '}' at byte 8`},
		{`{"a":1e}`, `not valid JSON: unexpected '}' at byte 8`},
		{`{"a":+1}`, `not valid JSON: unexpected '+' at byte 6`},
		{`{"a":"\x"}`, `not valid JSON: an unknown escape at byte 7`},
		{`{"a":"\u12"}`, `not valid JSON: an escape without four hexadecimal digits at byte 7`},
		{"{\"a\":\"\n\"}", `not valid JSON: a control character in a string at byte 7`},
		{"{\"a\":\"\x00\"}", `not valid JSON: a control character in a string at byte 7`},
		{`{"title":"\u0000","id":"x","url":"a\u0000\ud800b"}`, `title: must not have a NUL character; url: must not have a NUL character`},
		{`{"title":"\u0000"`, `not valid JSON: it ends too early`},
		{`{"duration":"\u0000"}`, `duration: must not have a NUL character`},
		{`{"title":["\u0000"]}`, `title: must not have a NUL character`},
		{`{"a\u0000":1,"title":2}`, `the name "a\x00" must not have a NUL character; title: must be a string or null, not a number`},
		{`{"\ud800":1}`, `the name "�" must not have a lone surrogate`},
		{`{"a":{"b\u0000":1}}`, `a: the name "b\x00" must not have a NUL character`},
		{`{"a":{"b":[{"c":"\u0000"}]},"d":"\u0000"}`, `a.b.c: must not have a NUL character; d: must not have a NUL character`},
		{`{"a":"\ud800"}`, `a: must not have a lone surrogate`},
		{`{"title":"\ude00\ud83d"}`, `title: must not have a lone surrogate`},
		{`{"a":"\ud83dx"}`, `a: must not have a lone surrogate`},
		{`{"a":"\ud83d\u12"}`, `not valid JSON: an escape without four hexadecimal digits at byte 13`},
		{"{\"a\":\"\xff\"}", `a: is not valid UTF-8`},
		{"{\"a\":\"\xed\xa0\x80\"}", `a: is not valid UTF-8`},
		{"{\"a\":\xff}", `not valid JSON: broken UTF-8 at byte 6`},
		{`{"id":"1","id":"2"}`, `id: appears twice`},
		{`{"title":"1","title":null,"media":"Fax"}`, `title: appears twice; media: "Fax" is not one of Video, Audio`},
		{`{"id":"1","\u0069d":"2"}`, `id: appears twice`},
		{`{"a":1,"\u0061":2}`, `a: appears twice`},
		{`{"a":[{"b":1,"b":2}]}`, `a.b: appears twice`},
		{deep(maxDepth), `x: is nested more than 500 deep`},
		{`{"id":1.0}`, `id: 1.0 is not a whole number of at least 0`},
		{`{"id":1e3}`, `id: 1e3 is not a whole number of at least 0`},
		{`{"id":-1}`, `id: -1 is not a whole number of at least 0`},
		{`{"workspaceId":[]}`, `workspaceId: must be a string of digits, not an array`},
		{`{"title":1}`, `title: must be a string or null, not a number`},
		{`{"title":true}`, `title: must be a string or null, not a boolean`},
		{`{"customData":{}}`, `customData: must be a string or null, not an object`},
		{`{"duration":"1"}`, `duration: must be a number or null, not a string`},
		{`{"duration":1.5}`, `duration: "1.5" is not a whole number of at least 0`},
		{`{"duration":-1}`, `duration: "-1" is not a whole number of at least 0`},
		{`{"duration":9223372036854775808}`, `duration: "9223372036854775808" is not a whole number of at least 0`},
		{`{"isPrivate":"true"}`, `isPrivate: must be true, false or null, not a string`},
		{`{"isPrivate":1}`, `isPrivate: must be true, false or null, not a number`},
		{`{"direction":"Sideways"}`, `direction: "Sideways" is not one of Inbound, Outbound, Conference, Unknown`},
		{`{"scope":""}`, `scope: "" is not one of Internal, External, Unknown`},
		{`{"media":"Fax"}`, `media: "Fax" is not one of Video, Audio`},
		{`{"started":1518863400.0}`, `started: must be a string or null, not a number`},
		{`{"started":"2018-02-18"}`, `started: "2018-02-18" has no time of day and no UTC offset; ` + useTimes},
		{`{"title":1,"scope":"x","media":"Audio","duration":-0.5}`, `title: must be a string or null, not a number; scope: "x" is not one of Internal, External, Unknown; duration: "-0.5" is not a whole number of at least 0`},
	} {
		_, err := ParseCall([]byte(tt.in))
		var problem *CallError
		if !errors.As(err, &problem) {
			t.Errorf("%.60s: %v, want %s", tt.in, err, tt.want)
			continue
		}
		if err.Error() != tt.want {
			t.Errorf("%.60s:\n got %s\nwant %s", tt.in, err, tt.want)
		}
	}
}

func TestSetText(t *testing.T) {
	var c Call
	for _, tt := range [][2]string{
		{"id", "12"}, {"title", "a\nb"}, {"started", "2018-02-18T08:00Z"}, {"duration", "460.0"}, {"isPrivate", "TRUE"},
		{"scope", "internal"}, {"media", "VIDEO"}, {"direction", "unknown"}, {"workspaceId", "7"}, {"calendarEventId", "e"},
		{"url", "u"}, {"primaryUserId", "p"}, {"system", "s"}, {"language", "eng"}, {"sdrDisposition", "d"}, {"clientUniqueId", "c"},
		{"customData", "x"}, {"purpose", "y"}, {"meetingUrl", "m"}, {"scheduled", "2018-02-18T08:00:00.50+01:00"},
	} {
		if err := c.SetText(tt[0], tt[1]); err != nil {
			t.Errorf("%s: %v", tt[0], err)
		}
	}
	want := `{"id":"12","url":"u","title":"a\nb","scheduled":"2018-02-18T08:00:00.50+01:00","started":"2018-02-18T08:00:00Z","duration":460,"primaryUserId":"p","direction":"Unknown","system":"s","scope":"Internal","media":"Video","language":"eng","workspaceId":"7","sdrDisposition":"d","clientUniqueId":"c","customData":"x","purpose":"y","meetingUrl":"m","isPrivate":true,"calendarEventId":"e"}`
	if got := string(c.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, tt := range [][3]string{
		{"duration", "1e3", `duration: "1e3" is not a whole number of at least 0`},
		{"duration", "1.", `duration: "1." is not a whole number of at least 0`},
		{"duration", "+1", `duration: "+1" is not a whole number of at least 0`},
		{"isPrivate", "yes", `isPrivate: "yes" is neither true nor false`},
		{"title", "a\x00", `title: must not have a NUL character`},
		{"title", "a\xff", `title: is not valid UTF-8`},
		{"Title", "a", ErrUnknownField.Error()},
	} {
		if err := c.SetText(tt[0], tt[1]); err == nil || err.Error() != tt[2] {
			t.Errorf("%s %q: %v, want %s", tt[0], tt[1], err, tt[2])
		}
	}
	if got := string(c.AppendJSON(nil)); got != want {
		t.Error("what was refused changed the call")
	}
}

// Every field is written under its own name: the names are in the contract's
// order, and a call with every field set differs from every call with one less.
func TestFieldNames(t *testing.T) {
	var order []string
	d := json.NewDecoder(strings.NewReader(nothing))
	for d.More() {
		token, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		if name, ok := token.(string); ok && name != "" {
			order = append(order, name)
		}
	}
	if !reflect.DeepEqual(order, FieldNames()) {
		t.Errorf("the document has %v, FieldNames are %v", order, FieldNames())
	}
	if IsField("Id") || !IsField("id") || len(order) != 20 {
		t.Error("IsField is wrong")
	}
}

func TestResponseRoundTrip(t *testing.T) {
	in := `{"requestId":"a","records":{"totalRecords":2,"currentPageSize":1,"currentPageNumber":0,"cursor":"c"},"calls":[` + real[0] + `]}`
	var r ListCallsResponse
	if err := json.Unmarshal([]byte(in), &r); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil || strings.TrimSpace(out.String()) != in {
		t.Errorf("%s, %v", out.String(), err)
	}
}

// What ParseCall accepts, encoding/json accepts; its document is a fixed
// point; no further field is lost.
func FuzzParseCall(f *testing.F) {
	for _, s := range append(real, nothing, `{"a":[1,{"b":"\ud83d\ude00"}],"id":12,"duration":1.0}`, `{"\u0069d":"1","started":"2018-02-18t08:00z"}`) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCall(data)
		if err != nil {
			return
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(data, &fields); err != nil {
			t.Fatalf("encoding/json refuses %q: %v", data, err)
		}
		document := c.AppendJSON(nil)
		again, err := ParseCall(document)
		if err != nil {
			t.Fatalf("%q is written %q, which is refused: %v", data, document, err)
		}
		if !reflect.DeepEqual(c, again) || !bytes.Equal(again.AppendJSON(nil), document) {
			t.Fatalf("%q is written %q, which is written %q", data, document, again.AppendJSON(nil))
		}
		for name := range fields {
			if IsField(name) {
				delete(fields, name)
			}
		}
		if len(fields) != len(c.Further) {
			t.Fatalf("%q has %d further fields, the call %d", data, len(fields), len(c.Further))
		}
		for _, field := range c.Further {
			if !bytes.Equal(compact(fields[field.Name]), field.Value) {
				t.Fatalf("%q: %s became %s", data, field.Name, field.Value)
			}
		}
	})
}

func BenchmarkParseAppend(b *testing.B) {
	data := []byte(real[0])
	var document []byte
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		c, err := ParseCall(data)
		if err != nil {
			b.Fatal(err)
		}
		document = c.AppendJSON(document[:0])
	}
}
