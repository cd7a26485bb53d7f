package main

import (
	"strings"
	"testing"
)

// What is wrong with how calls are asked for is said before anything is opened, with
// what is accepted, and no secret is repeated.
func TestCallsUsage(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"--url http://127.0.0.1:1 --db calls.db", "--db and --url exclude each other; leave one out"},
		{"--url http://127.0.0.1:1 --company acme", "--company and --url exclude each other; leave one out"},
		{"--credentials key.txt", "--credentials is for --url; add --url, or leave it out"},
		{"--url http://me:hush@127.0.0.1:1", "--url: it has a credential, which every user of this machine can see; set CALLVAULT_ACCESS_KEY"},
		{"--url http://hush@127.0.0.1:1", "--url: it has a credential"},
		{"--url http://me:hu%ssh@127.0.0.1:1", "--url: use http:// or https:// with a host"},
		{"--url ftp://127.0.0.1", "--url: use http:// or https:// with a host"},
		{"--url http://us-1.api.Gong.io", "--url: use https:// for a host of gong.io, so that nobody on the way can read the credential"},
		{"--url 127.0.0.1:8080", "--url: use http:// or https:// with a host"},
		{"--url http://127.0.0.1:1/v2/calls", "--url: leave out /v2/calls, which callvault adds to the address itself"},
		{"--url http://127.0.0.1:1/v2/", "--url: leave out /v2, which callvault adds to the address itself"},
		{"--url http://127.0.0.1:1?token=hush", "--url: this is a link to a page; use the address of the API, which ends before ? and #"},
		{"--url http://127.0.0.1:1", "the server needs a credential; set CALLVAULT_ACCESS_KEY and CALLVAULT_ACCESS_KEY_SECRET, or CALLVAULT_TOKEN"},
		{"--from soon", `--from "soon" is not a time; use a date`},
		{"--from=", "--from is empty; give a value, or leave the flag out"},
		{"--to soon", `--to "soon" is not a time; use a date`},
		{"--from 2026-02-01 --to 2026-01-01", "--from 2026-02-01 must be before --to 2026-01-01"},
		{"--from 2026-02 --to 2026-02", "--from 2026-02 must be before --to 2026-02, but they are Sun 2026-02-01 00:00 and Sun 2026-02-01 00:00; to include all of 2026-02, use --through 2026-02"},
		{"--through 2026-01-31T09:00", `--through "2026-01-31T09:00" is not a day, month or year; use 2026-01-31`},
		{"--through 2026 --to 2027", "--through and --to exclude each other; leave one out"},
		{"--tz Europe/Munich", `--tz "Europe/Munich" is not a time zone; use local, UTC`},
		{"--limit -1", `--limit "-1": use a whole number`},
		{"-o xml", `--output "xml": use ndjson, json, csv, parquet or table`},
		{"--histogram decade", `--histogram "decade": use hour, day, week or month`},
		{"--histogram day -o json", "--histogram and --output exclude each other; leave one out"},
		{"--histogram day --limit 5", "--histogram and --limit exclude each other"},
		{"harbor pricing", `unexpected argument: "harbor"; type callvault calls --where 'harbor pricing'`},
		{"host:Ana", `unexpected argument: "host:Ana"; type callvault calls --where 'host:Ana'`},
		{"last week", `unexpected argument: "last"; type callvault calls --from 'last week'`},
		{"7782342274025937895", `unexpected argument: an id; type callvault call 7782342274025937895`},
		{"http://127.0.0.1:1/?call=7&token=hush", `unexpected argument: a link to a call; type callvault call LINK`},
		{"http://127.0.0.1:1/?token=hush", `unexpected argument: a URL; type callvault calls --url URL`},
	} {
		c := newCLI(t)
		got := c.run(append([]string{"calls"}, strings.Fields(tt.args)...)...)
		if got.code != exitUsage || !strings.HasPrefix(got.stderr, "callvault: "+tt.want) || got.stdout != "" {
			t.Errorf("%s: code %d\n got %swant %s", tt.args, got.code, got.stderr, tt.want)
		}
		if strings.Contains(got.stderr, "hush") {
			t.Errorf("%s: the secret is in %s", tt.args, got.stderr)
		}
	}
}

// The web page's address in place of the API's gets an error that says so.
func TestCallsOfThePage(t *testing.T) {
	c := newCLI(t)
	c.must("import", "-q", c.file("calls.ndjson", callOne))
	c.env["CALLVAULT_TOKEN"] = "t"
	page := c.serve("--manage", "127.0.0.1:0").find(`web page, health and metrics at (http://\S+)`)[1]
	want := "callvault: this is the address of the web page; use that of the API, which callvault serve prints"
	for args, end := range map[string]string{"calls": "; nothing was written\n", "call 1": "\n"} {
		if got := c.run(append(strings.Fields(args), "--url", page)...); got != (outcome{exitFailed, "", want + end}) {
			t.Errorf("%s: %+v", args, got)
		}
	}
}

// Gong's credential is sent to nobody else, and what to set instead is said.
func TestCallsOfGongsCredential(t *testing.T) {
	c := newCLI(t)
	c.env["GONG_ACCESS_KEY"], c.env["GONG_ACCESS_KEY_SECRET"] = "hush", "hush"
	want := "callvault: GONG_ACCESS_KEY is only for hosts of gong.io; for 127.0.0.1 set CALLVAULT_ACCESS_KEY and CALLVAULT_ACCESS_KEY_SECRET\n"
	if got := c.run("calls", "--url", "http://127.0.0.1:1"); got.code != exitUsage || !strings.HasPrefix(got.stderr, want) || strings.Contains(got.stderr, "hush") {
		t.Errorf("%+v", got)
	}
}

// Of a store and a server the command line's goes before the environment's; where
// both are in the environment the server is meant, whose variable is of this command.
func TestCallsSource(t *testing.T) {
	c, g := newListed(t, 3)
	c.env["CALLVAULT_CALLS_URL"] = g.URL
	c.env["CALLVAULT_COMPANY"] = "acme"
	if got := c.run(january()...); got.code != exitOK || g.count() != 1 {
		t.Errorf("%d requests, %+v", g.count(), got)
	}
	c.env["CALLVAULT_CALLS_CREDENTIALS"] = "no such file"
	if got := c.run(january("--db", c.env["CALLVAULT_DB"], "--company", "default")...); got.code != exitOK || g.count() != 1 {
		t.Errorf("%d requests, %+v", g.count(), got)
	}
}

// What key create prints is a file of a credential as it is.
func TestCredentialAsCreated(t *testing.T) {
	c, g := newListed(t, 3)
	delete(c.env, "CALLVAULT_ACCESS_KEY")
	delete(c.env, "CALLVAULT_ACCESS_KEY_SECRET")
	for _, flags := range [][]string{{}, {"-o", "json"}, {"--bearer"}, {"--bearer", "-o", "json"}} {
		path := c.file("key", c.must(append([]string{"key", "create"}, flags...)...))
		if got := c.run(january("--url", g.URL, "--credentials", path)...); got.code != exitOK || strings.Count(got.stdout, "\n") != 4 {
			t.Errorf("%q: %+v", flags, got)
		}
	}
}
