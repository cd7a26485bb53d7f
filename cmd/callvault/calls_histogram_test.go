package main

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/when"
)

// A histogram is the same of a store and of its server, whichever way the server is
// asked: by walking through few calls, or for the total of each bar.
func TestHistogram(t *testing.T) {
	c, g := newListed(t, 33)
	for _, tt := range []struct {
		flags    string
		want     string
		requests int
	}{
		{"--from 2026-01-10 --to 2026-01-13 --histogram day --tz UTC", "2026-01-10T00:00:00Z  3\n2026-01-11T00:00:00Z  3\n2026-01-12T00:00:00Z  0\n", 1},
		{"--from 2026-01-01 --to 2026-01-31 --histogram week --tz UTC", "2026-01-01T00:00:00Z  12\n2026-01-05T00:00:00Z  21\n2026-01-12T00:00:00Z  0\n2026-01-19T00:00:00Z  0\n2026-01-26T00:00:00Z  0\n", 4},
		{"--from 2026-01-01 --to 2026-03-01 --histogram month --tz UTC", "2026-01-01T00:00:00Z  33\n2026-02-01T00:00:00Z  0\n", 3},
		{"--from 2026-01-01T07:30:00Z --to 2026-01-01T09:00:00Z --histogram hour --tz Asia/Kolkata",
			"2026-01-01T13:00:00+05:30  1\n2026-01-01T14:00:00+05:30  0\n", 1},
		{"--from 2026-01-01T08:00:00Z --to 2026-01-01T09:00:00Z --histogram hour --tz Asia/Kolkata",
			"2026-01-01T13:30:00+05:30  1\n2026-01-01T14:00:00+05:30  0\n", 1},
		{"--from 2024-01-01 --to 2024-01-02 --histogram day --tz UTC", "2024-01-01T00:00:00Z  0\n", 1},
	} {
		args := append([]string{"calls"}, strings.Fields(tt.flags)...)
		if got := c.must(args...); got != tt.want {
			t.Errorf("%s: of the store\n%swant\n%s", tt.flags, got, tt.want)
		}
		before := g.count()
		if got := c.must(append(args, "--url", g.URL)...); got != tt.want {
			t.Errorf("%s: of the server\n%swant\n%s", tt.flags, got, tt.want)
		}
		if got := g.count() - before; got != tt.requests {
			t.Errorf("%s: %d requests, want %d", tt.flags, got, tt.requests)
		}
	}
}

// There is no histogram of what was not read.
func TestHistogramInterrupted(t *testing.T) {
	c, g := newListed(t, 33)
	for held, unit := range map[int]string{3: "week", 2: "month"} {
		got := c.runContext(g.heldAt(t, g.count()+held), nil, january("--url", g.URL, "--histogram", unit)...)
		if got.code != exitFailed || got.stdout != "" || !strings.HasSuffix(got.stderr, "\ncallvault: interrupted; nothing was drawn\n") {
			t.Errorf("%s: %+v", unit, got)
		}
	}
	g.answer = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		return refuse(w, http.StatusUnauthorized, "no")
	}
	if got := c.run(january("--url", g.URL, "--histogram", "day")...); got.code != exitFailed || got.stdout != "" || !strings.Contains(got.stderr, "callvault: the server answered 401: no") {
		t.Errorf("%+v", got)
	}
	if got := c.run("calls", "--from", "2000", "--to", "2026", "--histogram", "hour"); got.code != exitUsage || !strings.Contains(got.stderr, "the range has more than 10,000 hours") {
		t.Errorf("%+v", got)
	}
}

// A call that a server dates elsewhere is in no bar.
func TestPartOf(t *testing.T) {
	var parts []callvault.Range
	for _, day := range []string{"2026-01-01", "2026-01-02"} {
		span, err := when.Parse(day, time.Unix(0, 0).UTC())
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, rangeOf(when.Span{From: span.From, To: span.From.AddDate(0, 0, 1)}))
	}
	var got []string
	for _, at := range []string{"2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-01-01T23:59:59.999999Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"} {
		started, err := gong.ParseTime(at)
		if err != nil {
			t.Fatal(err)
		}
		i, err := partOf(gong.PageCall{Call: gong.Call{ID: "1", Started: &started}}, parts)
		got = append(got, fmt.Sprint(i, err != nil))
	}
	if got, want := strings.Join(got, ", "), "0 true, 0 false, 0 false, 1 false, 0 true"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// readingOnTerminal is the report of a walk through 30,000 calls to a person whose
// terminal is so wide, after 20,000 of them.
func readingOnTerminal(width int) (*callsReport, *bytes.Buffer) {
	var screen bytes.Buffer
	clock := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	r := newCallsReport(audience{stderr: &screen, showBar: true, width: width})
	r.now = func() time.Time { return clock }
	r.planned("reading", 30_000, "call")
	for range 20_000 {
		r.step()
	}
	r.update()
	clock = clock.Add(time.Second)
	r.step()
	r.update()
	return r, &screen
}

// On a terminal a bar shows how far a walk is, and what it waits for.
func TestReadingBar(t *testing.T) {
	r, screen := readingOnTerminal(120)
	if drawn := screen.String(); !regexp.MustCompile(`reading 0 of 30,000 calls +0% .*reading 20,001 of 30,000 calls +66% \|█+ +\|`).MatchString(drawn) {
		t.Errorf("drawn is %q", drawn)
	}
	for cause, want := range map[error]string{
		&gong.Error{Status: 429, RetryAfter: 20 * time.Second}: "waiting 20s, too many requests",
		&gong.Error{Status: 503}:                               "waiting 20s, answered 503",
		fmt.Errorf("broken"):                                   "waiting 20s, no answer",
	} {
		screen.Reset()
		r.waiting(20*time.Second+3*time.Millisecond, cause)
		if drawn := screen.String(); !strings.Contains(drawn, want) {
			t.Errorf("for %v drawn is %q", cause, drawn)
		}
	}
	screen.Reset()
	r.step()
	r.update()
	if drawn := screen.String(); !strings.Contains(drawn, "reading 20,002 of 30,000 calls") {
		t.Errorf("after a pause drawn is %q", drawn)
	}
	screen.Reset()
	r.problem(fmt.Errorf("\x1b[2Ja bad call"))
	if drawn := screen.String(); !strings.Contains(drawn, "skipped: �[2Ja bad call\n") {
		t.Errorf("drawn is %q", drawn)
	}
	for range 20_000 { // more than the server said
		r.step()
	}
	r.draw()
	r.clear()
	if r.bar != nil {
		t.Error("the bar is still there")
	}
}

func TestReadingBarFits(t *testing.T) {
	for _, width := range []int{40, 50, 60, 80, 100, 200} {
		r, screen := readingOnTerminal(width)
		r.waiting(90*time.Second, &gong.Error{Status: 429})
		if !strings.Contains(screen.String(), "waiting") {
			t.Errorf("width %d: drawn is %q", width, screen)
		}
		r.update()
		for _, line := range regexp.MustCompile(`[\r\n]`).Split(screen.String(), -1) {
			line = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`).ReplaceAllString(line, "")
			if n := len([]rune(strings.TrimRight(line, " "))); n > width {
				t.Errorf("width %d: a line of %d: %q", width, n, line)
			}
		}
	}
}
