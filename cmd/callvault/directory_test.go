package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	ada = `{"id":"7","emailAddress":"ada@example.com","created":"2026-06-10T21:49:29.000+02:00","active":true,"emailAliases":[],` +
		`"trustedEmailAddress":null,"firstName":"Ada","lastName":"Lovelace","title":null,"phoneNumber":null,"extension":null,` +
		`"personalMeetingUrls":[],"settings":{"emailsImported":true},"managerId":null,"meetingConsentPageUrl":null,` +
		`"conferencingProviders":null,"spokenLanguages":[],"added":1.50}`
	sales = `{"id":"70","name":"Sales","description":null}`
)

// directoryPages are saved pages of users, of workspaces and of calls.
func directoryPages(c *cli) string {
	return c.file("pages.json",
		`{"requestId":"a","records":{"totalRecords":1,"currentPageSize":1,"currentPageNumber":0},"users":[`+ada+`]}`,
		`{"requestId":"b","workspaces":[`+sales+`]}`, `{"requestId":"c","calls":[`+callOne+`]}`)
}

// Users and workspaces of saved pages are detected, and of NDJSON by --kind. They come out
// byte for byte, by id, and import takes them again.
func TestDirectoryGoesInAndOut(t *testing.T) {
	c := newCLI(t)
	if got := c.run("import", directoryPages(c)); got.code != exitOK || !strings.Contains(got.stderr, "3 records: 3 created") {
		t.Fatalf("%+v", got)
	}
	if got := c.run("import", "--kind", "users", c.file("users.ndjson", `{"id":10}`, ada, `{"firstName":"B","id":"9"}`)); got.code != exitOK ||
		!strings.Contains(got.stderr, "3 records: 2 created, 0 changed, 1 unchanged") {
		t.Errorf("%+v", got)
	}
	users := strings.Split(strings.TrimSuffix(c.must("export", "--kind", "users"), "\n"), "\n")
	if len(users) != 3 || users[0] != ada || !strings.HasPrefix(users[1], `{"id":"9","emailAddress":null,`) || !strings.HasPrefix(users[2], `{"id":"10",`) {
		t.Errorf("users %q", users)
	}
	file := filepath.Join(t.TempDir(), "w.json.gz")
	if got := c.run("export", "--kind", "Workspaces", file); got.code != exitOK || !strings.Contains(got.stderr, "exported 1 workspace to ") {
		t.Errorf("%+v", got)
	}
	if got := c.run("import", "--kind", "workspaces", file); !strings.Contains(got.stderr, "1 record: 0 created, 0 changed, 1 unchanged") {
		t.Errorf("%+v", got)
	}
	if text := c.must("info"); !strings.Contains(text, "  3 users, 1 workspace\n") {
		t.Errorf("info: %s", text)
	}
}

// What is wrong is told with the file and the line, and nothing of the record is kept.
func TestWrongDirectories(t *testing.T) {
	c := newCLI(t)
	bad := c.file("bad.ndjson", `{"id":"1","active":"yes","created":"today"}`, `{"firstName":"A"}`, `nope`, `{"id":"2"}`)
	got := c.run("import", "--kind", "users", bad)
	for _, want := range []string{
		bad + ":1: active: must be true, false or null, not a string\n", bad + `:1: created: "today" is not a date and time; use`,
		bad + ":2: id: is missing or empty; ", bad + ":3: neither a JSON object nor an array\n", "4 records: 1 created, 0 changed, 0 unchanged, 3 skipped",
	} {
		if got.code != exitSkipped || !strings.Contains(got.stderr, want) {
			t.Errorf("%q is missing from %+v", want, got)
		}
	}
	page := c.file("page.json", `{"users":[{"id":"3"},{"id":"x"},5]}`)
	if got := c.run("import", page); !strings.Contains(got.stderr, page+":1: user 2: id: \"x\" is not a number") || !strings.Contains(got.stderr, page+":1: user 3: must be a JSON object, not a number") {
		t.Errorf("%+v", got)
	}
	if got := c.run("import", "--strict", "--kind", "users", bad); got.code != exitFailed || !strings.Contains(got.stderr, "3 of 4 records are bad; nothing was stored") {
		t.Errorf("%+v", got)
	}
	for _, tt := range []struct {
		code int
		want string
		args []string
	}{
		{exitFailed, "it is a table; users are read from NDJSON, JSON and saved response pages", []string{"import", "--kind", "users", c.file("u.csv", "id,firstName", "1,A")}},
		{exitFailed, "names.csv: it is a table; users are read from NDJSON, JSON and saved response pages", []string{"import", "--kind", "users", c.file("names.csv", "ID,First name", "1,A")}},
		{exitSkipped, `calls.ndjson:1: it looks like a call, because it has "started"; to import calls, leave out --kind`, []string{"import", "--kind", "users", c.file("calls.ndjson", callOne)}},
		{exitSkipped, "users.ndjson:1: it looks like a user; to import users, pass --kind users", []string{"import", c.file("users.ndjson", ada)}},
		{exitUsage, "--workspace is for calls; leave it out with --kind users", []string{"import", "--kind", "users", "--workspace", "7", bad}},
		{exitUsage, "--app-url is for calls; leave it out with --kind workspaces", []string{"import", "--kind", "workspaces", "--app-url", "https://h", bad}},
		{exitUsage, "--source is for calls; leave it out with --kind users", []string{"import", "--kind", "users", "--source", "pbx1", bad}},
		{exitUsage, "--map is for calls; leave it out with --kind users", []string{"import", "--kind", "users", "--map", "title=x", bad}},
		{exitUsage, `--kind "robots": use calls, users or workspaces`, []string{"import", "--kind", "robots", bad}},
		{exitUsage, "users are written as ndjson or json, not as csv; change the name of FILE or --output", []string{"export", "--kind", "users", "u.csv"}},
		{exitUsage, "--workspace is for calls; leave it out with --kind users", []string{"export", "--kind", "users", "--workspace", "7"}},
		{exitUsage, "--before is for calls; leave it out with --kind users", []string{"delete", "--kind", "users", "--before", "7d", "--yes"}},
		{exitUsage, "say which workspaces to delete with --id", []string{"delete", "--kind", "workspaces", "--yes"}},
	} {
		if got := c.run(tt.args...); got.code != tt.code || !strings.Contains(got.stderr, tt.want) {
			t.Errorf("%q: %+v, want %s", tt.args, got, tt.want)
		}
	}
}

// A user is deleted by id, alone, and nothing of it stays in the file.
func TestUserIsDeleted(t *testing.T) {
	c := newCLI(t)
	c.must("import", "-q", directoryPages(c))
	c.must("import", "-q", "--kind", "users", c.file("users.ndjson", `{"id":"8","firstName":"Gone for good"}`, `{"id":"1"}`))
	if got := c.run("delete", "--kind", "users", "--id", "8,70", "--yes"); got.code != exitOK || got.stdout != "deleted 1\n" || !strings.Contains(got.stderr, "deleted 1 user; 1 id not found") {
		t.Errorf("%+v", got)
	}
	if got := c.must("export", "--kind", "users"); strings.Count(got, "\n") != 2 || strings.Contains(got, "Gone") {
		t.Errorf("users %s", got)
	}
	if got := c.must("export", "--kind", "workspaces") + c.must("export"); !strings.HasPrefix(got, sales+"\n{\"id\":\"1\",") {
		t.Errorf("the others: %s", got)
	}
	data, err := os.ReadFile(c.env["CALLVAULT_DB"])
	if err != nil || strings.Contains(string(data), "Gone for good") {
		t.Errorf("the file has the user still, %v", err)
	}
}

// A copy and a backup have users and workspaces, and the digest tells them apart.
func TestDirectoryIsCopied(t *testing.T) {
	c := newCLI(t)
	c.must("import", "-q", directoryPages(c))
	digest := c.must("check", "--digest")
	copied, backup := filepath.Join(t.TempDir(), "copy.db"), filepath.Join(t.TempDir(), "backup.db")
	c.must("copy", "-q", "--from", c.env["CALLVAULT_DB"], "--to", copied)
	c.must("backup", backup)
	for _, db := range []string{copied, backup} {
		if got := c.must("export", "--kind", "users", "--db", db) + c.must("export", "--kind", "workspaces", "--db", db); got != ada+"\n"+sales+"\n" {
			t.Errorf("%s has %s", db, got)
		}
		if got := c.must("check", "--digest", "--db", db); got != digest {
			t.Errorf("%s has the digest %s, want %s", db, got, digest)
		}
	}
	c.must("delete", "-q", "--kind", "workspaces", "--id", "70", "--yes")
	if got := c.must("check", "--digest"); got == digest {
		t.Error("the digest is the same without the workspace")
	}
}

const (
	hosted   = `{"id":"5","started":"2026-01-05T09:00:00Z","title":"Kick-off","primaryUserId":"7","workspaceId":"70"}`
	unhosted = `{"id":"6","started":"2026-01-06T09:00:00Z","title":"Other","primaryUserId":"8","workspaceId":"80"}`
)

// The table, one call, info and tables in files show the names of hosts and workspaces.
// Documents stay as they are, in every format.
func TestNamesAreShown(t *testing.T) {
	c := newCLI(t)
	file := c.file("calls.ndjson", hosted, unhosted)
	c.must("import", "-q", file)
	if got := c.must("calls", "--tz", "UTC"); strings.Contains(got, "HOST") || strings.Contains(got, "WORKSPACE") {
		t.Errorf("without names: %s", got)
	}
	documents := c.must("export")
	c.must("import", "-q", c.file("pages.json", `{"users":[`+ada+`,{"id":"9","firstName":"Eve"}]}`, `{"workspaces":[`+sales+`,{"id":"90","name":"Empty"}]}`))
	want := `TIME                       DURATION  DIRECTION   HOST                SYSTEM        WORKSPACE         ID                    TITLE
2026-01-05T09:00:00Z              -  -           Ada Lovelace        -             Sales             5                     Kick-off
2026-01-06T09:00:00Z              -  -           8                   -             80                6                     Other
`
	if got := c.must("calls", "--tz", "UTC"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	want = `id               5
title            Kick-off
started          Mon 2026-01-05 09:00:00 +00:00
primaryUserId    7
primaryUserName  Ada Lovelace
workspaceId      70
workspaceName    Sales
`
	if got := c.must("call", "5", "--tz", "UTC"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := c.must("call", "6"); strings.Contains(got, "Name") {
		t.Errorf("a call without names: %s", got)
	}
	if got := c.must("info"); !strings.Contains(got, "  2 (Sales, …)  0     2 users, 2 workspaces\n") {
		t.Errorf("info: %s", got)
	}
	if got := c.must("info", "-o", "json"); !strings.Contains(got, `"workspaces":2,"keys":0,"workspaceNames":{"70":"Sales"},`) {
		t.Errorf("info: %s", got)
	}
	if got := c.must("calls", "-o", "ndjson") + c.must("export") + c.must("call", "5", "-o", "json"); got != documents+documents+strings.SplitAfter(documents, "\n")[0] {
		t.Errorf("documents have changed: %s", got)
	}
	rows, err := csv.NewReader(strings.NewReader(c.must("export", "-o", "csv"))).ReadAll()
	if err != nil || strings.Join(rows[0][20:22], " ") != "primaryUserName workspaceName" || strings.Join(rows[1][20:22], ",") != "Ada Lovelace,Sales" || strings.Join(rows[2][20:22], ",") != "," {
		t.Errorf("%v, %q", err, rows)
	}
	for _, format := range []string{"csv", "parquet"} {
		c.stdin = c.must("calls", "-o", format)
		if got := c.run("import", "-"); !strings.Contains(got.stderr, "2 records: 0 created, 0 changed, 2 unchanged") || strings.Contains(got.stderr, "unknown") {
			t.Errorf("%s: %+v", format, got)
		}
	}
}

// A damaged user ends an export after the one before it, with a whole record, and is named. A
// file does not get its name.
func TestExportOfDamagedUser(t *testing.T) {
	c := newCLI(t)
	var users []string
	for i := range 2000 { // more than any buffer holds
		users = append(users, fmt.Sprintf(`{"id":"%d","firstName":"Ada no. %d of old"}`, i+1, i+1))
	}
	c.must("import", "-q", "--kind", "users", c.file("users.ndjson", users...))
	eve := func(c *cli) {
		damage(t, c.env["CALLVAULT_DB"], func(file []byte) { copy(file[bytes.Index(file, []byte("Ada no. 1500 ")):], "Eve") })
	}
	eve(c)
	const damaged = "callvault: user 1500 of company default is damaged: its checksum does not match; see 'callvault check'; "
	for output, want := range map[string]string{"ndjson": "}\n", "json": "}\n]\n"} {
		got := c.run("export", "--kind", "users", "-o", output)
		if n := strings.Count(got.stdout, `{"id":`); got.code != exitFailed || got.stderr != damaged+"1,499 users before it are on standard output\n" || n != 1499 || !strings.HasSuffix(got.stdout, want) {
			t.Errorf("%s: %d users that end with %q, %d, %s", output, n, got.stdout[max(0, len(got.stdout)-40):], got.code, got.stderr)
		}
	}
	name := filepath.Join(t.TempDir(), "users.ndjson")
	if got := c.run("export", "--kind", "users", name); got.code != exitFailed || got.stderr != damaged+"nothing was written\n" {
		t.Errorf("%+v", got)
	}
	if entries, err := os.ReadDir(filepath.Dir(name)); err != nil || len(entries) > 0 {
		t.Errorf("it left %v, %v", entries, err)
	}
	c = newCLI(t)
	c.must("import", "-q", "--kind", "users", c.file("users.ndjson", users[1499]))
	eve(c)
	if got := c.run("export", "--kind", "users", "-o", "json"); got.code != exitFailed || got.stdout != "" || got.stderr != damaged+"nothing was written\n" {
		t.Errorf("%+v", got)
	}
}

// Formats without names need none of a damaged user; the others say which it is, and with
// --skip-damaged export goes on without names.
func TestDamagedNames(t *testing.T) {
	c := newCLI(t)
	c.must("import", "-q", c.file("calls.ndjson", hosted))
	c.must("import", "-q", "--kind", "users", c.file("users.ndjson", `{"id":"7","firstName":"Ada of old"}`))
	damage(t, c.env["CALLVAULT_DB"], func(file []byte) { copy(file[bytes.Index(file, []byte("Ada of old")):], "Eve") })
	const damaged = "user 7 of company default is damaged: its checksum does not match; see 'callvault check'"
	for _, args := range [][]string{{"calls"}, {"call", "5"}, {"export", "-o", "csv"}} {
		if got := c.run(args...); got.code != exitFailed || got.stdout != "" || !strings.Contains(got.stderr, damaged) {
			t.Errorf("%q: %+v", args, got)
		}
	}
	if got := c.must("export"); !strings.HasPrefix(got, `{"id":"5",`) {
		t.Errorf("got %s", got)
	}
	if got := c.run("export", "--skip-damaged", "-o", "csv"); got.code != exitOK || !strings.Contains(got.stderr, "no names are shown: "+damaged) || !strings.Contains(got.stdout, "\r\n5,") {
		t.Errorf("%+v", got)
	}
}
