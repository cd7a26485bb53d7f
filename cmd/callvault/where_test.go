package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/demo"
)

// sought is a call as the obvious search reads it.
type sought struct {
	ID, Title, Scheduled, Started, Direction, System, Scope string

	PrimaryUserID, WorkspaceID, ClientUniqueID string
	Duration                                   *int
	IsPrivate                                  bool

	line  string
	texts [2][]string // the words of the title and of the clientUniqueId
}

// begins tells whether words that follow each other in one of the texts begin so.
func (s *sought) begins(words ...string) bool {
	return begins(s.texts[0], words...) || begins(s.texts[1], words...)
}

var plain = strings.NewReplacer("ö", "o", "ø", "o", "ü", "u", "Ó", "o", "á", "a", "é", "e", "í", "i", "ß", "ss")

// plainWords are the words of a text in small letters without accents.
func plainWords(text string) []string {
	return regexp.MustCompile(`[a-z0-9]+`).FindAllString(strings.ToLower(plain.Replace(text)), -1)
}

// begins tells whether words that follow each other begin so.
func begins(words []string, sought ...string) bool {
	return strings.Contains(" "+strings.Join(words, " "), " "+strings.Join(sought, " "))
}

// picked is a random term and the calls that it finds. Of terms with one key one must hold.
type picked struct {
	key, text string
	finds     func(sought) bool
}

// randomTerm is a term that finds a call, or seldom none.
func randomTerm(random *rand.Rand, of sought, names map[string]string) picked {
	value := func(field string, value func(sought) string) picked {
		return picked{field, fmt.Sprintf(`%s:"%s"`, field, strings.ToUpper(value(of))), func(c sought) bool { return value(c) == value(of) }}
	}
	name := func(field string, value func(sought) string) picked {
		called := []rune(names[value(of)])
		if len(called) == 0 || random.IntN(3) == 0 {
			return picked{field, field + ":" + value(of), func(c sought) bool { return value(c) == value(of) }}
		}
		words := plainWords(string(called[:1+random.IntN(len(called))]))
		return picked{field, field + `:"` + strings.Join(words, "-") + `"`, func(c sought) bool { return begins(plainWords(names[value(c)]), words...) }}
	}
	minutes := 1 + random.IntN(50)
	text := of.texts[random.IntN(2)]
	at := random.IntN(len(text))
	word := text[at][:1+random.IntN(len(text[at]))]
	unique := fmt.Sprint(random.Uint64())
	switch random.IntN(11) {
	case 0:
		return name("host", func(c sought) string { return c.PrimaryUserID })
	case 1:
		return name("workspace", func(c sought) string { return c.WorkspaceID })
	case 2:
		return value("system", func(c sought) string { return c.System })
	case 3:
		return value("direction", func(c sought) string { return c.Direction })
	case 4:
		return value("scope", func(c sought) string { return c.Scope })
	case 5:
		return picked{"private", "Private:" + map[bool]string{true: "yes", false: "no"}[of.IsPrivate], func(c sought) bool { return c.IsPrivate == of.IsPrivate }}
	case 6:
		return picked{"longer", fmt.Sprintf("longer:%dm", minutes), func(c sought) bool { return c.Duration != nil && *c.Duration >= 60*minutes }}
	case 7:
		minutes := 1 + minutes/10
		return picked{"late", fmt.Sprintf("late:%dmin", minutes), func(c sought) bool {
			scheduled, err := time.Parse(time.RFC3339, c.Scheduled)
			started, _ := time.Parse(time.RFC3339, c.Started)
			return err == nil && started.Sub(scheduled) >= time.Duration(minutes)*time.Minute
		}}
	case 8:
		digits := []string{of.ID, "2", of.texts[1][2]}[random.IntN(3)]
		return picked{unique, digits, func(c sought) bool { return c.ID == digits || c.begins(digits) }}
	case 9:
		phrase := text[at:min(len(text), at+2)]
		return picked{unique, `"` + strings.Join(phrase, " - ") + `"`, func(c sought) bool { return c.begins(phrase...) }}
	}
	return picked{unique, strings.ReplaceAll(strings.ToUpper(word), "O", "Ö"), func(c sought) bool { return c.begins(word) }}
}

// soughtNames are what some hosts and workspaces are called.
func soughtNames(c *cli, all []sought) map[string]string {
	called := []string{"Ana Silva", "Anabel Ríos", "Bjørn Dahl", "Klára Nová", "Nora Weiß", "Jean-Luc Ana", ""}
	names := make(map[string]string)
	entries := map[string][]string{"users": {`{"id":"5","firstName":"Quentin"}`}} // without calls
	add := func(kind, id, form string) {
		if _, isKnown := names[id]; id != "" && !isKnown {
			names[id] = called[len(names)%len(called)]
			entries[kind] = append(entries[kind], fmt.Sprintf(form, id, names[id]))
		}
	}
	for _, of := range all {
		add("users", of.PrimaryUserID, `{"id":"%s","firstName":"%s"}`)
		add("workspaces", of.WorkspaceID, `{"id":"%s","name":"%s"}`)
	}
	for kind, lines := range entries {
		c.must("import", "--kind", kind, c.file(kind, lines...))
	}
	return names
}

// newSought is a store of sample calls with names, a server of it, and its calls.
func newSought(t *testing.T) (c *cli, url string, all []sought, names map[string]string) {
	c, _ = newListed(t, 0)
	var lines bytes.Buffer
	for call := range demo.Calls(demo.Options{Seed: 3, End: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Count: 1000}) {
		call.ClientUniqueID = new("CDR-2025-0" + call.ID)
		fmt.Fprintf(&lines, "%s\n", call.AppendJSON(nil))
	}
	c.stdin = lines.String()
	c.must("import", "-")
	for line := range strings.Lines(c.must("export")) {
		of := sought{line: line}
		if err := json.Unmarshal([]byte(line), &of); err != nil {
			t.Fatal(err)
		}
		of.texts = [2][]string{plainWords(of.Title), plainWords(of.ClientUniqueID)}
		all = append(all, of)
	}
	names = soughtNames(c, all)
	return c, c.serve("--page-size", "1000", "--rate-limit", "off").find(`at (http://\S+)`)[1], all, names
}

// What --where finds is what the obvious search finds in the whole export, of a store and of
// its server.
func TestWhereIsObvious(t *testing.T) {
	c, url, all, names := newSought(t)
	random := rand.New(rand.NewPCG(7, 7))
	some := 0
	for round := range 24 {
		byKey, where := make(map[string][]picked), ""
		for range 1 + random.IntN(4) {
			of := all[random.IntN(len(all))]
			if len(of.texts[0]) == 0 || of.PrimaryUserID == "" || of.WorkspaceID == "" || of.System == "" || of.Direction == "" || of.Scope == "" {
				continue
			}
			one := randomTerm(random, of, names)
			byKey[one.key] = append(byKey[one.key], one)
			where += " " + one.text
		}
		if where == "" {
			continue
		}
		var lines []string
		for _, of := range all {
			finds := true
			for _, terms := range byKey {
				finds = finds && slices.ContainsFunc(terms, func(one picked) bool { return one.finds(of) })
			}
			if finds {
				lines = append(lines, of.line)
			}
		}
		if some += min(1, len(lines)); len(lines) == len(all) {
			t.Errorf("%s finds all", where)
		}
		found := func(want string, args ...string) {
			t.Helper()
			for _, source := range []string{"--tz=UTC", "--url=" + url} {
				if got := c.must(append(args, source, "--where", where)...); got != want {
					t.Errorf("%q %s --where '%s' gives\n%swant\n%s", args, source, where, got, want)
				}
			}
		}
		switch round % 4 {
		case 0, 1:
			found(strings.Join(lines, ""), "calls", "-o", "ndjson")
		case 2:
			found(strings.Join(lines, ""), "export")
			last := lines[max(0, len(lines)-3):]
			if got := c.must("calls", "-o", "ndjson", "--limit", "3", "--where", where); got != strings.Join(last, "") {
				t.Errorf("%s: the last three are %s", where, got)
			}
		case 3:
			found(strings.Join(lines[:min(3, len(lines))], ""), "calls", "-o", "ndjson", "--limit", "3", "--from", "2000")
			found(monthsOf(lines), "calls", "--histogram", "month", "--from", "2025-12", "--through", "2026-02")
		}
	}
	if some < 12 {
		t.Errorf("only %d searches found something", some)
	}
}

// monthsOf is the histogram of calls.
func monthsOf(lines []string) (months string) {
	counts := make(map[string]int)
	for _, line := range lines {
		c, _ := callvault.ParseCall([]byte(line)) // it was exported
		counts[c.Time.UTC().Format("2006-01")+"-01T00:00:00Z"]++
	}
	for _, month := range []string{"2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"} {
		months += fmt.Sprintf("%s  %d\n", month, counts[month])
	}
	return months
}

// Where a range is open, a histogram begins and ends with what is found.
func TestWhereHistogram(t *testing.T) {
	c, g := newListed(t, 33)
	for _, source := range []string{"--db=" + c.env["CALLVAULT_DB"], "--url=" + g.URL} {
		for where, want := range map[string]string{
			"20":                 "2026-01-07T00:00:00Z  1\n",
			"20 21":              "",
			"late:5m longer:10m": "",
			"longer:31m":         "2026-01-11T00:00:00Z  2\n",
		} {
			if got := c.must("calls", source, "--histogram", "day", "--tz", "UTC", "--where", where); got != want {
				t.Errorf("%s: got %s, want %s", where, got, want)
			}
		}
	}
}

// A name that nothing has ends the command, which names it and prints no calls.
func TestWhereOfMissingNames(t *testing.T) {
	c, url, _, _ := newSought(t)
	for where, want := range map[string]string{
		"host:Zed":                       "host:Zed: nobody here has this name; type the beginning of a first or last name, or an id\n",
		"call host:Ana host:123":         "host:123: nobody here has this name; type the beginning of a first or last name, or an id\n",
		"system:Zoom system:teams":       "system:teams: no call here has this system; there are ClearSlide, Google Meet, Outreach, ShoreTel, Upload API, WebEx, Zoom\n",
		`workspace:"nowhere to be seen"`: `workspace:"nowhere to be seen": no call here has this workspace; there are `,
	} {
		for _, format := range []string{"table", "json", "csv"} {
			if got := c.run("calls", "-o", format, "--where", where); got.code != exitFailed || got.stdout != "" || !strings.HasPrefix(got.stderr, "callvault: "+want) {
				t.Errorf("%s as %s: %+v", where, format, got)
			}
		}
		if got := c.run("calls", "--histogram", "month", "--where", where); got.code != exitFailed || got.stdout != "" {
			t.Errorf("%s: %+v", where, got)
		}
	}
	// Only when all calls have come is it clear which systems and ids a server has.
	for where, want := range map[string]string{"host:Zed": "nobody here has this name", "host:123": "nobody here has this name", "system:teams": "no call here has this system; there are ClearSlide, "} {
		for _, format := range []string{"table", "json", "csv"} {
			if got := c.run("calls", "-o", format, "--url", url, "--where", where); got.code != exitFailed || got.stdout != "" || !strings.Contains(got.stderr, "callvault: "+where+": "+want) {
				t.Errorf("%s as %s: %+v", where, format, got)
			}
		}
	}
	if got := c.run("calls", "--url", url, "--where", "system:zoom system:teams", "-o", "ndjson"); got.code != exitOK || got.stdout != c.must("calls", "--where", "system:zoom", "-o", "ndjson") || !strings.Contains(got.stderr, "system:teams: no call here has this system") {
		t.Errorf("one of two systems: code %d, %s", got.code, got.stderr)
	}
	const refused = "callvault: 127.0.0.1:1 refused the connection; check that the server runs, and the port; nothing was written\n"
	for _, where := range []string{"host:Ana", "Ana"} { // with a name, the users are requested first
		if got := c.run("calls", "--url", "http://127.0.0.1:1", "--where", where); got.code != exitFailed || got.stderr != refused {
			t.Errorf("%s of no server: %+v", where, got)
		}
	}
	for _, source := range []string{"--tz=UTC", "--url=" + url} {
		if got := c.run("calls", source, "--where", "host:quentin"); got.code != exitOK || got.stdout != "" || !strings.HasSuffix(got.stderr, "no calls\n") {
			t.Errorf("a host without calls: %+v", got)
		}
	}
}

// A search that finds nothing and whose words are a name says what to type.
func TestWhereMeant(t *testing.T) {
	c, _, _, _ := newSought(t)
	for where, want := range map[string]string{
		"longer:1s hots:ana": "did you mean --where 'longer:1s host:ana' or --where 'longer:1s workspace:ana'?\n",
		"Jean-Luc Ana":       "did you mean --where 'host:\"Jean-Luc Ana\"'?\n",
		"nobodysname":        "no calls\n",
	} {
		if got := c.run("calls", "--where", where); got.code != exitOK || got.stdout != "" || !strings.HasSuffix(got.stderr, want) {
			t.Errorf("%s: %+v, want %s", where, got, want)
		}
	}
}

// A search for late calls shows how late each started.
func TestWhereLate(t *testing.T) {
	c := newCLI(t)
	c.must("import", "-q", c.file("calls.ndjson", `{"id":"1","title":"Late","scheduled":"2026-01-05T09:00:00Z","started":"2026-01-05T09:07:30Z"}`))
	want := `TIME                           LATE  DURATION  DIRECTION   SYSTEM        ID                    TITLE
2026-01-05T09:07:30Z           7:30         -  -           -             1                     Late
`
	if got := c.must("calls", "--tz", "UTC", "--where", "late:5m"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := c.must("calls", "--where", "late"); strings.Contains(got, "LATE") {
		t.Errorf("got %s", got)
	}
}
