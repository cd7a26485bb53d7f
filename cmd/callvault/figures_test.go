package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// newOffice is a store of calls in two months, and a server of it. Two people have one name, and
// a telephone system has the name of its agent where others have an id.
func newOffice(t *testing.T) (c *cli, url string) {
	c, g := newListed(t, 0)
	c.must("import", "-q", "--kind", "users", c.file("users.ndjson",
		`{"id":"7","firstName":"Ana","lastName":"Silva"}`, `{"id":"8","firstName":"Ana","lastName":"Silva"}`, `{"id":"9","firstName":"Bo"}`))
	c.must("import", "-q", "--kind", "workspaces", c.file("workspaces.ndjson",
		`{"id":"70","name":"Sales"}`, `{"id":"71","name":"Sales EMEA"}`, `{"id":"72","name":"North America"}`))
	call := `{"id":"%s","started":"2024-%s:00Z","duration":%s,"primaryUserId":"%s","scope":"%s","workspaceId":"%s","system":"%s","direction":"Inbound","title":"%[1]s"}`
	var lines []string
	for _, values := range []string{
		"1 09-03T09:00 3600 7 External 70 Zoom", "2 09-04T09:00 1800 9 Internal 70 Zoom",
		"3 10-01T09:00 3600 7 External 70 Zoom", "4 10-02T09:00 7205 8 External 71 Zoom", "5 10-03T09:00 60 7 Internal 70 pbx1",
		"6 10-31T23:00 1800 Zoe·Agent External 72 pbx1", "7 11-01T00:00 9000 9 External 72 pbx1",
	} {
		var texts []any
		for text := range strings.FieldsSeq(values) {
			texts = append(texts, strings.ReplaceAll(text, "·", " "))
		}
		lines = append(lines, fmt.Sprintf(call, texts...))
	}
	c.must("import", "-q", c.file("calls.ndjson", append(lines, `{"id":"8","started":"2024-10-20T09:00:00Z"}`)...))
	return c, g.URL
}

// The figures of a range stand beside those of the period before it, and the values that most
// calls have below them, as text and as JSON. A server's calls come to the same.
func TestFigures(t *testing.T) {
	c, url := newOffice(t)
	const text = `calls from Tue 2024-10-01 00:00 to Fri 2024-11-01 00:00, UTC
compared with those from Sun 2024-09-01 00:00 to Tue 2024-10-01 00:00, UTC
                       BEFORE      CHANGE
calls               5       2      +150 %
hours talked      3.5     1.5      +135 %
median length   45:00   45:00        ±0 %
with outsiders   75 %    50 %  +25 points

SYSTEM  CALLS  SHARE  HOURS
Zoom        2   40 %    3.0
pbx1        2   40 %    0.5
none        1   20 %    0.0

DIRECTION  CALLS  SHARE  HOURS
Inbound        4   80 %    3.5
none           1   20 %    0.0

WHO            CALLS  SHARE  HOURS
Ana Silva (7)      2   40 %    1.0
none               1   20 %    0.0
Ana Silva (8)      1   20 %    2.0
Zoe Agent          1   20 %    0.5

WORKSPACE      CALLS  SHARE  HOURS
Sales              2   40 %    1.0
none               1   20 %    0.0
Sales EMEA         1   20 %    2.0
North America      1   20 %    0.5
`
	const found = `calls from Tue 2024-10-01 00:00 on, UTC
compared with those from`
	const json = `{"figures":{"from":"2024-10-01T00:00:00Z","to":"2024-11-01T00:00:00Z","calls":1,"timed":1,"seconds":1800,"median":1800,"outside":1,"scoped":1},` +
		`"earlier":{"from":"2024-09-01T00:00:00Z","to":"2024-10-01T00:00:00Z","calls":0,"timed":0,"seconds":0,"median":0,"outside":0,"scoped":0},"facets":[` +
		`{"field":"system","values":[{"value":"pbx1","calls":1,"seconds":1800}],"others":0},{"field":"direction","values":[{"value":"Inbound","calls":1,"seconds":1800}],"others":0},` +
		`{"field":"host","values":[{"value":"Zoe Agent","calls":1,"seconds":1800}],"others":0},{"field":"workspace","values":[{"value":"72","name":"North America","calls":1,"seconds":1800}],"others":0}]}` + "\n"
	october := []string{"calls", "--figures", "--tz", "UTC", "--from", "2024-10", "--through", "2024-10"}
	for _, source := range []string{"--db=" + c.env["CALLVAULT_DB"], "--url=" + url} {
		if got := c.must(append(october, source)...); got != text {
			t.Errorf("%s: got\n%swant\n%s", source, got, text)
		}
		if got := c.must(append(october, source, "-o", "json", "--where", "host:agent")...); got != json {
			t.Errorf("%s: got %swant %s", source, got, json)
		}
		if got := c.must(append(october, source, "--limit", "2")...); !strings.Contains(got, "none               1   20 %    0.0\nand 2 more; --limit 0 shows all\n") {
			t.Errorf("%s: got\n%s", source, got)
		}
		const byHours = "\nAna Silva (8)      1   20 %    2.0\nAna Silva (7)      2   40 %    1.0\nand 2 more"
		if got := c.must(append(october, source, "--limit", "2", "--order", "longest")...); !strings.Contains(got, byHours) {
			t.Errorf("%s by hours: got\n%s", source, got)
		}
		if got := c.must("calls", "--figures", "--tz", "UTC", "--from", "2024-10", source); !strings.HasPrefix(got, found) || !strings.Contains(got, "\ncalls                 6 ") {
			t.Errorf("%s: got\n%s", source, got)
		}
		if got := c.must("calls", "--figures", "--tz", "UTC", source, "--where", "workspace:north"); !strings.HasPrefix(got, "calls of all time\ncalls                 2\nhours talked        3.0\nmedian length   1:30:00\n") {
			t.Errorf("%s: got\n%s", source, got)
		}
		if got := c.run(append(october, source, "--where", "host:Zed")...); got.code != exitFailed || got.stdout != "" || !strings.Contains(got.stderr, "host:Zed: nobody here has this name") {
			t.Errorf("%s: %+v", source, got)
		}
	}
	for args, want := range map[string]string{
		"-o csv":          "--figures are printed as a table or as json, not as csv; change --output",
		"--histogram day": "--figures and --histogram exclude each other; leave one out",
	} {
		if got := c.run(append(october, strings.Fields(args)...)...); got.code != exitUsage || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: %+v", args, got)
		}
	}
}

// Whatever is searched, the figures of a server are those of its store.
func TestFiguresOfServers(t *testing.T) {
	c, url, all, names := newSought(t)
	random := rand.New(rand.NewPCG(13, 5))
	for range 8 {
		of := all[random.IntN(len(all))]
		for len(of.texts[0]) == 0 || of.PrimaryUserID == "" || of.WorkspaceID == "" || of.System == "" || of.Direction == "" || of.Scope == "" {
			of = all[random.IntN(len(all))]
		}
		args := []string{"calls", "--figures", "-o", "json", "--from", "2026-01-10", "--to", "2026-02-10", "--tz", "UTC", "--where", randomTerm(random, of, names).text}
		stored, listed := c.run(args...), c.run(append(args, "--url", url)...)
		if stored.code != listed.code || stored.stdout != listed.stdout {
			t.Errorf("%q: of the store %+v, of the server %+v", args, stored, listed)
		}
	}
}

// The longest calls come first, as many as are wanted, of a store and of a server.
func TestLongest(t *testing.T) {
	c, url := newOffice(t)
	lines := strings.SplitAfter(c.must("export"), "\n")
	for _, source := range []string{"--db=" + c.env["CALLVAULT_DB"], "--url=" + url} {
		for args, want := range map[string]outcome{
			"--limit 1 --where scope:external":               {exitOK, lines[7], "the longest 1 of 5 calls\n"},
			"--limit 2 --from 2024-10 --to 2024-11 --tz UTC": {exitOK, lines[3] + lines[2], "calls from Tue 2024-10-01 00:00 to Fri 2024-11-01 00:00, UTC\nthe longest 2 of 5 calls\n"},
			"-q": {exitOK, lines[7] + lines[3] + lines[2] + lines[0] + lines[6] + lines[1] + lines[4] + lines[5], ""},
		} {
			got := c.run(append([]string{"calls", source, "--order", "longest", "-o", "ndjson"}, strings.Fields(args)...)...)
			if got != want {
				t.Errorf("%s %s: got %+v, want %+v", source, args, got, want)
			}
		}
	}
}

// A store gives the longest some at a time, and each once.
func TestLongestOfMany(t *testing.T) {
	c := newCLI(t)
	lines, want := make([]string, 10_200), make([]string, 10_200)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"id":"%d","started":"2024-10-01T09:00:00Z","duration":%d}`, i+1, i%3)
	}
	for i := range want { // the greatest id first, of one time
		want[i] = fmt.Sprint(3*(len(want)/3-i%3400) - i/3400)
	}
	c.must("import", "-q", c.file("calls.ndjson", lines...))
	for _, limit := range []int{0, 1, 10_000, 10_001} {
		var got []string
		for line := range strings.Lines(c.must("calls", "-q", "--order", "longest", "-o", "ndjson", "--limit", fmt.Sprint(limit))) {
			got = append(got, strings.Split(line, `"`)[3])
		}
		if wanted := want[:cmp.Or(limit, len(want))]; !slices.Equal(got, wanted) {
			t.Errorf("--limit %d: got %d calls %.200q…, want %d %.200q…", limit, len(got), got, len(wanted), wanted)
		}
	}
}

// --workspace takes a name as workspace: does. One that is not there is named with those that
// are, and one of several with their ids.
func TestWorkspaceByName(t *testing.T) {
	c, url := newOffice(t)
	lines := strings.SplitAfter(c.must("export"), "\n")
	for _, source := range []string{"--db=" + c.env["CALLVAULT_DB"], "--url=" + url} {
		for name, want := range map[string]outcome{
			"america":   {exitOK, lines[6] + lines[7], ""},
			"SALES":     {exitOK, lines[0] + lines[1] + lines[2] + lines[4], ""}, // and not Sales EMEA
			"emea":      {exitOK, lines[3], ""},
			"71":        {exitOK, lines[3], ""},
			"Sal":       {exitFailed, "", "callvault: --workspace \"Sal\" is the beginning of several names; type the id of Sales (70) or Sales EMEA (71)\n"},
			"Marketing": {exitFailed, "", "callvault: --workspace Marketing: no call here has this workspace; there are North America, Sales, Sales EMEA\n"},
			"Salse":     {exitFailed, "", "callvault: --workspace Salse: no call here has this workspace; did you mean --workspace Sales or --workspace \"Sales EMEA\"?\n"},
			"…":         {exitUsage, "", "callvault: --workspace \"…\": use the name or the id of a workspace\nSee 'callvault calls --help'.\n"},
		} {
			if got := c.run("calls", source, "-q", "-o", "ndjson", "--workspace", name); got != want {
				t.Errorf("%s %s: got %+v, want %+v", source, name, got, want)
			}
		}
	}
}

// A call is shown by its id or by a link to it, of a store or of a server. Old links have the time
// before the id.
func TestCallByLink(t *testing.T) {
	c, url := newOffice(t)
	document := strings.SplitAfter(c.must("export"), "\n")[3]
	for _, source := range []string{"--db=" + c.env["CALLVAULT_DB"], "--url=" + url} {
		for text, want := range map[string]outcome{
			"4": {exitOK, document, ""},
			"http://127.0.0.1:8081/?range=30d&call=1727859600000000.4": {exitOK, document, ""},
			"http://127.0.0.1:8081/?company=default&call=4":            {exitOK, document, ""},
			"https://us-12345.app.gong.io/call?id=4":                   {exitOK, document, ""},
			"https://us-12345.app.gong.io/calls?":                      {exitUsage, "", "callvault: the link has no call; use one with call= or id=, or the id\nSee 'callvault call --help'.\n"},
		} {
			if got := c.run("call", source, "-o", "json", text); got != want {
				t.Errorf("%s %s: got %+v, want %+v", source, text, got, want)
			}
		}
	}
	if got := c.must("call", "4", "--tz", "UTC"); !strings.Contains(got, "primaryUserName  Ana Silva\n") {
		t.Errorf("got %s", got)
	}
	for args, want := range map[string]string{
		"5000 --url " + url: "callvault: the server has no call 5000\n",
		"http://127.0.0.1:8081/?company=acme&call=1727859600000000.4":                    "callvault: there is no company \"acme\" in this store; it has default\n",
		"http://127.0.0.1:8081/?company=acme&call=1727859600000000.40 --company default": "callvault: company \"default\" has no call 40\n",
		"4 --url http://127.0.0.1:1":                                                     "callvault: 127.0.0.1:1 refused the connection; check that the server runs, and the port\n",
	} {
		if got := c.run(append([]string{"call"}, strings.Fields(args)...)...); got != (outcome{exitFailed, "", want}) {
			t.Errorf("%s: got %+v, want %s", args, got, want)
		}
	}
}

// A server's users and workspaces are exported as its calls are.
func TestExportKindsOfServers(t *testing.T) {
	c, url := newOffice(t)
	for _, kind := range []string{"users", "workspaces"} {
		want := c.must("export", "--kind", kind)
		if got := c.run("export", "--kind", kind, "--url", url); got.code != exitOK || got.stdout != want || strings.Count(want, "\n") != 3 {
			t.Errorf("%s: got %+v, want %s", kind, got, want)
		}
	}
	if got := c.run("export", "--kind", "users", "--url", "http://127.0.0.1:1"); got != (outcome{exitFailed, "", "callvault: 127.0.0.1:1 refused the connection; check that the server runs, and the port; nothing was written\n"}) {
		t.Errorf("%+v", got)
	}
}

// A call of a telephone system's CSV has the system that --source names, and is found by it, by
// its agent and by its id there.
func TestCallsOfATelephoneSystem(t *testing.T) {
	c := newCLI(t)
	file := c.file("pbx.csv", `"Call ID",Start,Length,Agent,Direction`, "1770020102.65,2026-02-02 09:15,4:38,Zoe Agent,outbound", "1770020102.66,2026-02-02 09:20,0:12,Max Blatt,inbound")
	if got := c.run("import", file); got.code != exitFailed || !strings.Contains(got.stderr, `rename "Direction" to direction, or in CSV pass --map FIELD=COLUMN`) {
		t.Errorf("%+v", got)
	}
	c.must("import", "--map", "id=Call ID,started=Start,duration=Length,primaryUserId=Agent,direction=Direction", "--tz", "UTC", "--source", "pbx1", file)
	zoe := strings.SplitAfter(c.must("export"), "\n")[0]
	for _, where := range []string{"system:pbx1 host:zoe", `host:"zoe agent"`, "host:AGENT", "1770020102.65"} {
		if got := c.must("calls", "-o", "ndjson", "--where", where); got != zoe || !strings.Contains(got, `"primaryUserId":"Zoe Agent"`) {
			t.Errorf("%s: got %s", where, got)
		}
	}
	if got := c.must("calls", "--figures"); !strings.Contains(got, "\nSYSTEM  CALLS  SHARE  HOURS\npbx1        2  100 %    0.1\n") || !strings.Contains(got, "\nMax Blatt      1   50 %    0.0\n") {
		t.Errorf("got %s", got)
	}
}
