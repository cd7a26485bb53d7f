package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// telling is a server that answers its requests in turn, and the last of its
// answers for ever; an answer that is a number is a status. Its token is set.
func telling(t *testing.T, answers ...string) (*cli, *httptest.Server) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := answers[min(int(requests.Add(1)), len(answers))-1]
		switch status, err := strconv.Atoi(answer); {
		case err == nil && status == http.StatusNotFound:
			refuse(w, status, "No calls found corresponding to the provided filters")
		case err == nil:
			refuse(w, status, "no")
		default:
			io.WriteString(w, answer)
		}
	}))
	t.Cleanup(server.Close)
	c := newCLI(t)
	c.env["CALLVAULT_TOKEN"] = "token"
	return c, server
}

// pageOf is a page with some of the calls that numbered has, from one to another.
func pageOf(total int, cursor string, from, to int) string {
	if cursor != "" {
		cursor = `,"cursor":"` + cursor + `"`
	}
	lines := strings.Split(strings.TrimSpace(numbered(to)), "\n")
	return fmt.Sprintf(`{"requestId":"r","records":{"totalRecords":%d,"currentPageSize":%d%s},"calls":[%s]}`, total, to-from+1, cursor, strings.Join(lines[from-1:to], ","))
}

// An answer that is not a page of calls is an error, and takes no file's place.
func TestCallsOfNoPage(t *testing.T) {
	for answer, want := range map[string]string{
		`{}`:                      `it has no "calls"`,
		`{"error":"maintenance"}`: `it has no "calls"; it says: maintenance`,
		`{"message":"log in"}`:    `it has no "calls"; it says: log in`,
		`{"records":{"totalRecords":3},"requestId":"r"}`: `it has no "calls"`,
		`{"calls":null}`:             `its "calls" are null, not an array`,
		`<html>Welcome to the hotel`: "it is HTML or XML; check --url, and whether a proxy or a login page answers instead",
		"":                           "it is empty",
	} {
		c, server := telling(t, answer)
		host := strings.TrimPrefix(server.URL, "http://")
		file := c.file("calls.ndjson", "what was there")
		got := c.run(exportJanuary("-q", "--force", "--url", server.URL, file)...)
		if want := "callvault: the answer of " + host + " is not a page of calls: " + want + "; nothing was written\n"; got.code != exitFailed || got.stderr != want {
			t.Errorf("%s: %+v", answer, got)
		}
		if kept := read(t, file); kept != "what was there\n" {
			t.Errorf("%s: the file has %q", answer, kept)
		}
		for _, flag := range []string{"--output=json", "--histogram=month"} {
			if got := c.run(january("--url", server.URL, flag)...); got.code != exitFailed || got.stdout != "" || !strings.Contains(got.stderr, want) {
				t.Errorf("%s %s: %+v", answer, flag, got)
			}
		}
	}
	c, server := telling(t, `{"calls":[]}`)
	file := c.file("calls.ndjson", "what was there")
	if got := c.run(exportJanuary("--force", "--url", server.URL, file)...); got.code != exitOK || !strings.HasSuffix(got.stderr, "exported no calls to "+file+" as ndjson\n") || read(t, file) != "" {
		t.Errorf("an empty page: %+v", got)
	}
}

// A server that leads in a circle is an error, with what came beside the file.
func TestCallsInACircle(t *testing.T) {
	for name, answers := range map[string][]string{
		"the same cursor again":                                {pageOf(9, "a", 1, 2), pageOf(9, "a", 3, 4)},
		"a page has a cursor, but only calls that came before": {pageOf(9, "a", 1, 4), pageOf(9, "b", 3, 4)},
	} {
		c, server := telling(t, answers...)
		file := c.file("calls.ndjson", "what was there")
		got := c.run(exportJanuary("--force", "--url", server.URL, file)...)
		want := name + ": 4 of 9 calls are in " + strings.Replace(file, ".ndjson", ".partial.ndjson", 1) + "; go on with --from 2026-01-02T00:00:00Z\n"
		if got.code != exitFailed || !strings.Contains(got.stderr, "callvault: the walk makes no progress: ") || !strings.HasSuffix(got.stderr, want) {
			t.Errorf("%s: %+v", name, got)
		}
		if kept := read(t, file); kept != "what was there\n" {
			t.Errorf("%s: the file has %q", name, kept)
		}
	}
	// A proxy that takes the cursor away.
	c, g := newListed(t, 33)
	g.answer = func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		query := r.URL.Query()
		query.Del("cursor")
		r.URL.RawQuery = query.Encode()
		return false
	}
	if got := c.run(january("-o", "ndjson", "--url", g.URL)...); got.code != exitFailed || strings.Count(got.stdout, "\n") != 10 || g.count() != 2 {
		t.Errorf("%d requests, %+v", g.count(), got)
	}
}

// A list that ends early is kept as far as it goes, and told with the exit code;
// one that ends with a page that is not full is whole, for all that a total says.
func TestCallsShort(t *testing.T) {
	const gone, full = "the server's list ended early (it answered 404 in place of the next page): ", "the server's list ended early (its last page is full and has no cursor): "
	for _, tt := range []struct {
		answers []string
		code    int
		kept    int
		said    string // FILE stands for the file
	}{
		{[]string{pageOf(90, "a", 1, 50), pageOf(90, "b", 51, 75), "404"}, exitSkipped, 75, "callvault: " + gone + "75 of 90 calls are in FILE; go on with --from 2026-01-25T16:00:00Z\n"},
		{[]string{pageOf(90, "a", 1, 30), pageOf(90, "", 31, 60)}, exitSkipped, 60, "callvault: " + full + "60 of 90 calls are in FILE; go on with --from 2026-01-20T16:00:00Z\n"},
		{[]string{pageOf(90, "a", 1, 50), pageOf(90, "", 51, 75)}, exitOK, 75, "exported 75 of 90 calls (all that the server listed) to FILE as ndjson\n"},
		{[]string{pageOf(90, "a", 1, 50), "401"}, exitFailed, 50, "callvault: the server answered 401: no (request 4al018gzaztcr8nbukw): 50 of 90 calls are in FILE; go on with --from 2026-01-17T08:00:00Z\n"},
	} {
		c, server := telling(t, tt.answers...)
		fresh := filepath.Join(t.TempDir(), "calls.ndjson")
		kept := fresh
		if tt.code != exitOK {
			kept = strings.Replace(fresh, ".ndjson", ".partial.ndjson", 1)
		}
		got := c.run(exportJanuary("--url", server.URL, fresh)...)
		if got.code != tt.code || !strings.HasSuffix(got.stderr, strings.Replace(tt.said, "FILE", kept, 1)) {
			t.Errorf("got %d, %s\nwant %d, %s", got.code, got.stderr, tt.code, tt.said)
		}
		if calls := strings.Count(read(t, kept), "\n"); calls != tt.kept || folderOf(t, filepath.Dir(kept)) != filepath.Base(kept) {
			t.Errorf("%d calls are kept, want %d", calls, tt.kept)
		}
	}
	// What is whole is not replaced by a part.
	c, server := telling(t, pageOf(90, "a", 1, 50), "404")
	file := c.file("calls.ndjson", "what was there")
	if got := c.run(exportJanuary("-q", "--force", "--url", server.URL, file)...); got.code != exitSkipped || read(t, file) != "what was there\n" || !strings.Contains(got.stderr, "calls.partial.ndjson") {
		t.Errorf("got %+v", got)
	}
	c, server = telling(t, pageOf(90, "a", 1, 50), "404")
	if got := c.run(january("--url", server.URL, "--histogram", "month")...); got.code != exitFailed || got.stdout != "" || !strings.HasSuffix(got.stderr, "; nothing was written\n") {
		t.Errorf("got %+v", got)
	}
	c, server = telling(t, pageOf(200, "", 1, 0))
	file = c.file("calls.ndjson", "what was there")
	want := "callvault: the server's list ended early (its first page is empty and has no cursor); nothing was written\n"
	if got := c.run(exportJanuary("-q", "--force", "--url", server.URL, file)...); got.code != exitFailed || got.stderr != want || read(t, file) != "what was there\n" {
		t.Errorf("got %+v", got)
	}
}

// What a store would not take is reported and skipped. Where nothing is left, a
// file is not replaced.
func TestCallsOfWrongIDs(t *testing.T) {
	const good = `{"id":"1","started":"2026-01-05T09:00:00Z"}`
	for call, problem := range map[string]string{
		`{"id":"x1","started":"2026-01-05T09:00:00Z"}`:                  `id: "x1" is not a number of 1 to 20 digits`,
		`{"id":null,"started":"2026-01-05T09:00:00Z"}`:                  "id: is missing or empty; ",
		`{"id":"007","started":"2026-01-05T09:00:00Z"}`:                 `id: "007" has leading zeros; `,
		`{"id":"1234567890123456789012345"}`:                            `id: "1234567890123456789012345" is not a number of 1 to 20 digits`,
		`{"id":"2"}`:                                                    "call 2: started: must not be null when scheduled is null too",
		`{"id":"2","started":"2026-01-05T09:00:00Z","workspaceId":"x"}`: `call 2: workspaceId: "x" is not a number of 1 to 20 digits`,
		good: "id: 1 appears on this page twice",
		`7`:  "it is a number, not an object",
	} {
		c, server := telling(t, `{"requestId":"r","records":{"totalRecords":2},"calls":[`+good+`,`+call+`]}`)
		got := c.run(january("-q", "-o", "ndjson", "--url", server.URL)...)
		if got.code != exitSkipped || strings.Count(got.stdout, "\n") != 1 || !strings.HasPrefix(got.stderr, "skipped: ") || !strings.Contains(got.stderr, problem) {
			t.Errorf("%s: %+v", call, got)
		}
	}
	c, server := telling(t, `{"records":{"totalRecords":1},"calls":[{"id":"x1"}]}`)
	file := c.file("calls.ndjson", "what was there")
	got := c.run(exportJanuary("--force", "--url", server.URL, file)...)
	if got.code != exitSkipped || !strings.HasSuffix(got.stderr, "callvault: every call was skipped; nothing was written\n") || read(t, file) != "what was there\n" {
		t.Errorf("got %+v", got)
	}
	if got := c.run(january("-q", "-o", "json", "--url", server.URL)...); got.code != exitSkipped || got.stdout != "[]\n" {
		t.Errorf("got %+v", got)
	}
}

// Where waiting does not help, nobody waits, and the error says what to do.
func TestCallsAtOnce(t *testing.T) {
	c, plain := telling(t, "404")
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(other.URL+"/v2/calls", http.StatusFound))
	defer redirecting.Close()
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		refuse(w, http.StatusServiceUnavailable, "maintenance")
	}))
	defer busy.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for url, want := range map[string]string{
		"http://" + closed.Addr().String():             "refused the connection; check that the server runs, and the port; nothing was written",
		strings.Replace(plain.URL, "http", "https", 1): "speaks plain HTTP and not TLS; use http:// in place of https:// in --url; nothing was written",
		redirecting.URL: "redirects to " + other.URL + ", and the credential is not sent there; if that is the server, use it as --url; nothing was written",
		busy.URL:        "answered 503: maintenance (retry in 1h0m0s) (request 4al018gzaztcr8nbukw); a request waits 5m0s at most; nothing was written",
	} {
		got := c.run(january("--url", url)...)
		if got.code != exitFailed || strings.Contains(got.stderr, "waiting") || !strings.HasSuffix(got.stderr, want+"\n") {
			t.Errorf("%s: %+v", url, got)
		}
	}
	if elsewhere.Load() > 0 {
		t.Error("another origin was asked")
	}
}

// A server that is down for a while is waited for as it says.
func TestCallsWaitFor503(t *testing.T) {
	c, g := newListed(t, 33)
	g.answer = func(w http.ResponseWriter, _ *http.Request, number int) bool {
		w.Header().Set("Retry-After", "1")
		return number == 2 && refuse(w, http.StatusServiceUnavailable, "maintenance")
	}
	got := c.run(january("-o", "ndjson", "--url", g.URL)...)
	if got.code != exitOK || strings.Count(got.stdout, "\n") != 33 || !strings.Contains(got.stderr, "\nwaiting 1s: the server answered 503: maintenance ") {
		t.Errorf("got %+v", got)
	}
}
