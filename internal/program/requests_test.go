package program_test

import (
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

// habit is how a known client asks for the pages of a range: its queries as
// they stand on its request lines, and the headers it sends besides its
// credentials. Sources and versions are in docs/connecting-clients.md.
type habit struct {
	client   string // begins its row of docs/connecting-clients.md
	first    string
	next     string // put before the cursor, which is escaped as the client does it
	header   http.Header
	undated  bool // leaves a date out, and so needs --dates=optional
	fromLate bool // its dates leave the first call out
}

var contentType = http.Header{"Content-Type": {"application/json"}}

// Each walks with its own requests. Those that repeat their dates do so with a
// cursor, others send the cursor alone.
var habits = []habit{
	{
		client: "Airbyte", // an edited copy of its manifest, with incremental calls
		first:  "fromDateTime=2020-01-01T00%3A00%3A00Z&toDateTime=2026-11-25T03%3A47%3A48Z",
		next:   "fromDateTime=2020-01-01T00%3A00%3A00Z&toDateTime=2026-11-25T03%3A47%3A48Z&cursor=",
	},
	{
		client:  "Airbyte, older", // the calls of its manifest 4.3.0
		first:   "fromDateTime=2020-01-01T00%3A00%3A00Z",
		next:    "fromDateTime=2020-01-01T00%3A00%3A00Z&cursor=",
		undated: true,
	},
	{
		client: "Estuary",
		first:  "fromDateTime=2020-01-01T03%3A46%3A31.919737Z&toDateTime=2026-11-25T03%3A46%3A31.919754Z",
		next:   "fromDateTime=2020-01-01T03%3A46%3A31.919737Z&toDateTime=2026-11-25T03%3A46%3A31.919754Z&cursor=",
	},
	{
		client:   "PostHog",
		first:    "fromDateTime=2026-03-04T12%3A30%3A00Z&toDateTime=2026-06-02T12%3A30%3A00Z",
		next:     "fromDateTime=2026-03-04T12%3A30%3A00Z&toDateTime=2026-06-02T12%3A30%3A00Z&cursor=",
		header:   http.Header{"Accept": {"application/json"}},
		fromLate: true,
	},
	{
		client: "Nango, sync", // the first half of the sync, which then asks for details
		first:  "fromDateTime=2025-11-25T03:46:35.789Z&toDateTime=2026-11-25T03:45:00.000Z",
		next:   "fromDateTime=2025-11-25T03:46:35.789Z&toDateTime=2026-11-25T03:45:00.000Z&cursor=",
	},
	{
		client:  "Nango, action", // with no input
		first:   "",
		next:    "cursor=",
		undated: true,
	},
	{
		client:  "n8n", // its list of calls to choose from
		first:   "",
		next:    "cursor=",
		header:  contentType,
		undated: true,
	},
	{
		client:  "amp-labs/connectors, older",
		first:   "fromDateTime=2020-01-01T00%3A00%3A00Z",
		next:    "cursor=",
		undated: true,
	},
	{
		client: "gongio-mcp",
		first:  "fromDateTime=2026-03-04T12%3A30%3A00Z&toDateTime=2026-11-25T00%3A00%3A00Z",
		next:   "cursor=",
		header: contentType, fromLate: true,
	},
	{
		client: "sim",
		first:  "fromDateTime=2020-01-01T00%3A00%3A00Z&toDateTime=2026-11-25T00%3A00%3A00Z",
		next:   "fromDateTime=2020-01-01T00%3A00%3A00Z&toDateTime=2026-11-25T00%3A00%3A00Z&cursor=",
		header: contentType,
	},
	{
		client: "kenazk/gong-mcp", // asks for one page
		first:  "fromDateTime=2020-01-01T00:00:00Z&toDateTime=2026-11-25T00:00:00Z",
		next:   "cursor=",
		header: http.Header{"Content-Type": {"application/json"}, "X-Gong-Accesskey": {"K"}, "X-Gong-Timestamp": {"2026-11-25T03:46:35.789Z"}, "X-Gong-Signature": {"c2lnbmF0dXJl"}},
	},
}

// A walk with each client's requests meets each call of its range once. A
// server that insists on the dates refuses those that leave one out, and says
// which; and the page that tells people so is right.
func TestClientsWalkWithTheirOwnRequests(t *testing.T) {
	c := program.New(t)
	c.Put("default", noonOne, noonTwo, noonThree,
		`{"id":"1","started":"2026-03-05T12:00:00Z"}`, `{"id":"2","started":"2026-03-06T12:00:00Z"}`)
	k := c.Key()
	strict, lenient := c.Serve("--page-size", "2").As(k), c.Serve("--page-size", "2", "--dates", "optional").As(k)
	rows := clientRows(t)
	for _, h := range habits {
		t.Run(h.client, func(t *testing.T) {
			want := []string{"9", "10", "18446744073709551617", "1", "2"}
			if h.fromLate {
				want = want[3:]
			}
			if got := h.walk(t, lenient); !cmp.Equal(got, want) {
				t.Errorf("with --dates=optional: %q, want %q", got, want)
			}
			if !h.undated {
				if got := h.walk(t, strict); !cmp.Equal(got, want) {
					t.Errorf("%q, want %q", got, want)
				}
			} else if texts := program.ErrorsOf(t, h.send(strict, h.first)); !slices.Contains(texts, "toDateTime: must not be null") {
				t.Errorf("without a date: %q", texts)
			}
			row, there := rows[h.client]
			if says := strings.Contains(row, "`--dates=optional`"); !there || says != h.undated {
				t.Errorf("docs/connecting-clients.md: a row that says %v of --dates=optional: %q", says, row)
			}
		})
	}
}

func (h habit) send(client *program.Client, query string) program.Answer {
	r := client.Request(query)
	for name, values := range h.header {
		r.Header[name] = values
	}
	return client.Send(r)
}

// walk is the ids of all pages, as the client asks for them.
func (h habit) walk(t *testing.T, client *program.Client) (ids []string) {
	t.Helper()
	query := h.first
	for pages := 0; ; pages++ {
		a := h.send(client, query)
		if a.Status != http.StatusOK || pages > 3 {
			t.Fatalf("page %d, %s: %d %s", pages, query, a.Status, a.Body)
		}
		document, calls, err := loose(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range calls {
			ids = append(ids, call["id"].(string))
		}
		cursor, more := document["records"].(map[string]any)["cursor"].(string)
		if !more {
			return ids
		}
		query = h.next + cursor // its characters need no escape
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

// Clients that read details, transcripts and single calls get every call, and say what of
// their requests means nothing here.
func TestClientsReadDetails(t *testing.T) {
	_, client := newNoon(t, "--dates", "optional")
	const details, transcripts = "/v2/calls/extensive", "/v2/calls/transcript"
	for name, asked := range map[string]struct {
		path, body string
		calls      int
	}{
		"Airbyte":             {details, `{"limit":100,"filter":{"fromDateTime":"2026-03-01T00:00:00Z"},"contentSelector":{"context":"Extended"}}`, 3},
		"amp-labs/connectors": {details, `{"filter":{"fromDateTime":"2026-03-01T00:00:00Z"},"contentSelector":{"exposedFields":{"parties":true,"content":{"trackers":true}}}}`, 3},
		"dust":                {details, `{"cursor":null,"filter":{"callIds":["9","18446744073709551617"]},"contentSelector":{"exposedFields":{"parties":true}}}`, 2},
		"dust, transcripts":   {transcripts, `{"cursor":null,"filter":{"fromDateTime":"2026-03-01T00:00:00.000Z"}}`, 3},
		"Nango":               {details, `{"filter":{"callIds":["9","10"]},"contentSelector":{"context":"Extended","exposedFields":{"interaction":{"speakers":true}}}}`, 2},
		"n8n":                 {details, `{"filter":{}}`, 3},
		"n8n, one call":       {details, `{"filter":{"callIds":["10"]}}`, 1},
		"Onyx":                {transcripts, `{"filter":{"fromDateTime":"2026-03-01T00:00:00.123456+00:00","toDateTime":"2026-03-05T00:00:00.123456+00:00","workspaceId":"7"}}`, 1},
		"PostHog":             {details, `{"filter":{"fromDateTime":"2026-03-01T00:00:00Z","toDateTime":"2026-03-05T00:00:00-04:00"},"contentSelector":{"context":"Extended","exposedFields":{"parties":true}}}`, 3},
		"Whalesync":           {details, `{"filter":{"workspaceId":"7"},"contentSelector":{"contextTiming":["Now"]}}`, 1},
		"kenazk/gong-mcp":     {transcripts, `{"filter":{"callIds":["9"],"includeEntities":true,"includeTrackers":true}}`, 1},
	} {
		r := client.Request("")
		r.Method, r.URL.Path = http.MethodPost, asked.path
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(asked.body)), int64(len(asked.body))
		r.Header.Set("Content-Type", "application/json")
		a := client.Send(r)
		document, calls, err := loose(strings.Replace(a.Body, `"callTranscripts":`, `"calls":`, 1))
		if err != nil || a.Status != http.StatusOK || len(calls) != asked.calls {
			t.Errorf("%s: %d calls of %d, %v: %d %s", name, len(calls), asked.calls, err, a.Status, a.Body)
			continue
		}
		if records := document["records"].(map[string]any); records["totalRecords"].(float64) != float64(asked.calls) {
			t.Errorf("%s: %v", name, records)
		}
		for _, call := range calls {
			if data, _ := call["metaData"].(map[string]any); data["id"] == nil && call["transcript"] == nil {
				t.Errorf("%s: %v", name, call)
			}
		}
	}
}

// What clients ask for beside the calls is refused in a way that none of them
// takes for an empty range: some take any 404 of a route that lists calls for
// one, and would report that all was read.
func TestClientsAreToldWhatIsNotServed(t *testing.T) {
	_, client := newNoon(t)
	for name, asked := range map[string]struct{ method, path, body string }{
		"Airbyte, Estuary, n8n: a check": {"GET", "/v2/users", ""},
		"PostHog, Onyx: a check":         {"GET", "/v2/workspaces", ""},
		"an upload":                      {"POST", "/v2/calls", `{"clientUniqueId":"1"}`},
	} {
		r, err := http.NewRequest(asked.method, client.Base+asked.path, strings.NewReader(asked.body))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(client.Key.AccessKey, client.Key.AccessKeySecret)
		r.Header.Set("Content-Type", "application/json")
		a := client.Send(r)
		if a.Status != http.StatusMethodNotAllowed || strings.Contains(strings.ToLower(a.Body), "no calls") || regexp.MustCompile(`(?i)No .* found`).MatchString(a.Body) {
			t.Errorf("%s: %s %s is answered with %d %s", name, asked.method, asked.path, a.Status, a.Body)
		}
		program.ErrorsOf(t, a)
	}
}
