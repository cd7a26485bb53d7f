package conformance

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// compressed is a text as gzip has it.
func compressed(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// savedPage is a response page with some calls in it.
func savedPage(calls ...string) string {
	return `{"requestId":"4al018gzaztcr8nbukw","records":{"totalRecords":3,"currentPageSize":1,"currentPageNumber":0,"cursor":"x"},"calls":[` + strings.Join(calls, ",") + "]}"
}

// The same calls in every format, from a file and from standard input, give
// the same store: its export is what came in, byte for byte.
func TestFormats(t *testing.T) {
	want := testdata(t, "calls.ndjson")
	lines := strings.Split(strings.TrimSuffix(want, "\n"), "\n")
	sources := map[string]string{
		"ndjson":           want,
		"no newline":       strings.TrimSuffix(want, "\n"),
		"windows":          strings.ReplaceAll(want, "\n", "\r\n"),
		"array":            "[" + strings.Join(lines, ",\n") + "]",
		"page":             savedPage(lines...),
		"pages in a row":   savedPage(lines[2]) + savedPage() + "\n" + savedPage(lines[0], lines[1]) + "\n",
		"csv":              testdata(t, "calls.csv"),
		"gzip":             compressed(t, want),
		"two gzips":        compressed(t, lines[1]+"\n") + compressed(t, lines[0]+"\n"+lines[2]),
		"gzip of csv":      compressed(t, testdata(t, "calls.csv")),
		"zstd":             testdata(t, "calls.ndjson.zst"),
		"one call twice":   strings.Replace(lines[0], "Zoom", "WebEx", 1) + "\n" + want,
		"mixed and spaced": "\n\n " + savedPage(lines[1]) + "\n\n[ " + lines[0] + " ]\n\t" + lines[2],
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			c := newCLI(t)
			c.must("import", c.file("source", source))
			if diff := cmp.Diff(want, c.must("export")); diff != "" {
				t.Errorf("from a file (-want +got)\n%s", diff)
			}
			c.must("delete", "--yes", "--before", "2100-01-01")
			if got := c.pipe(source, "import", "--strict", "-"); got.code != exitOK {
				t.Errorf("%+v", got)
			}
			if diff := cmp.Diff(want, c.must("export")); diff != "" {
				t.Errorf("from standard input (-want +got)\n%s", diff)
			}
		})
	}
}

// Bad records are named by file, line and field, and skipped; with --strict
// nothing is stored then.
func TestBadRecords(t *testing.T) {
	bad := `{"id":"x1","started":"2026-01-05T08:00:00Z"}
{"id":"1","started":"2026-01-05T08:00:00Z"}
{"id":"2"}
{"id":"3","started":"2026-01-05","duration":-1,"direction":"Sideways"}
{"id":"4","started":"2026-01-05T08:00:00Z","workspaceId":"007"}
nonsense
{"id":"5","started":"2026-01-05T08:00:00Z","title":"` + "\xff" + `"}
{"id":"6","started":"2026-01-05T08:00:00Z","title":"a","title":"b"}
`
	c := newCLI(t)
	file := c.file("bad.ndjson", bad)
	if got := c.run("import", "--strict", file); got.code != exitFailed || !strings.Contains(got.stderr, "nothing was stored") {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(c.db()); err == nil {
		t.Error("a store was made")
	}
	got := c.run("import", file)
	if got.code != exitSkipped || got.stdout != "committed bad.ndjson:8\n" {
		t.Errorf("%+v", got)
	}
	for _, want := range []string{
		"bad.ndjson:1: id: ", "bad.ndjson:3: started: ", "bad.ndjson:4: started: ", "bad.ndjson:4: duration: ", "bad.ndjson:4: direction: ",
		"bad.ndjson:5: workspaceId: ", "bad.ndjson:6: ", "bad.ndjson:7: not valid JSON: ", "bad.ndjson:8: not valid JSON: ",
	} {
		if !strings.Contains("\n"+got.stderr, "\n"+want) {
			t.Errorf("no line begins with %q in\n%s", want, got.stderr)
		}
	}
	if ids := idsOf(c.must("export")); !cmp.Equal(ids, []string{"1"}) {
		t.Errorf("kept are %q", ids)
	}
}

// idsOf are the ids of the lines of an export.
func idsOf(export string) (ids []string) {
	for line := range strings.Lines(export) {
		ids = append(ids, idOf(line))
	}
	return ids
}

func TestExitCodes(t *testing.T) {
	c := newCLI(t)
	good, bad := c.file("good.ndjson", noonOne+"\n"), c.file("bad.ndjson", "{}\n"+noonTwo+"\n")
	for _, tt := range []struct {
		args string
		want int
	}{
		{"export", exitFailed}, // there is no store yet
		{"import " + good, exitOK},
		{"import " + bad, exitSkipped},
		{"import --strict " + bad, exitFailed},
		{"import missing.ndjson", exitFailed},
		{"import", exitUsage},
		{"import --fast " + good, exitUsage},
		{"export --company nobody", exitFailed},
		{"export --from yesterday", exitUsage},
		{"delete --id 9", exitUsage}, // nobody to ask
		{"delete --yes --id 9", exitOK},
		{"serve --page-size 0", exitUsage},
		{"serve --listen nowhere:-1", exitUsage},
		{"key revoke nobody", exitFailed},
		{"version", exitOK},
		{"--help", exitOK},
		{"frobnicate", exitUsage},
	} {
		if got := c.run(strings.Fields(tt.args)...); got.code != tt.want || got.code != exitOK && got.stderr == "" {
			t.Errorf("callvault %s: %+v, want %d", tt.args, got, tt.want)
		}
	}
}

// What is exported and imported into an empty store is exported again, and
// served, as it was; to import it once more changes nothing.
func TestExportIsWhatIsImported(t *testing.T) {
	c, copied := newCLI(t), newCLI(t)
	s := c.demo("--page-size", "1000", "--limit", "off")
	c.put("default", s.as(s.demoKey()).walk(everything())...)
	all := c.must("export")
	if got := copied.pipe(all, "import", "-"); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	if got := copied.must("export"); got != all {
		t.Errorf("the copy differs: %d bytes, not %d", len(got), len(all))
	}
	if got := copied.pipe(all, "import", "-"); got.code != exitOK || !strings.Contains(got.stderr, "0 created, 0 changed, 10,000 unchanged") {
		t.Errorf("a second run: %+v", got)
	}
	k := copied.key()
	served := copied.serve("--page-size", "1000").as(k).walk(everything())
	if got := strings.Join(served, "\n") + "\n"; got != all {
		t.Errorf("what is served, %d calls, is not what is exported", len(served))
	}
}

// Deleted calls are gone: from the list, from its totals, and from the pages
// of a walk under way, which goes on.
func TestDelete(t *testing.T) {
	c, client := newNoon(t, "--page-size", "1")
	first := client.page(noonQuery)
	c.must("delete", "--yes", "--id", "10")
	second := client.page("cursor=" + *first.Records.Cursor)
	if got := idOf(second.documents()[0]); got != "18446744073709551617" {
		t.Errorf("after 9 comes %s", got)
	}
	if p := client.page(noonQuery); p.Records.TotalRecords != 2 {
		t.Errorf("%+v", p.Records)
	}
	c.must("delete", "--yes", "--before", "2026-03-05")
	emptied := client.page("cursor=" + *first.Records.Cursor)
	if r := emptied.Records; len(emptied.Calls) != 0 || r.Cursor != nil || r.CurrentPageNumber != 1 || r.TotalRecords != 3 {
		t.Errorf("the page that deletes have emptied says %+v", r)
	}
	wantErrors(t, client.get(noonQuery), http.StatusNotFound, noCalls)
	if got := c.run("delete", "--yes", "--id", "10"); got.code != exitOK || !strings.Contains(got.stderr, "deleted 0 calls; 1 id had none") {
		t.Errorf("%+v", got)
	}
	c.put("default", noonTwo)
	if p := client.page(noonQuery); p.Records.TotalRecords != 1 {
		t.Errorf("put again: %+v", p.Records)
	}
}
