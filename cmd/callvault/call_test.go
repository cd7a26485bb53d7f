package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// call shows the facts of a call in the zone, or its document to the byte.
func TestCall(t *testing.T) {
	c := newCLI(t)
	c.must("import", "-q", c.file("calls.ndjson", `{"id":"42","started":"2026-01-05T09:00:00Z","title":"Kick-off\u001b[2J","duration":460,"isPrivate":false,"team":{"a":[1]}}`))
	want := `id         42
title      Kick-off�[2J
started    Mon 2026-01-05 10:00:00 +01:00
duration   7m40s
isPrivate  false
team       {"a":[1]}
`
	if got := c.must("call", "42", "--tz", "Europe/Berlin"); got != strings.ReplaceAll(want, `\ufffd`, "\ufffd") {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := c.must("call", "042", "-o", "json"); got != c.must("export") {
		t.Errorf("got %s", got)
	}
	for args, want := range map[string]outcome{
		"call 7":                 {exitFailed, "", "callvault: company \"default\" has no call 7\n"},
		"call --company acme 42": {exitFailed, "", "callvault: there is no company \"acme\" in this store; it has default\n"},
		"call x":                 {exitUsage, "", "callvault: \"x\" is not an id; use a number of 1 to 20 digits, or a link to the call; to search for it, type callvault calls --where 'x'\nSee 'callvault call --help'.\n"},
		"call":                   {exitUsage, "", "callvault: ID is missing; type callvault call ID\nSee 'callvault call --help'.\n"},
	} {
		if got := c.run(strings.Fields(args)...); got != want {
			t.Errorf("%s: got %+v, want %+v", args, got, want)
		}
	}
}

// A damaged call ends what reads it, with its id; export can leave it out and says so.
func TestExportSkipsDamaged(t *testing.T) {
	c := newCLI(t)
	c.stdin = numbered(90)
	c.must("import", "-q", "-")
	whole := c.must("export")
	db := c.env["CALLVAULT_DB"]
	content, err := os.ReadFile(db)
	if err != nil || !bytes.Contains(content, []byte(`"Call 7"`)) {
		t.Fatal(err)
	}
	if err := os.WriteFile(db, bytes.Replace(content, []byte(`"Call 7"`), []byte(`"Cold 7"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	const damage = "call 7 of company default is damaged: its checksum does not match; see 'callvault check'"
	file := filepath.Join(t.TempDir(), "calls.ndjson")
	if got, want := c.run("export", file), "callvault: "+damage+"; nothing was written; to export the other calls: --skip-damaged\n"; got != (outcome{exitFailed, "", want}) {
		t.Errorf("got %+v", got)
	}
	before := strings.Join(strings.SplitAfter(whole, "\n")[:6], "")
	if got, want := c.run("export"), "callvault: "+damage+"; 6 calls before it are on standard output; to export the other calls: --skip-damaged\n"; got != (outcome{exitFailed, before, want}) {
		t.Errorf("got %+v", got)
	}
	if got := c.run("call", "7"); got.code != exitFailed || got.stdout != "" || !strings.Contains(got.stderr, "call 7 ") || !strings.Contains(got.stderr, "is damaged") {
		t.Errorf("got %+v", got)
	}
	got := c.run("export", "--skip-damaged", file)
	if want := "skipped: " + damage + "\nexported 89 calls, 1 skipped to " + file + " as ndjson\n"; got != (outcome{exitSkipped, "", want}) {
		t.Errorf("got %+v, want %s", got, want)
	}
	lines := strings.SplitAfter(whole, "\n")
	if want := strings.Join(append(lines[:6:6], lines[7:]...), ""); read(t, file) != want {
		t.Errorf("it wrote %s", read(t, file))
	}
	if got := c.run("export", "--skip-damaged", "--url", "http://127.0.0.1:1"); got.code != exitUsage {
		t.Errorf("got %+v", got)
	}
}

// Without --from a limit counts from the end of a store.
func TestCallsLast(t *testing.T) {
	c, g := newListed(t, 33)
	lines := strings.SplitAfter(c.must("export"), "\n")
	for args, want := range map[string]outcome{
		"-o ndjson --limit 2":                         {exitOK, lines[31] + lines[32], "the last 2 of 33 calls\n"},
		"-o ndjson --limit 50":                        {exitOK, strings.Join(lines, ""), "33 calls\n"},
		"-o ndjson --limit 2 --url " + g.URL:          {exitOK, lines[0] + lines[1], "the first 2 of 33 calls\n"},
		"-q -o ndjson --limit 2 --from 2026 --tz UTC": {exitOK, lines[0] + lines[1], ""},
	} {
		if got := c.run(append([]string{"calls"}, strings.Fields(args)...)...); got != want {
			t.Errorf("%s: got %+v, want %+v", args, got, want)
		}
	}
}
