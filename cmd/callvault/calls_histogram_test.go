package main

import (
	"net/http"
	"strings"
	"testing"
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
	before := g.count() // where only the end is open, nothing is asked for it
	if c.must("calls", "--from", "2026-01-01", "--histogram", "month", "--url", g.URL); g.count()-before != 4 {
		t.Errorf("without an end: %d requests, want 4", g.count()-before)
	}
}

// There is no histogram of what was not read.
func TestHistogramInterrupted(t *testing.T) {
	c, g := newListed(t, 33)
	for held, unit := range map[int]string{3: "week", 2: "month"} {
		got := c.runContext(g.heldAt(t, g.count()+held), nil, january("--url", g.URL, "--histogram", unit)...)
		if got.code != exitFailed || got.stdout != "" || !strings.HasSuffix(got.stderr, "\ncallvault: interrupted; nothing was written\n") {
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
