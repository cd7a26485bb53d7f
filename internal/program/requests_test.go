package program_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault/internal/program"
)

// neighbour is a known client: its requests in the order in which it sends them. Sources and
// versions are in docs/connecting-clients.md.
type neighbour struct {
	name   string // begins its row of the page
	header http.Header
	steps  []step
}

// step is a request of a client and what it must get. A request is a method, a path with its
// query as on the wire and, after a blank, a body.
type step struct {
	request string
	more    string   // requests the page after, with CURSOR for its cursor; empty for clients that read one page
	undated bool     // leaves a date out, and so needs --dates=optional
	ids     string   // of all pages; empty for an error
	fields  []string // what the client's reader demands of each page, as a path and a kind
	status  int      // of an error
	text    string   // of an error, or a part of it
}

// neighbourCalls are the calls that clients read: whole ones, as the live service has them,
// of users 101 and 102 in workspaces 7 and 8.
func neighbourCalls() (lines []string) {
	for i, of := range [][2]string{{"101", "7"}, {"102", "7"}, {"101", "7"}, {"102", "8"}, {"101", "8"}} {
		lines = append(lines, fmt.Sprintf(`{"id":"%d","url":"https://app.gong.io/call?id=%[1]d","title":"Call %[1]d","scheduled":null,"started":"2026-03-%02dT12:00:00Z","duration":460,`+
			`"primaryUserId":"%s","direction":"Outbound","system":"Outreach","scope":"External","media":"Audio","language":"eng","workspaceId":"%s","sdrDisposition":null,`+
			`"clientUniqueId":"c-%[1]d","customData":null,"purpose":null,"meetingUrl":null,"isPrivate":false,"calendarEventId":null}`, 11+i, 2+i, of[0], of[1]))
	}
	return lines
}

// Each client's requests, in its order, get what it reads. Requests without a date get it
// with --dates=optional alone, and the page that tells people so is right.
func TestClientsSendTheirOwnRequests(t *testing.T) {
	c := program.New(t)
	c.Put("default", neighbourCalls()...)
	k := c.Key()
	strict := c.Serve("--page-size", "2", "--rate-limit", "off").As(k)
	lenient := c.Serve("--page-size", "2", "--rate-limit", "off", "--dates", "optional").As(k)
	rows := clientRows(t)
	for _, n := range neighbours {
		t.Run(n.name, func(t *testing.T) {
			undated := false
			for _, s := range n.steps {
				if !s.undated {
					n.follow(t, strict, s)
					continue
				}
				undated = true
				n.follow(t, lenient, s)
				if a := n.send(t, strict, s.request); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "must not be null") || !strings.Contains(a.Body, "serve --dates=optional") {
					t.Errorf("%s without --dates=optional: %d %s", s.request, a.Status, a.Body)
				}
			}
			row, there := rows[n.name]
			if says := strings.Contains(row, "`--dates=optional`"); !there || says != undated {
				t.Errorf("docs/connecting-clients.md: a row that says %v of --dates=optional: %q", says, row)
			}
		})
	}
}

// follow sends a request and those for the pages after it.
func (n neighbour) follow(t *testing.T, client *program.Client, s step) {
	t.Helper()
	var ids []string
	for request, pages := s.request, 0; ; pages++ {
		a := n.send(t, client, request)
		if s.ids == "" {
			if a.Status != s.status || !strings.Contains(strings.Join(program.ErrorsOf(t, a), "\n"), s.text) {
				t.Errorf("%s: %d %s, want %d %s", request, a.Status, a.Body, s.status, s.text)
			}
			return
		}
		var document map[string]any
		if err := json.Unmarshal([]byte(a.Body), &document); err != nil || a.Status != http.StatusOK || pages > 5 {
			t.Fatalf("%s: page %d, %v: %d %s", request, pages, err, a.Status, a.Body)
		}
		things, isList := listed(document)
		ids = append(ids, shownIDs(things)...)
		fields := append([]string{"requestId text"}, s.fields...)
		records, _ := document["records"].(map[string]any)
		if isList {
			fields = append(fields, recordsFields...)
			if total := records["totalRecords"]; s.more != "" && total != float64(len(strings.Fields(s.ids))) {
				t.Errorf("%s: %v records of %s", request, total, s.ids)
			}
		}
		for _, field := range fields {
			path, kind, _ := strings.Cut(field, " ")
			if wrong := demand(document, strings.Split(path, "."), kind); wrong != "" {
				t.Errorf("%s: %s is %s, not %s, in %s", request, path, wrong, kind, a.Body)
			}
		}
		cursor, _ := records["cursor"].(string)
		if cursor == "" || s.more == "" {
			break
		}
		request = strings.ReplaceAll(s.more, "CURSOR", cursor) // its characters need no escape
	}
	if got := strings.Join(ids, " "); got != s.ids {
		t.Errorf("%s: got %s, want %s", s.request, got, s.ids)
	}
}

func (n neighbour) send(t *testing.T, client *program.Client, request string) program.Answer {
	t.Helper()
	method, rest, _ := strings.Cut(request, " ")
	target, body, _ := strings.Cut(rest, " ")
	path, query, _ := strings.Cut(target, "?")
	r := client.Request(query)
	r.Method, r.URL.Path = method, path
	if body != "" {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		r.Header.Set("Content-Type", "application/json")
	}
	for name, values := range n.header {
		r.Header[name] = values
	}
	return client.Send(r)
}

// recordsFields are what io-ts and zod demand of every list: numbers are all there, and a
// cursor is a text or missing.
var recordsFields = []string{"records.totalRecords number", "records.currentPageSize number", "records.currentPageNumber number", "records.cursor filled?"}

// listed are the things that a document shows: a list of them, or one.
func listed(document map[string]any) (things []any, isPage bool) {
	for _, name := range []string{"calls", "callTranscripts", "users", "workspaces"} {
		if list, ok := document[name].([]any); ok {
			return list, name != "workspaces"
		}
	}
	for _, name := range []string{"call", "user"} {
		if one, ok := document[name]; ok {
			return []any{one}, false
		}
	}
	return nil, false
}

func shownIDs(things []any) (ids []string) {
	for _, thing := range things {
		object, _ := thing.(map[string]any)
		if data, ok := object["metaData"].(map[string]any); ok {
			object = data
		}
		for _, name := range []string{"id", "callId"} {
			if id, ok := object[name].(string); ok {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// demand returns what stands at a path if it is not of a kind. "[]" at the end of a name is
// every element of a list. A kind is text, filled (text that is not empty), number, bool,
// list, object, or words of which one stands there. After it "?" allows a missing value,
// "~" allows null.
func demand(value any, path []string, kind string) string {
	if len(path) == 0 {
		return mismatch(value, kind)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return fmt.Sprintf("in %v", value)
	}
	name, each := strings.CutSuffix(path[0], "[]")
	next, there := object[name]
	if !there {
		if strings.Contains(kind, "?") {
			return ""
		}
		return "missing"
	}
	if !each {
		return demand(next, path[1:], kind)
	}
	list, ok := next.([]any)
	if !ok {
		return fmt.Sprintf("%v, no list", next)
	}
	for _, element := range list {
		if wrong := demand(element, path[1:], kind); wrong != "" {
			return wrong
		}
	}
	return ""
}

func mismatch(value any, kind string) string {
	allowed, ofKind := strings.TrimRight(kind, "?~"), false
	switch value := value.(type) {
	case nil:
		ofKind = strings.Contains(kind, "~")
	case string:
		ofKind = allowed == "text" || allowed == "filled" && value != "" || slices.Contains(strings.Split(allowed, "|"), value)
	case float64:
		ofKind = allowed == "number"
	case bool:
		ofKind = allowed == "bool"
	case []any:
		ofKind = allowed == "list"
	case map[string]any:
		ofKind = allowed == "object"
	}
	if ofKind {
		return ""
	}
	return fmt.Sprintf("%#v", value)
}

// What the reader of a client refuses, demand refuses.
func TestDemand(t *testing.T) {
	var document map[string]any
	if err := json.Unmarshal([]byte(`{"s":"","n":1,"z":null,"l":[{"w":"Video"},{"w":"Audio"}],"e":[]}`), &document); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, field := range []string{"s text", "s filled", "n number", "n text", "z text", "z text~", "z text?", "x text", "x text?", "x text~", "l[].w Video|Audio", "l[].w Video", "e[].w text", "s[].w text", "n.w text", "l list"} {
		path, kind, _ := strings.Cut(field, " ")
		got[field] = demand(document, strings.Split(path, "."), kind)
	}
	want := map[string]string{
		"s text": "", "s filled": `""`, "n number": "", "n text": "1", "z text": "<nil>", "z text~": "", "z text?": "<nil>", "x text": "missing", "x text?": "", "x text~": "missing",
		"l[].w Video|Audio": "", "l[].w Video": `"Audio"`, "e[].w text": "", "s[].w text": ", no list", "n.w text": "in 1", "l list": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// clientRows are the rows of the table of clients, by how they begin.
func clientRows(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "connecting-clients.md"))
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)
	rows := make(map[string]string)
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(link.ReplaceAllString(line, "$1"), " | ")
		if name, isRow := strings.CutPrefix(cells[0], "| "); isRow {
			rows[strings.TrimSpace(name)] = line
		}
	}
	return rows
}
