package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	callOne   = `{"id":"1","started":"2026-01-01T00:00:00Z","title":"<one> & \"two\"","extra":{"a":[1,2]}}`
	callTwo   = `{"id":"20","started":"2026-01-02T00:00:00+01:00","workspaceId":"7","url":"https://there.example.com"}`
	callThree = `{"id":"3","started":"2026-01-03T00:00:00Z"}`
	callBad   = `{"id":"4","started":"2026-01-04T00:00:00Z","duration":-1,"direction":"Sideways"}`
)

func TestImport(t *testing.T) {
	c := newCLI(t)
	file := c.file("calls.ndjson", callOne, callBad, callTwo)
	got := c.run("import", "--app-url", "https://us-1.app.example.com/", "--workspace", "0042", file)
	want := outcome{
		code:   exitSkipped,
		stdout: "committed " + file + ":3\n",
		stderr: "made store " + c.env["CALLVAULT_DB"] + "\nmade company \"default\"\n" +
			file + ":2: duration: \"-1\" is not a whole number of at least 0\n" +
			file + ":2: direction: \"Sideways\" is not one of Inbound, Outbound, Conference, Unknown\n" +
			"3 records: 2 created, 0 changed, 0 unchanged, 1 skipped",
	}
	got.stderr, _, _ = strings.Cut(got.stderr, " in ")
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Error(diff)
	}
	lines := strings.Split(c.must("export"), "\n")
	for i, want := range []string{
		`"url":"https://us-1.app.example.com/call?id=1","title":"<one> & \"two\""`,
		`"url":"https://there.example.com","title":null`,
	} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("%s\nhas no %s", lines[i], want)
		}
	}
	for i, want := range []string{`"workspaceId":"42"`, `"workspaceId":"7"`} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("%s\nhas no %s", lines[i], want)
		}
	}
}

// A second run changes nothing, and says so.
func TestImportAgain(t *testing.T) {
	c := newCLI(t)
	file := c.file("calls.ndjson", callOne, callTwo, callThree, callOne)
	if got := c.run("import", file); got.code != exitOK || !strings.Contains(got.stderr, "4 records: 3 created, 0 changed, 0 unchanged, 1 superseded by a later record with the same id in ") {
		t.Errorf("%+v", got)
	}
	before := c.must("export")
	if got := c.run("import", file); got.code != exitOK || !strings.Contains(got.stderr, "0 created, 0 changed, 3 unchanged") {
		t.Errorf("%+v", got)
	}
	if after := c.must("export"); after != before {
		t.Errorf("got\n%swant\n%s", after, before)
	}
}

// However many bad records are printed, they are counted, and the exit code is
// the same.
func TestImportMaxErrors(t *testing.T) {
	c := newCLI(t)
	bad := ""
	for i := range 1002 {
		bad += strings.Replace(callBad, "-1", fmt.Sprint(-1-i), 1) + "\n"
	}
	for flag, want := range map[string]int{"--max-errors=3": 3, "--max-errors=0": 1002, "--quiet": 1000} {
		c.stdin = bad
		got := c.run("import", flag, "-")
		if n := strings.Count(got.stderr, ": duration: "); n != want || got.code != exitSkipped {
			t.Errorf("%s: %d records are printed, exit code %d", flag, n, got.code)
		}
		if strings.Contains(got.stderr, "--max-errors 0 prints all 1,002 bad records\n") != (want < 1002) {
			t.Errorf("%s: %.200s", flag, got.stderr[max(0, len(got.stderr)-200):])
		}
		c.stdin = bad
		got = c.run("import", "--strict", flag, c.file("bad.ndjson", bad))
		if n := strings.Count(got.stderr, ": duration: "); n != want || got.code != exitFailed || !strings.Contains(got.stderr, "1002 of 1002 records are bad") {
			t.Errorf("--strict %s: %d records are printed, exit code %d", flag, n, got.code)
		}
	}
	if got := c.run("import", "--max-errors=-1", "-"); got.code != exitUsage || !strings.Contains(got.stderr, `--max-errors "-1": use a whole number`) {
		t.Errorf("%+v", got)
	}
}

// One problem of many records is printed for three of them and counted; that of a file of
// another kind, once.
func TestImportOfBadRecordsAlike(t *testing.T) {
	c := newCLI(t)
	c.must("import", c.file("calls.ndjson", callOne))
	const bad = "duration: \"-1\" is not a whole number of at least 0\n"
	for lines, want := range map[string]string{
		callOne + "\n" + strings.Repeat(`{"id":"7","started":"2026-01-01T00:00:00Z","duration":-1}`+"\n", 40) + callTwo: "-:2: " + bad + "-:3: " + bad + "-:4: " + bad +
			"-:4: 37 more records with this problem\n--max-errors 0 prints all 40 bad records\n",
		strings.Repeat(`{"id":"7","firstName":"Ada"}`+"\n", 40): "-:1: it looks like a user; to import users, pass --kind users\n" +
			"-:1: 39 more records with this problem\n--max-errors 0 prints all 40 bad records\n",
	} {
		c.stdin = lines
		if got := c.run("import", "-q", "-"); got.code != exitSkipped || got.stderr != want {
			t.Errorf("got %+v\nwant %s", got, want)
		}
		c.stdin = lines
		if got := c.run("import", "--max-errors=0", "-"); strings.Count(got.stderr, "\n-:")+1 < 40 || strings.Contains(got.stderr, "more record") {
			t.Errorf("--max-errors=0: %+v", got)
		}
	}
}

func TestImportQuiet(t *testing.T) {
	c := newCLI(t)
	c.must("import", "--quiet", c.file("calls.ndjson", callOne))
	got := c.run("import", "-q", c.file("calls.ndjson", callTwo, callBad))
	if got.stdout != "" || strings.Count(got.stderr, "\n") != 2 {
		t.Errorf("%+v", got)
	}
}

// Strict: nothing is stored if any record is bad, and no store is made. A pipe is read once.
func TestImportStrict(t *testing.T) {
	c := newCLI(t)
	good, bad := c.file("good.ndjson", callOne), c.file("bad.ndjson", callTwo, callBad)
	got := c.run("import", "--strict", good, bad)
	if got.code != exitFailed || got.stdout != "" || !strings.Contains(got.stderr, bad+":2: duration: ") ||
		!strings.Contains(got.stderr, "1 of 3 records are bad; nothing was stored") {
		t.Errorf("%+v", got)
	}
	c.stdin = callBad
	if got := c.run("import", "--strict", good, "-"); got.code != exitFailed || !strings.Contains(got.stderr, "1 of 2 records are bad; nothing was stored") {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(c.env["CALLVAULT_DB"]); err == nil {
		t.Error("a store was made")
	}
	c.stdin = callThree
	if got := c.run("import", "--strict", good, "-", c.file("two.ndjson", callTwo)); got.code != exitOK || strings.Count(c.must("export"), "\n") != 3 {
		t.Errorf("%+v", got)
	}
}

// What is no problem is said once.
func TestImportStrictNotes(t *testing.T) {
	c := newCLI(t)
	got := c.run("import", "--strict", c.file("calls.csv", "id,started,team", "1,2026-01-01T00:00:00Z,red"))
	if got.code != exitOK || strings.Count(got.stderr, "further fields") != 1 {
		t.Errorf("%+v", got)
	}
}

// Files are looked at before anything is stored.
func TestImportOfNoFile(t *testing.T) {
	c := newCLI(t)
	missing := filepath.Join(t.TempDir(), "missing.json")
	for name, want := range map[string]string{missing: "callvault: " + missing + ": no such file", t.TempDir(): "is a folder; name the files in it"} {
		got := c.run("import", c.file("good.ndjson", callOne), name)
		if got.code != exitFailed || !strings.Contains(got.stderr, name) || !strings.Contains(got.stderr, want) {
			t.Errorf("%+v", got)
		}
	}
	if _, err := os.Stat(c.env["CALLVAULT_DB"]); err == nil {
		t.Error("a store was made")
	}
}

// What was read before a source breaks is kept, and said to be.
func TestImportOfABrokenFile(t *testing.T) {
	c := newCLI(t)
	file := c.file("calls.json", "["+callOne+",", callTwo+",")
	got := c.run("import", file)
	if got.code != exitFailed || got.stdout != "committed "+file+":2\n" ||
		!strings.Contains(got.stderr, "kept so far: 2 created, 0 changed, 0 unchanged\n") ||
		!strings.Contains(got.stderr, file+":3: the file ends within a JSON array") {
		t.Errorf("%+v", got)
	}
}

// Where nothing is kept, nothing is said of it.
func TestImportOfAnotherHeader(t *testing.T) {
	c := newCLI(t)
	got := c.run("import", c.file("calls.csv", "call_id,start_time", "1,2026-01-31T09:00:00Z"))
	if got.code != exitFailed || strings.Contains(got.stderr, "kept") || !strings.Contains(got.stderr, "; name the columns as fields") {
		t.Errorf("%+v", got)
	}
}

// What was stored from a damaged file may be damaged, and is said to be, except
// where nothing was stored.
func TestImportOfADamagedFile(t *testing.T) {
	c := newCLI(t)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	io.WriteString(w, callOne+"\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	packed.Bytes()[packed.Len()-5]++ // of the checksum
	file := filepath.Join(t.TempDir(), "calls.gz")
	if err := os.WriteFile(file, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	const warning = "calls stored from this file may be damaged"
	if got := c.run("import", "--strict", file); got.code != exitFailed || strings.Contains(got.stderr, warning) || !strings.Contains(got.stderr, "nothing was stored") {
		t.Errorf("%+v", got)
	}
	got := c.run("import", file)
	if got.code != exitFailed || got.stdout != "committed "+file+":1\n" || !strings.Contains(got.stderr, "gzip: the compressed data is damaged") || !strings.Contains(got.stderr, warning) {
		t.Errorf("%+v", got)
	}
}

func TestExport(t *testing.T) {
	c := newCLI(t)
	c.must("import", c.file("calls.ndjson", callThree, callTwo, callOne))
	all := c.must("export")
	for i, id := range []string{"1", "20", "3"} {
		if line := strings.Split(all, "\n")[i]; !strings.HasPrefix(line, fmt.Sprintf(`{"id":"%s",`, id)) {
			t.Errorf("line %d is %s", i+1, line)
		}
	}
	for args, want := range map[string]int{
		"--from 2026-01-02":                                     1,
		"--from 2026-01-01T23:00:00Z":                           2,
		"--to 2026-01-03":                                       2,
		"--from 2026-01-01 --to 2026-01-02":                     2,
		"--workspace 7":                                         1,
		"--workspace 07 --to 2026-01-01":                        0,
		"--from 2026-01-01T00:00:00.000000001Z --to 3000-01-01": 2,
	} {
		if got := strings.Count(c.must(append([]string{"export"}, strings.Fields(args)...)...), "\n"); got != want {
			t.Errorf("%s: %d calls, want %d", args, got, want)
		}
	}
	copied := newCLI(t)
	copied.stdin = all
	copied.must("import", "-")
	if got := copied.must("export"); got != all {
		t.Errorf("the copy is\n%snot\n%s", got, all)
	}
}

// A file appears under its name only when it is complete.
func TestExportToFile(t *testing.T) {
	c := newCLI(t)
	c.must("import", c.file("calls.ndjson", callOne, callTwo))
	folder := t.TempDir()
	path := filepath.Join(folder, "out.ndjson")
	for name, want := range map[string]string{"calls": "exported 2 calls to %s as ndjson\n", "calls.gz": "exported 2 calls to %s as ndjson\n", "calls.csv": "exported 2 calls to %s as csv\n"} {
		other := filepath.Join(t.TempDir(), name)
		if got := c.run("export", other); got.stderr != strings.Replace(want, "%s", other, 1) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	tsv := filepath.Join(t.TempDir(), "calls.tsv")
	for _, flag := range []string{"-o", "--output"} {
		if got := c.run("export", "--force", flag, "csv", tsv); got.stderr != "exported 2 calls to "+tsv+" as csv\n" {
			t.Errorf("with a format: %+v", got)
		}
	}
	if got := c.run("export", path); got.code != exitOK || got.stdout != "" {
		t.Errorf("%+v", got)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != c.must("export") {
		t.Errorf("%q, %v", content, err)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestDelete(t *testing.T) {
	c := newCLI(t)
	c.must("import", c.file("calls.ndjson", callOne, callTwo, callThree))
	got := c.run("delete", "--yes", "--id", "20,9", "--id", "9")
	if want := (outcome{exitOK, "deleted 1\n", "deleted 1 call; 1 id not found\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	got = c.run("delete", "--yes", "--before", "2026-01-03")
	if want := (outcome{exitOK, "deleted 1\n", "deleted 1 call\n"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if left := c.must("export"); !strings.HasPrefix(left, `{"id":"3",`) || strings.Count(left, "\n") != 1 {
		t.Errorf("left is %s", left)
	}
	if got := c.run("delete", "--yes", "--before", "2026-01-03"); got.stdout != "" || got.stderr != "deleted 0 calls\n" {
		t.Errorf("got %+v", got)
	}
}

// What is not there is named, with what is.
func TestNoStoreAndNoCompany(t *testing.T) {
	c := newCLI(t)
	for _, args := range []string{"export", "delete --yes --id 1", "key list", "key revoke A"} {
		got := c.run(strings.Fields(args)...)
		if got.code != exitFailed || !strings.Contains(got.stderr, "there is no store at "+c.env["CALLVAULT_DB"]) {
			t.Errorf("%s: %+v", args, got)
		}
	}
	c.must("import", "--company", "acme", c.file("calls.ndjson", callOne))
	for _, args := range []string{"export", "delete --yes --id 1", "key list", "key revoke A"} {
		got := c.run(strings.Fields(args)...)
		if want := "there is no company \"default\" in this store; it has acme\n"; got.code != exitFailed || !strings.HasSuffix(got.stderr, want) {
			t.Errorf("%s: %+v", args, got)
		}
	}
	if got := strings.Count(c.must("export", "--company", "acme"), "\n"); got != 1 {
		t.Errorf("%d calls of acme", got)
	}
}
