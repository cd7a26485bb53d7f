package program_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault/internal/program"
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
			c := program.New(t)
			c.Must("import", c.File("source", source))
			if diff := cmp.Diff(want, c.Must("export")); diff != "" {
				t.Errorf("from a file (-want +got)\n%s", diff)
			}
			c.Must("delete", "--yes", "--before", "2100-01-01")
			if got := c.Pipe(source, "import", "-"); got.Code != program.ExitOK {
				t.Errorf("%+v", got)
			}
			if diff := cmp.Diff(want, c.Must("export")); diff != "" {
				t.Errorf("from standard input (-want +got)\n%s", diff)
			}
		})
	}
}

// What is exported in any format is imported as the same store: the same calls with
// the same numbers.
func TestExportComesBack(t *testing.T) {
	c := program.New(t)
	c.Must("import", c.File("nothing.json", "[]"))
	// A digest has the secret of cursors in it, which each store makes for itself.
	alike := func() *program.CLI {
		other := program.New(t)
		c.Must("copy", "--from", c.DB, "--to", other.DB)
		return other
	}
	original := alike()
	original.Must("import", original.File("calls.ndjson", testdata(t, "calls.ndjson")+testdata(t, "recorded.ndjson")))
	want := original.Must("check", "--digest")
	for _, name := range []string{"calls.ndjson", "calls.json", "calls.csv", "calls.parquet", "calls.json.gz", "calls.csv.zst"} {
		file := filepath.Join(t.TempDir(), name)
		original.Must("export", file)
		copied := alike()
		copied.Must("import", "--strict", file)
		if got := copied.Must("check", "--digest"); got != want {
			t.Errorf("%s: the digest is %q, not %q", name, got, want)
		}
		again := filepath.Join(t.TempDir(), name)
		copied.Must("export", again)
		if read(t, again) != read(t, file) {
			t.Errorf("%s: equal stores gave other bytes", name)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
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
	c := program.New(t)
	file := c.File("bad.ndjson", bad)
	if got := c.Run("import", "--strict", file); got.Code != program.ExitFailed || !strings.Contains(got.Stderr, "nothing was stored") {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(c.DB); err == nil {
		t.Error("a store was made")
	}
	got := c.Run("import", file)
	if got.Code != program.ExitSkipped || got.Stdout != "committed bad.ndjson:8\n" {
		t.Errorf("%+v", got)
	}
	for _, want := range []string{
		"bad.ndjson:1: id: ", "bad.ndjson:3: started: ", "bad.ndjson:4: started: ", "bad.ndjson:4: duration: ", "bad.ndjson:4: direction: ",
		"bad.ndjson:5: workspaceId: ", "bad.ndjson:6: ", "bad.ndjson:7: title: is not valid UTF-8", "bad.ndjson:8: title: appears twice",
	} {
		if !strings.Contains("\n"+got.Stderr, "\n"+want) {
			t.Errorf("no line begins with %q in\n%s", want, got.Stderr)
		}
	}
	if ids := idsOf(c.Must("export")); !cmp.Equal(ids, []string{"1"}) {
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
	c := program.New(t)
	good, bad := c.File("good.ndjson", noonOne+"\n"), c.File("bad.ndjson", "{}\n"+noonTwo+"\n")
	for _, tt := range []struct {
		args string
		want int
	}{
		{"export", program.ExitFailed}, // there is no store yet
		{"import " + good, program.ExitOK},
		{"import " + bad, program.ExitSkipped},
		{"import --strict " + bad, program.ExitFailed},
		{"import missing.ndjson", program.ExitFailed},
		{"import", program.ExitUsage},
		{"import --fast " + good, program.ExitUsage},
		{"export --company nobody", program.ExitFailed},
		{"export --from soon", program.ExitUsage},
		{"delete --id 9", program.ExitUsage}, // nobody to ask
		{"delete --yes --id 9", program.ExitOK},
		{"serve --page-size 0", program.ExitUsage},
		{"serve --listen nowhere:-1", program.ExitUsage},
		{"key revoke nobody", program.ExitFailed},
		{"version", program.ExitOK},
		{"--help", program.ExitOK},
		{"frobnicate", program.ExitUsage},
	} {
		if got := c.Run(strings.Fields(tt.args)...); got.Code != tt.want || got.Code != program.ExitOK && got.Stderr == "" {
			t.Errorf("callvault %s: %+v, want %d", tt.args, got, tt.want)
		}
	}
}

// What is exported and imported into an empty store is exported again, and
// served, as it was; to import it once more changes nothing.
func TestExportIsWhatIsImported(t *testing.T) {
	c, copied := program.New(t), program.New(t)
	s := demo(c, "--page-size", "1000", "--rate-limit", "off")
	c.Put("default", as(s, demoKey(s)).Walk(program.Everything())...)
	all := c.Must("export")
	if got := copied.Pipe(all, "import", "-"); got.Code != program.ExitOK {
		t.Fatalf("%+v", got)
	}
	if got := copied.Must("export"); got != all {
		t.Errorf("the copy differs: %d bytes, not %d", len(got), len(all))
	}
	if got := copied.Pipe(all, "import", "-"); got.Code != program.ExitOK || !strings.Contains(got.Stderr, "0 created, 0 changed, 10,000 unchanged") {
		t.Errorf("a second run: %+v", got)
	}
	k := copied.Key()
	served := copied.Serve("--page-size", "1000").As(k).Walk(program.Everything())
	if got := strings.Join(served, "\n") + "\n"; got != all {
		t.Errorf("what is served, %d calls, is not what is exported", len(served))
	}
}

// Deleted calls are gone: from the list, from its totals, and from the pages
// of a walk under way, which goes on.
func TestDelete(t *testing.T) {
	c, client := newNoon(t, "--page-size", "1")
	first := client.Page(noonQuery)
	c.Must("delete", "--yes", "--id", "10")
	second := client.Page("cursor=" + *first.Records.Cursor)
	if got := idOf(second.Documents()[0]); got != "18446744073709551617" {
		t.Errorf("after 9 comes %s", got)
	}
	if p := client.Page(noonQuery); p.Records.TotalRecords != 2 {
		t.Errorf("%+v", p.Records)
	}
	c.Must("delete", "--yes", "--before", "2026-03-05")
	emptied := client.Page("cursor=" + *first.Records.Cursor)
	if r := emptied.Records; len(emptied.Calls) != 0 || r.Cursor != nil || r.CurrentPageNumber != 1 || r.TotalRecords != 3 {
		t.Errorf("the page that deletes have emptied says %+v", r)
	}
	program.WantErrors(t, client.Get(noonQuery), http.StatusNotFound, noCalls)
	if got := c.Run("delete", "--yes", "--id", "10"); got.Code != program.ExitOK || !strings.Contains(got.Stderr, "deleted 0 calls; 1 id not found") {
		t.Errorf("%+v", got)
	}
	c.Put("default", noonTwo)
	if p := client.Page(noonQuery); p.Records.TotalRecords != 1 {
		t.Errorf("put again: %+v", p.Records)
	}
}
