package main

import (
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
