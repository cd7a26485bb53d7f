package bulk

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault"
)

// With a source every record keeps its id as clientUniqueId, of every format and digits too,
// and has the id that is made of it, and the source as its system unless it has another.
func TestSource(t *testing.T) {
	var m memory
	var r recorder
	im := Import{Calls: &m, Report: &r, Source: "pbx1", AppURL: "https://app.example.com"}
	_, err := im.Run(t.Context(), []Source{
		text("a.ndjson", `{"id":"1598518936.86",`+at+`}`, `{"id":1,`+at+`,"clientUniqueId":"1"}`, `{"id":"x",`+at+`,"clientUniqueId":"y"}`, `{`+at+`}`, `{"id":"007",`+at+`,"duration":-1}`),
		text("b.csv", `id,started`, `007,2018-02-18T02:30:00Z`, `,2018-02-18T02:30:00Z`),
		text("c.json", `{"calls":[{"id":"z",`+at+`,"system":"Zoom"},{"id":"é",`+at+`,"clientUniqueId":"e"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`a.ndjson:3: clientUniqueId: "y" is not the id, which --source keeps here; leave one of them out`,
		`a.ndjson:4: id: is missing or empty`,
		`a.ndjson:5: duration: "-1" is not a whole number of at least 0`,
		`b.csv:3: id: is missing or empty`,
		`c.json:1: call 2 (id "é"): clientUniqueId: "e" is not the id, which --source keeps here; leave one of them out`,
		`committed [a.ndjson:5 b.csv:3 c.json:1] {Created:4 Changed:0 Unchanged:0}`,
	}
	if diff := cmp.Diff(want, r.all()); diff != "" {
		t.Error(diff)
	}
	for id, system := range map[string]string{"1598518936.86": "pbx1", "1": "pbx1", "007": "pbx1", "z": "Zoom"} {
		made := callvault.SourceID("pbx1", id).String()
		found := false
		for _, d := range m.documents {
			found = found || strings.HasPrefix(d, `{"id":"`+made+`","url":"https://app.example.com/call?id=`+made+`",`) && strings.Contains(d, `,"system":"`+system+`",`) && strings.Contains(d, `,"clientUniqueId":"`+id+`",`)
		}
		if !found {
			t.Errorf("%s has no call with the id %s", id, made)
		}
	}
}

// Without one a text is refused, and is told of.
func TestNoSource(t *testing.T) {
	var r recorder
	_, err := (&Import{Report: &r}).Check(t.Context(), []Source{text("a", `{"id":"x.1",`+at+`,"duration":-1}`, `{"id":"x.1"}`, `{`+at+`}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`a:1: duration: "-1" is not a whole number of at least 0`,
		`a:2: id: "x.1" is not a number of 1 to 20 digits; to import ids of another system, pass --source and its name`,
		`a:2: started: must not be null when scheduled is null too`,
		`a:3: id: is missing or empty; it must be a number of 1 to 20 digits, under exactly this name`,
	}
	if diff := cmp.Diff(want, r.all()); diff != "" {
		t.Error(diff)
	}
}

// A record that would replace a call of another client is reported with its place, whether
// that call is in the store or before it in the same file, and nothing else is lost.
func TestImportOfOtherClients(t *testing.T) {
	var m memory
	var r recorder
	if _, err := (&Import{Calls: &m, Report: &recorder{}}).Run(t.Context(), []Source{text("before",
		`{"id":"1",`+at+`,"clientUniqueId":"a"}`, `{"id":"3",`+at+`,"clientUniqueId":"c"}`, `{"id":"5",`+at+`,"clientUniqueId":"e"}`)}); err != nil {
		t.Fatal(err)
	}
	im := Import{Calls: &m, Report: &r}
	result, err := im.Run(t.Context(), []Source{
		text("a", `{"id":"1",`+at+`,"clientUniqueId":"b"}`, `{"id":"2",`+at+`,"clientUniqueId":"x"}`, `{"id":"2",`+at+`,"clientUniqueId":"y"}`, `{"id":"4",`+at+`}`),
		text("b", `[{"id":"3",`+at+`,"clientUniqueId":"d"},{"id":"5",`+at+`,"clientUniqueId":"e"},{"id":"6",`+at+`,"clientUniqueId":"f"},{"id":"6",`+at+`},{"id":"6",`+at+`,"clientUniqueId":"g"}]`),
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Result{callvault.PutResult{Created: 3, Unchanged: 1}, 9, 3}); result != want {
		t.Errorf("got %+v, want %+v", result, want)
	}
	want := []string{
		`a:3: clientUniqueId: differs from that of a record before it with the id 2; give one of the two calls another id`,
		`a:1: clientUniqueId: differs from that of the stored call with the id 1; give one of the two calls another id`,
		`b:1: call 1: clientUniqueId: differs from that of the stored call with the id 3; give one of the two calls another id`,
		`committed [a:4 b:1] {Created:3 Changed:0 Unchanged:1}`,
	}
	if diff := cmp.Diff(want, r.all()); diff != "" {
		t.Error(diff)
	}
}

// A check shows every sound call as it would be stored.
func TestCheckShows(t *testing.T) {
	var shown []string
	im := Import{Report: &recorder{}, Source: "pbx1", Mapping: mapped(t, "id=Call ID,started=Start", "Europe/Berlin"), Show: func(document []byte) { shown = append(shown, string(document)) }}
	if _, err := im.Check(t.Context(), []Source{text("a.csv", "Call ID,Start,team", "1598518936.86,2026-02-01 08:15,red", "b,yesterday,blue", "c,2026-02-01 08:15,")}); err != nil {
		t.Fatal(err)
	}
	if len(shown) != 2 || !strings.HasPrefix(shown[0], `{"id":"4104172692030126832",`) || !strings.HasSuffix(shown[0], `"calendarEventId":null,"team":"red"}`) {
		t.Errorf("%q", shown)
	}
}

// A check shows calls in their order, none that would be refused, and of several records of one
// call the last.
func TestCheckShowsWhatIsKept(t *testing.T) {
	var m memory
	if _, err := (&Import{Calls: &m, Report: &recorder{}}).Run(t.Context(), []Source{text("before", `{"id":"1",`+at+`,"clientUniqueId":"a"}`)}); err != nil {
		t.Fatal(err)
	}
	var shown []string
	im := Import{Calls: &m, Report: &recorder{}, Show: func(document []byte) {
		id, _, _ := strings.Cut(string(document), `,"url"`)
		_, title, _ := strings.Cut(string(document), `"title":`)
		shown = append(shown, id+" "+title[:4])
	}}
	_, err := im.Check(t.Context(), []Source{text("a", `{"id":"9",`+at+`,"title":"a1"}`, `{"id":"1",`+at+`,"clientUniqueId":"b"}`, `{"id":"2",`+at+`,"title":"b1"}`, `{"id":"9",`+at+`,"title":"a2"}`)})
	if diff := cmp.Diff([]string{`{"id":"9" "a2"`, `{"id":"2" "b1"`}, shown); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
}

// A check compares with a store, and reports what it would refuse.
func TestCheckOfOtherClients(t *testing.T) {
	var m memory
	var r recorder
	if _, err := (&Import{Calls: &m, Report: &recorder{}}).Run(t.Context(), []Source{text("before", `{"id":"1",`+at+`,"clientUniqueId":"a\"b"}`, `{"id":"2",`+at+`}`)}); err != nil {
		t.Fatal(err)
	}
	for _, calls := range []callvault.Calls{nil, &m} {
		result, err := (&Import{Calls: calls, Report: &r}).Check(t.Context(), []Source{
			text("same", `{"id":"1",`+at+`,"clientUniqueId":"a\"b","title":"x"}`, `{"id":"2",`+at+`,"clientUniqueId":"c"}`, `{"id":"3",`+at+`,"clientUniqueId":"d"}`),
			text("other", `{"id":"1",`+at+`,"clientUniqueId":"a\"b"}`, `{"id":"3",`+at+`,"clientUniqueId":"e"}`, `{"id":"1",`+at+`}`, `{"id":"1",`+at+`,"clientUniqueId":"f"}`),
		})
		if err != nil || result.Read != 7 {
			t.Errorf("%+v, %v", result, err)
		}
	}
	of3 := `other:2: clientUniqueId: differs from that of a record before it with the id 3; give one of the two calls another id`
	want := []string{of3, of3, `other:4: clientUniqueId: differs from that of the stored call with the id 1; give one of the two calls another id`}
	if diff := cmp.Diff(want, r.all()); diff != "" {
		t.Error(diff)
	}
	if len(m.batches) != 1 {
		t.Errorf("batches %v", m.batches)
	}
}
