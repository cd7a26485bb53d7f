package bulk

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault/gong"
)

// randomDocuments are n documents with any of the fields set, one to an id.
func randomDocuments(random *rand.Rand, n int) []string {
	texts := []string{`""`, `"a"`, `"é \"quoted\", \\ / \u001f 😀"`, `"line\nline\r\n"`, `" spaces "`, `"<b>&"`}
	values := map[string][]string{
		// One instant, so that the order is that of the ids.
		"scheduled":     {`"2018-02-17T19:30:00-07:00"`, `"2018-02-18T02:30:00.000000000Z"`},
		"duration":      {`0`, `9223372036854775807`},
		"direction":     {`"Inbound"`, `"Outbound"`, `"Conference"`, `"Unknown"`},
		"scope":         {`"Internal"`, `"External"`, `"Unknown"`},
		"media":         {`"Video"`, `"Audio"`},
		"workspaceId":   {`"0"`, `"99999999999999999999"`},
		"primaryUserId": {`"4164091100197006958"`},
		"isPrivate":     {`true`, `false`},
	}
	documents := make([]string, n)
	for i := range documents {
		fields := []string{fmt.Sprintf(`"id":"%d"`, i+1), `"started":"2018-02-18T02:30:00Z"`}
		for _, name := range gong.FieldNames() {
			if name == "id" || name == "started" || random.IntN(2) == 0 {
				continue
			}
			accepted := values[name]
			if accepted == nil {
				accepted = texts
			}
			fields = append(fields, fmt.Sprintf("%q:%s", name, accepted[random.IntN(len(accepted))]))
		}
		if random.IntN(3) == 0 {
			fields = append(fields, `"further":{"calls":[1.50,"\u0041",null]}`)
		}
		call, err := gong.ParseCall([]byte("{" + strings.Join(fields, ",") + "}"))
		if err != nil {
			panic(err)
		}
		documents[i] = string(call.AppendJSON(nil))
	}
	return documents
}

// Every form of the same calls comes to the same documents, and what is
// exported is what was imported.
func TestForms(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	documents := randomDocuments(random, 200)
	page := func(calls []string) string {
		return `{"requestId":"r","records":{"totalRecords":200},"calls":[` + strings.Join(calls, ",") + `]}`
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte("["+strings.Join(documents, ",")+"]"), "", "\t"); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{
		"NDJSON":        strings.Join(documents, "\n"),
		"an array":      "[" + strings.Join(documents, ",") + "]",
		"indented":      indented.String(),
		"a page":        page(documents),
		"pages":         page(documents[:70]) + page(documents[70:140]) + "\n" + page(documents[140:]),
		"all in one":    strings.Join(documents[:50], "") + page(documents[50:100]) + "[" + strings.Join(documents[100:], " ,\n") + "]",
		"a null record": "[" + strings.Join(documents, ",") + "]\n\n",
	} {
		var m memory
		im := Import{Calls: &m, Report: &recorder{}}
		result, err := im.Run(t.Context(), []Source{text(name, in)})
		if err != nil || result.Created != len(documents) {
			t.Fatalf("%s: %+v, %v", name, result, err)
		}
		if diff := cmp.Diff(documents, m.documents); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A table has no empty text and no further field but text; everything else
// comes through it.
func TestTable(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var want []string
	var in strings.Builder
	table := csv.NewWriter(&in)
	names := gong.FieldNames()
	random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	if err := table.Write(names); err != nil {
		t.Fatal(err)
	}
	for _, document := range randomDocuments(random, 200) {
		document = strings.ReplaceAll(document, `:""`, `:null`)
		// encoding/csv reads a line end of Windows within a cell as one of Unix.
		document = strings.ReplaceAll(document, `\r\n`, `\n`)
		document, _, _ = strings.Cut(document, `,"further"`)
		document = strings.TrimSuffix(document, "}") + "}"
		want = append(want, document)
		var fields map[string]any
		decoder := json.NewDecoder(strings.NewReader(document))
		decoder.UseNumber()
		if err := decoder.Decode(&fields); err != nil {
			t.Fatal(err)
		}
		var cells []string
		for _, name := range names {
			cell := ""
			if fields[name] != nil {
				cell = fmt.Sprint(fields[name])
			}
			cells = append(cells, cell)
		}
		if err := table.Write(cells); err != nil {
			t.Fatal(err)
		}
	}
	table.Flush()
	var m memory
	im := Import{Calls: &m, Report: &recorder{}}
	if result, err := im.Run(t.Context(), []Source{text("table", in.String())}); err != nil || result.Created != len(want) {
		t.Fatalf("%+v, %v", result, err)
	}
	if diff := cmp.Diff(want, m.documents); diff != "" {
		t.Error(diff)
	}
}

// The two documents that others recorded from the live service, and a saved
// page made of them (docs/wire.md).
func TestRecorded(t *testing.T) {
	var want []string
	for _, name := range []string{"testdata/recorded.ndjson", "testdata/page.json"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var m memory
		im := Import{Calls: &m, Report: &recorder{}}
		if result, err := im.Run(t.Context(), []Source{text(name, string(data))}); err != nil || result.Created != 2 || result.Skipped != 0 {
			t.Fatalf("%s: %+v, %v", name, result, err)
		}
		if want == nil {
			want = m.documents
		}
		if diff := cmp.Diff(want, m.documents); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if !strings.HasPrefix(want[1], `{"id":"7693221800038890052","url":"https://us02-16381.app.gong.io/call?id=7693221800038890052",`) {
		t.Errorf("%s", want[1])
	}
}

func TestWriterFails(t *testing.T) {
	broken := errors.New("disk on fire")
	documents := randomDocuments(rand.New(rand.NewPCG(5, 6)), 1000)
	for _, f := range Formats() {
		w, err := NewWriter(brokenWriter{broken}, f, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, document := range documents {
			err = errors.Join(err, w.Write([]byte(document)))
		}
		err = errors.Join(err, w.Close())
		if !errors.Is(err, broken) {
			t.Errorf("%s: got %v", f, err)
		}
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

// Whatever comes, reading ends, and it does not matter in which pieces the
// bytes come.
func FuzzReader(f *testing.F) {
	for _, tt := range readerTests {
		f.Add([]byte(tt.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		whole := summary(bytes.NewReader(in))
		if pieces := summary(iotest.OneByteReader(bytes.NewReader(in))); pieces != whole {
			t.Errorf("one by one:\n%s\nwhole:\n%s", pieces, whole)
		}
	})
}

// A line that nobody can read costs no line around it.
func FuzzRecordsAroundNoise(f *testing.F) {
	for _, noise := range []string{``, `{`, `{"id":`, `{"id":"`, `{"id":"1","x":[{`, `]`, `null`, `{"a":"\`, `{"id":"3"}`, `{"x":["a"`, `{"x":[[`, `[{"id":"3"}],`, ` [{"y":`, `{"calls":[{"id":"3"}]}`} {
		f.Add(noise)
	}
	f.Fuzz(func(t *testing.T, noise string) {
		if strings.ContainsAny(noise, "\n\r") {
			t.Skip()
		}
		// An open array or page goes on over line ends.
		if alone := summary(strings.NewReader(lines(`{"id":"111"}`, noise))); strings.Contains(alone, "\n! ") {
			t.Skip()
		}
		got := summary(strings.NewReader(lines(`{"id":"111"}`, noise, `{"id":"222"}`, `{"id":"333"}`)))
		if !strings.HasPrefix(got, "1 111\n") || !strings.HasSuffix(got, "\n3 222\n4 333") {
			t.Errorf("%q: %s", noise, got)
		}
	})
}
