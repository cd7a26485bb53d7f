package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/bulk"
)

// Calls are the same, to the byte, from a store and from its server, in every
// format and by every way of asking.
func TestCallsOfStoreAndServer(t *testing.T) {
	c, g := newListed(t, 33)
	exported := c.must("export")
	for _, format := range []string{"ndjson", "json", "csv", "parquet", "table"} {
		store := c.must(january("-o", format)...)
		server := c.must(january("-o", format, "--url", g.URL)...)
		if store != server || store == "" {
			t.Errorf("%s: from the store\n%s\nfrom the server\n%s", format, store, server)
		}
		if format == "ndjson" && store != exported {
			t.Errorf("listed\n%s\nexported\n%s", store, exported)
		}
		if format == "table" {
			continue
		}
		file := filepath.Join(t.TempDir(), "calls."+format)
		got := c.run(exportJanuary("--url", g.URL, file)...)
		content, err := os.ReadFile(file)
		if err != nil || string(content) != store || got.code != exitOK || got.stdout != "" {
			t.Errorf("%s: %v, %+v", file, err, got)
		}
		if want := "exported 33 calls to " + file + " as " + format + "\n"; got.stderr != want {
			t.Errorf("said %q, want %q", got.stderr, want)
		}
	}
	if got := c.run(january("-q", "-o", "ndjson", "--url", g.URL+"/")...); got.code != exitOK || got.stdout != exported || got.stderr != "" {
		t.Errorf("quietly: %+v", got)
	}
}

// Off a terminal a table has every column, its texts whole and its times with their
// offset.
func TestCallsTable(t *testing.T) {
	c := newCLI(t)
	c.stdin = `{"id":"7782342274025937895","title":"\u001b[2JReview\nwith 会議","started":"2026-03-29T00:30:00Z","duration":460,"direction":"Outbound","system":"Outreach"}
{"id":"2","started":"2026-03-29T01:30:00Z"}`
	c.must("import", "-")
	got := c.must("calls", "--from", "2026-03-29", "--to", "2026-03-30", "--tz", "Europe/Berlin")
	want := `TIME                       DURATION  DIRECTION   SYSTEM        ID                    TITLE
2026-03-29T01:30:00+01:00      7:40  Outbound    Outreach      7782342274025937895   �[2JReview with 会議
2026-03-29T03:30:00+02:00         -  -           -             2                     -
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestCallsLimit(t *testing.T) {
	c, g := newListed(t, 33)
	for flag, want := range map[string]string{
		"--limit=5":   "the first 5 of 33 calls",
		"--limit=10":  "the first 10 of 33 calls",
		"--limit=33":  "33 calls",
		"--limit=100": "33 calls",
		"--limit=0":   "33 calls",
	} {
		for _, source := range []string{"--tz=UTC", "--url=" + g.URL} {
			before := g.count()
			got := c.run(january("-o", "ndjson", flag, source)...)
			limit := 33
			fmt.Sscanf(want, "the first %d", &limit)
			if got.code != exitOK || strings.Count(got.stdout, "\n") != limit || !strings.HasSuffix(got.stderr, "\n"+want+"\n") {
				t.Errorf("%s %s: %+v", flag, source, got)
			}
			if requests := g.count() - before; limit <= 10 && requests > 1 {
				t.Errorf("%s: %d requests for a page of 10", flag, requests)
			}
		}
	}
}

// A range without calls is no error.
func TestCallsNone(t *testing.T) {
	c, g := newListed(t, 1)
	for format, want := range map[string]string{"json": "[]\n", "ndjson": "", "table": ""} {
		for source, said := range map[string]string{"--tz=UTC": "no calls", "--url=" + g.URL: "no calls"} {
			got := c.run("calls", "--from", "2025", "--to", "2026", "-o", format, source)
			if got.code != exitOK || got.stdout != want || !strings.HasSuffix(got.stderr, "\n"+said+"\n") {
				t.Errorf("%s %s: %+v", format, source, got)
			}
		}
	}
	got := c.run("calls", "--workspace", "1", "--from", "2026-01", "--url", g.URL)
	if got.code != exitOK || !strings.HasSuffix(got.stderr, "\nno calls\n") {
		t.Errorf("of another workspace: %+v", got)
	}
}

// A call that breaks the contract is reported and passed over; what a server says
// cannot act on the terminal.
func TestCallsSkipped(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"requestId":"\u001b[2J","records":{"totalRecords":2,"currentPageSize":2,"currentPageNumber":0},
			"calls":[{"id":"1","isPrivate":"perhaps","started":"2026-01-05T09:00:00Z"},{"id":"2","started":"2026-01-05T09:00:00Z"}]}`)
	}))
	defer server.Close()
	c := newCLI(t)
	c.env["CALLVAULT_TOKEN"] = "token"
	for _, flag := range []string{"--output=table", "--histogram=month"} {
		got := c.run(january("--url", server.URL, flag)...)
		if got.code != exitSkipped || !strings.Contains(got.stderr, "skipped: call 1 of the answer to request �[2J: isPrivate: must be ") || !strings.Contains(got.stderr, "\n1 call") {
			t.Errorf("%s: %+v", flag, got)
		}
		if lines := strings.Split(got.stdout, "\n"); len(lines) < 2 || strings.Contains(got.stdout, "\x1b") {
			t.Errorf("%s: %q", flag, got.stdout)
		}
	}
}

// An interrupt in mid-walk leaves a whole file of what was read, in every format, under
// another name.
func TestExportInterruptedOfServer(t *testing.T) {
	c, g := newListed(t, 33)
	for _, format := range []string{"ndjson", "json", "csv", "parquet"} {
		file := filepath.Join(t.TempDir(), "calls."+format)
		partial := strings.TrimSuffix(file, format) + "partial." + format
		got := c.runContext(g.heldAt(t, g.count()+3), nil, exportJanuary("--url", g.URL, file)...)
		want := "callvault: interrupted: 20 of 33 calls are in " + partial + "; go on with --from 2026-01-07T08:00:00Z\n"
		if got.code != exitFailed || got.stderr != want {
			t.Errorf("%s: %+v", format, got)
		}
		g.answer = func(http.ResponseWriter, *http.Request, int) bool { return false }
		if whole := c.must(january("--url", g.URL, "-o", format, "--limit", "20")...); whole != read(t, partial) {
			t.Errorf("%s: an interrupted file is not that of 20 calls", format)
		}
		// On standard output it is the same.
		got = c.runContext(g.heldAt(t, g.count()+3), nil, january("--url", g.URL, "-o", format)...)
		if got.code != exitFailed || got.stdout != read(t, partial) || !strings.Contains(got.stderr, "interrupted: 20 of 33 calls are on standard output") {
			t.Errorf("%s on standard output: code %d, %s", format, got.code, got.stderr)
		}
		g.answer = func(http.ResponseWriter, *http.Request, int) bool { return false }
	}
}

// A store is interrupted as a server is.
func TestCallsOfStoreInterrupted(t *testing.T) {
	c := newCLI(t)
	c.stdin = strings.ReplaceAll(numbered(90), "Call", strings.Repeat("call ", 2000)) // more than is written at a time
	c.must("import", "-")
	ctx, cancel := context.WithCancel(t.Context())
	var stdout, stderr bytes.Buffer
	code := run(ctx, january("-o", "json"), c.lookup, nil, &cancelling{&stdout, cancel}, &stderr)
	var calls []struct{ Started string }
	if err := json.Unmarshal(stdout.Bytes(), &calls); err != nil || code != exitFailed || len(calls) == 0 || len(calls) == 90 {
		t.Fatalf("%v, code %d, %d calls: %s", err, code, len(calls), stderr.String())
	}
	want := fmt.Sprintf("callvault: interrupted: %d of 90 calls are on standard output; go on with --from %s\n", len(calls), calls[len(calls)-1].Started)
	if !strings.HasSuffix(stderr.String(), want) {
		t.Errorf("said %q, want %q", stderr.String(), want)
	}
}

// cancelling cancels when something is written.
type cancelling struct {
	io.Writer
	cancel context.CancelFunc
}

func (w *cancelling) Write(p []byte) (int, error) {
	w.cancel()
	return w.Writer.Write(p)
}

// FILE is whole or absent: a part of a server's list is beside it until it is whole, and
// what is there is overwritten with --force alone.
func TestExportLeavesWhatIsThere(t *testing.T) {
	c, g := newListed(t, 33)
	folder := t.TempDir()
	file := filepath.Join(folder, "calls.json")
	got := c.runContext(g.heldAt(t, 1), nil, exportJanuary("--url", g.URL, file)...)
	if got.code != exitFailed || got.stderr != "callvault: interrupted; nothing was written\n" {
		t.Errorf("got %+v", got)
	}
	if names := folderOf(t, folder); names != "" {
		t.Errorf("it left %s", names)
	}
	g.answer = func(w http.ResponseWriter, _ *http.Request, number int) bool {
		return number > 3 && refuse(w, http.StatusBadRequest, "\x1b[2Jno more")
	}
	got = c.run(exportJanuary("--url", g.URL, file)...)
	partial := filepath.Join(folder, "calls.partial.json")
	want := "callvault: the server answered 400: �[2Jno more (request 4al018gzaztcr8nbukw): 20 of 33 calls are in " + partial + "; go on with --from 2026-01-07T08:00:00Z\n"
	if got.code != exitFailed || got.stderr != want {
		t.Errorf("got  %s\nwant %s", got.stderr, want)
	}
	if folderOf(t, folder) != "calls.partial.json" || strings.Count(read(t, partial), `"id"`) != 20 {
		t.Errorf("%s is there", folderOf(t, folder))
	}
	g.answer = func(http.ResponseWriter, *http.Request, int) bool { return false }
	c.must(exportJanuary("--url", g.URL, file)...)
	if strings.Count(read(t, file), `"id"`) != 33 || folderOf(t, folder) != "calls.json" {
		t.Errorf("%s, of %d bytes", folderOf(t, folder), len(read(t, file)))
	}
	for _, source := range []string{"--tz=UTC", "--url=" + g.URL} {
		before := g.count()
		if got := c.run("export", source, "--from", "2026-01-02", file); got.code != exitFailed || got.stderr != "callvault: "+file+" exists; pass --force to overwrite it\n" || g.count() != before {
			t.Errorf("got %+v after %d requests", got, g.count()-before)
		}
		if c.must("export", source, "--from", "2026-01-02", "--force", file); strings.Count(read(t, file), `"id"`) != 30 {
			t.Errorf("with --force: %d bytes", len(read(t, file)))
		}
	}
	// A store can be interrupted too, and here before its first call.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := c.runContext(ctx, nil, exportJanuary("--force", file)...); got.code != exitFailed || strings.Count(read(t, file), `"id"`) != 30 {
		t.Errorf("got %+v", got)
	}
}

// A disk that is full is an error, and leaves nothing.
func TestCallsCannotBeWritten(t *testing.T) {
	c, _ := newListed(t, 3)
	if _, err := os.Stat("/dev/full"); err == nil {
		for range 2 { // at the end, and then in the middle
			if got := c.run(exportJanuary("-o", "ndjson", "/dev/full")...); got.code != exitFailed || !strings.Contains(got.stderr, "callvault: write /dev/full: ") {
				t.Errorf("got %+v", got)
			}
			c.stdin = strings.ReplaceAll(numbered(10), "Call", strings.Repeat("call ", 10_000))
			c.must("import", "-")
		}
	}
	file := filepath.Join(t.TempDir(), "missing", "calls.json")
	if got := c.run(exportJanuary(file)...); got.code != exitFailed || !strings.Contains(got.stderr, "callvault: write "+file+": ") {
		t.Errorf("got %+v", got)
	}
}

// A server that asks for patience is waited for, in words; a cursor that has expired
// does not end the walk.
func TestCallsGoOn(t *testing.T) {
	c, g := newListed(t, 33)
	g.answer = func(w http.ResponseWriter, _ *http.Request, number int) bool {
		switch number {
		case 2:
			w.Header().Set("Retry-After", "1")
			return refuse(w, http.StatusTooManyRequests, "API request limit exceeded")
		case 4:
			return refuse(w, http.StatusBadRequest, "cursor has expired")
		}
		return false
	}
	got := c.run(january("-o", string(bulk.NDJSON), "--url", g.URL)...)
	if got.code != exitOK || got.stdout != c.must("export") {
		t.Errorf("got %+v", got)
	}
	want := "\nwaiting 1s: the server answered 429: API request limit exceeded (retry in 1s) (request 4al018gzaztcr8nbukw)\n33 calls\n"
	if !strings.HasSuffix(got.stderr, want) {
		t.Errorf("said %q", got.stderr)
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

// folderOf are the names in a folder.
func folderOf(t *testing.T, path string) string {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " ")
}
