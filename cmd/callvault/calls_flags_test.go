package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/bulk"
)

// What is wrong with how calls are asked for is said before anything is opened, with
// what is accepted, and no secret is repeated.
func TestCallsUsage(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"--url http://127.0.0.1:1 --db calls.db", "--url is a server and --db a store: accepted is one of them"},
		{"--url http://127.0.0.1:1 --company acme", "--company is of a store: accepted without --url"},
		{"--credentials key.txt", "--credentials is for a server: accepted with --url"},
		{"--url http://me:hush@127.0.0.1:1", "--url shows a credential to every user of this machine; accepted are CALLVAULT_ACCESS_KEY"},
		{"--url http://hush@127.0.0.1:1", "--url shows a credential"},
		{"--url http://me:hu%ssh@127.0.0.1:1", "--url: accepted is http:// or https:// with a host"},
		{"--url ftp://127.0.0.1", "--url: accepted is http:// or https:// with a host"},
		{"--url 127.0.0.1:8080", "--url: accepted is http:// or https:// with a host"},
		{"--url http://127.0.0.1:1/v2/calls", "--url: leave out /v2/calls, which callvault adds to the address itself"},
		{"--url http://127.0.0.1:1/v2/", "--url: leave out /v2, which callvault adds to the address itself"},
		{"--url http://127.0.0.1:1?token=hush", "--url: accepted is http:// or https:// with a host"},
		{"--url http://127.0.0.1:1", "the server wants a credential: there is none; accepted are CALLVAULT_ACCESS_KEY with CALLVAULT_ACCESS_KEY_SECRET, or CALLVAULT_TOKEN"},
		{"http://me:hush@127.0.0.1:1", "FILE: accepted is the path of a file; a server is named by --url"},
		{"--from soon", `--from "soon" is no time; accepted are dates`},
		{"--from=", "--from is empty; give a value, or leave the flag out"},
		{"--to soon", `--to "soon" is no time; accepted are dates`},
		{"--from 2026-02-01 --to 2026-01-01", "--from 2026-02-01 must be before --to 2026-01-01"},
		{"--to 2001-01-01", "--from is left out, so it is 7d: --from 7d must be before --to 2001-01-01, but they are "},
		{"--from 9998-01-01", "--from 9998-01-01 is not before now, which the range ends at; accepted is a later --to"},
		{"--tz Europe/Munich", `--tz "Europe/Munich" is no time zone; accepted are local, UTC`},
		{"--workspace x", `--workspace "x": use the id of a workspace`},
		{"--limit -1", "--limit -1: accepted is a number of at least 0"},
		{"-o xml", `--format "xml": accepted are table, ndjson, json, csv, parquet`},
		{"calls.XLSX", "calls.XLSX: callvault writes no .xlsx files; end the name with .ndjson, .json, .csv or .parquet, or choose a --format"},
		{"calls.tsv.gz", "calls.tsv.gz: callvault writes no .tsv files"},
		{"calls.parquet.gz", "calls.parquet.gz: Parquet is compressed by itself"},
		{"--histogram decade", `--histogram "decade": accepted are hour, day, week, month`},
		{"--histogram day calls.json", "--histogram is drawn on standard output"},
		{"--histogram day -o json", "--histogram is drawn on standard output"},
		{"--histogram day --limit 5", "--histogram is drawn on standard output"},
		{"a.json b.json", `"b.json" is an argument too many; type callvault calls [FILE]`},
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

// Gong's credential is sent to nobody else, and what to set instead is said.
func TestCallsOfGongsCredential(t *testing.T) {
	c := newCLI(t)
	c.env["GONG_ACCESS_KEY"], c.env["GONG_ACCESS_KEY_SECRET"] = "hush", "hush"
	want := "callvault: GONG_ACCESS_KEY is set, but is sent to hosts of gong.io alone; for 127.0.0.1 set CALLVAULT_ACCESS_KEY and CALLVAULT_ACCESS_KEY_SECRET\n"
	if got := c.run("calls", "--url", "http://127.0.0.1:1"); got.code != exitUsage || !strings.HasPrefix(got.stderr, want) || strings.Contains(got.stderr, "hush") {
		t.Errorf("%+v", got)
	}
}

// Of a store and a server the command line's goes before the environment's; where
// both are in the environment the server is meant, whose variable is of this command.
func TestCallsSource(t *testing.T) {
	for _, tt := range []struct {
		given            []string
		url, db, wantURL string
	}{
		{nil, "", "calls.db", ""},
		{nil, "http://h", "calls.db", "http://h"},
		{[]string{"url"}, "http://h", "calls.db", "http://h"},
		{[]string{"db"}, "http://h", "calls.db", ""},
	} {
		o := callsOptions{url: tt.url, db: tt.db, given: tt.given}
		if err := o.chooseSource(); err != nil || o.url != tt.wantURL {
			t.Errorf("%+v: %q, %v", tt, o.url, err)
		}
	}
	c, g := newListed(t, 3)
	c.env["CALLVAULT_CALLS_URL"] = g.URL
	c.env["CALLVAULT_COMPANY"] = "acme"
	if got := c.run(january()...); got.code != exitOK || g.count() != 1 {
		t.Errorf("%d requests, %+v", g.count(), got)
	}
	if got := c.run(january("--db", c.env["CALLVAULT_DB"], "--company", "default")...); got.code != exitOK || g.count() != 1 {
		t.Errorf("%d requests, %+v", g.count(), got)
	}
}

func TestCallsForm(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       form
	}{
		{"", "-", form{format: table, compression: bulk.Uncompressed}},
		{"", "calls.jsonl", form{format: bulk.NDJSON, compression: bulk.Uncompressed}},
		{"", "calls.v2.JSON.gz", form{format: bulk.JSON, compression: bulk.Gzip}},
		{"", "folder.csv/calls.parquet", form{format: bulk.Parquet, compression: bulk.Uncompressed}},
		{"", "calls", form{format: bulk.NDJSON, unnamed: true}},
		{"", "calls.txt.gz", form{bulk.NDJSON, bulk.Gzip, true}},
		{"json", "calls.tsv", form{format: bulk.JSON}},
		{"CSV", "calls.json.zst", form{format: bulk.CSV, compression: bulk.Zstd}},
		{"Table", "calls.txt.gz", form{format: table, compression: bulk.Gzip}},
		{"parquet", "-", form{format: bulk.Parquet, compression: bulk.Uncompressed}},
	} {
		if got, err := (&app{}).callsForm(tt.name, tt.file); err != nil || got != tt.want {
			t.Errorf("%+v: %+v, %v", tt, got, err)
		}
	}
}

func TestPartialName(t *testing.T) {
	for path, want := range map[string]string{
		"calls.json":            "calls.partial.json",
		"calls":                 "calls.partial",
		"of/2026.01/calls.csv":  "of/2026.01/calls.partial.csv",
		"january.v2.ndjson.zst": "january.v2.partial.ndjson.zst",
		"calls.gz":              "calls.partial.gz",
	} {
		if got := partialName(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// A credential comes from the environment; those of Gong's clients go to Gong alone.
func TestCredentialOfTheEnvironment(t *testing.T) {
	gongs := map[string]string{"GONG_ACCESS_KEY": "gk", "GONG_ACCESS_KEY_SECRET": "gs"}
	ours := map[string]string{"CALLVAULT_ACCESS_KEY": "k", "CALLVAULT_ACCESS_KEY_SECRET": "s", "GONG_ACCESS_KEY": "gk", "GONG_ACCESS_KEY_SECRET": "gs"}
	for _, tt := range []struct {
		env       map[string]string
		url       string
		want      gong.Credential
		wantError string
	}{
		{ours, "https://us-1.api.gong.io", gong.Credential{AccessKey: "k", AccessKeySecret: "s"}, ""},
		{ours, "http://127.0.0.1", gong.Credential{AccessKey: "k", AccessKeySecret: "s"}, ""},
		{map[string]string{"CALLVAULT_TOKEN": "t"}, "http://127.0.0.1", gong.Credential{Token: "t"}, ""},
		{gongs, "https://us-1.api.GONG.io:443", gong.Credential{AccessKey: "gk", AccessKeySecret: "gs"}, ""},
		{gongs, "https://gong.io", gong.Credential{AccessKey: "gk", AccessKeySecret: "gs"}, ""},
		{gongs, "https://gong.io.example.com", gong.Credential{}, "is sent to hosts of gong.io alone"},
		{gongs, "https://notgong.io", gong.Credential{}, "is sent to hosts of gong.io alone"},
		{gongs, "http://127.0.0.1", gong.Credential{}, "is sent to hosts of gong.io alone"},
		{map[string]string{"CALLVAULT_ACCESS_KEY": "k"}, "http://127.0.0.1", gong.Credential{}, "an access key without its secret"},
		{map[string]string{"CALLVAULT_ACCESS_KEY_SECRET": "s"}, "http://127.0.0.1", gong.Credential{}, "a secret without its access key"},
		{map[string]string{"CALLVAULT_ACCESS_KEY": "k", "CALLVAULT_TOKEN": "t"}, "http://127.0.0.1", gong.Credential{}, "an access key and a token"},
	} {
		server, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		a := &app{env: func(name string) (string, bool) { value, ok := tt.env[name]; return value, ok }}
		got, err := a.credential("", server)
		if got != tt.want || (err == nil) != (tt.wantError == "") || err != nil && !strings.Contains(err.Error(), tt.wantError) {
			t.Errorf("%v for %s: %q, %v", tt.env, tt.url, [3]string{got.AccessKey, got.AccessKeySecret, got.Token}, err)
		}
	}
}

// A file of a credential is what key create prints, and for its owner alone.
func TestCredentialOfAFile(t *testing.T) {
	for content, want := range map[string]string{
		"accessKey        k\naccessKeySecret  hush\n": "",
		"token t\r\n\r\n": "",
		`{"accessKey":"k","accessKeySecret":"hush"}` + "\n": "",
		` {"token":"hush"}`: "",
		"":                  "there is none",
		"hush\n":            "line 1 is not a name and a value",
		"accessKey k\naccessKeySecret hush hush\n": "line 2 is not a name and a value",
		"k hush\n":           "it has a name that is none of accessKey, accessKeySecret and token",
		"accessKey k\n":      "there is an access key without its secret",
		`{"token":["hush"]}`: "it is not a JSON object of texts",
		`{"hush":"hush"}`:    "it has a name that is none of accessKey, accessKeySecret and token",
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readCredential(path)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), "--credentials "+path+": "+want) {
			t.Errorf("%q: %v", content, err)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("the secret is in %v", err)
		}
		for _, mode := range []os.FileMode{0o640, 0o604, 0o644} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if _, err := readCredential(path); err == nil || !strings.Contains(err.Error(), "others may read "+path) || !strings.Contains(err.Error(), "chmod 600 "+path) {
				t.Errorf("mode %o: %v", mode, err)
			}
		}
	}
	if _, err := readCredential(filepath.Join(t.TempDir(), "none")); err == nil || !strings.HasPrefix(err.Error(), "--credentials: ") {
		t.Errorf("got %v", err)
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
