package main

import (
	"path/filepath"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// filled makes a store with calls, tombstones, keys and two companies.
func (c *cli) filled() {
	c.t.Helper()
	c.must("import", "-q", c.file("calls.ndjson", callOne, callTwo, callThree))
	c.must("import", "-q", "--company", "acme", c.file("calls.ndjson", callOne, callTwo))
	c.must("delete", "-q", "--yes", "--id", "20")
	c.must("key", "create")
	c.must("key", "create", "--company", "acme", "--bearer", "--expires", "90d")
}

// A copy is its original: to the export, the digest and the keys. A second copy
// into it changes nothing, and goes on with what has come since.
func TestCopy(t *testing.T) {
	c := newCLI(t)
	c.filled()
	copied := newCLI(t)
	from, to := c.env["CALLVAULT_DB"], copied.env["CALLVAULT_DB"]
	got := c.run("copy", "--from", from, "--to", to)
	want := "copied 2 records up to number 2 of company acme\ncopied 3 records up to number 4 of company default\n"
	if got.code != exitOK || got.stdout != want {
		t.Fatalf("got %+v, want %s", got, want)
	}
	same := func() {
		t.Helper()
		for _, args := range []string{"export -q", "export -q --company acme", "key list", "key list --company acme", "check --digest"} {
			if got, want := copied.must(strings.Fields(args)...), c.must(strings.Fields(args)...); got != want || got == "" {
				t.Errorf("%s: got\n%swant\n%s", args, got, want)
			}
		}
	}
	same()
	if got := c.must("copy", "--from", from, "--to", to); got != "" {
		t.Errorf("copied again: %s", got)
	}
	same()
	c.must("import", "-q", c.file("more.ndjson", strings.Replace(callTwo, "20", "21", 1)))
	c.must("copy", "-q", "--from", from, "--to", to)
	same()
}

// A copy that has been written to is not mistaken for an unfinished one, and
// nothing more is copied into it.
func TestCopyIntoACopyOfItsOwn(t *testing.T) {
	another := strings.Replace(callTwo, "20", "99", 1)
	for _, args := range []string{
		"import -q own.ndjson",                // a call more
		"delete -q --yes --id 1",              // a call less
		"import -q --company own own.ndjson",  // a company more
		"import -q --company acme own.ndjson", // with the number that the original gives to another call
	} {
		c, copied := newCLI(t), newCLI(t)
		c.filled()
		from, to := c.env["CALLVAULT_DB"], copied.env["CALLVAULT_DB"]
		c.must("copy", "-q", "--from", from, "--to", to)
		own := copied.file("own.ndjson", another)
		copied.must(strings.Fields(strings.Replace(args, "own.ndjson", own, 1))...)
		more := c.file("more.ndjson", strings.Replace(callTwo, "20", "98", 1))
		c.must("import", "-q", more)
		c.must("import", "-q", "--company", "acme", more)
		before := copied.must("check", "--digest")
		if got := c.run("copy", "--from", from, "--to", to); got.code != exitFailed || !strings.Contains(got.stderr, "the store that is copied to has changes of its own") {
			t.Errorf("%s: %+v", args, got)
		}
		if after := copied.must("check", "--digest"); after != before {
			t.Errorf("%s: the copy was changed", args)
		}
	}
}

// A copy goes on from a later moment of its original, also when everything that
// it has was changed or deleted there since.
func TestCopyOfWhatChanged(t *testing.T) {
	c, copied := newCLI(t), newCLI(t)
	c.filled()
	from, to := c.env["CALLVAULT_DB"], copied.env["CALLVAULT_DB"]
	c.must("copy", "-q", "--from", from, "--to", to)
	c.must("import", "-q", c.file("changed.ndjson", strings.Replace(callOne, "two", "2", 1), callTwo, strings.Replace(callTwo, "20", "98", 1)))
	c.must("delete", "-q", "--yes", "--company", "acme", "--before", "2100-01-01")
	c.must("copy", "-q", "--from", from, "--to", to)
	if got, want := copied.must("check", "--digest"), c.must("check", "--digest"); got != want {
		t.Errorf("the digest is %s, want %s", got, want)
	}
}

func TestCopyRefuses(t *testing.T) {
	c, other := newCLI(t), newCLI(t)
	c.filled()
	other.filled()
	from, to := c.env["CALLVAULT_DB"], other.env["CALLVAULT_DB"]
	before := other.must("check", "--digest")
	if got := c.run("copy", "--from", from, "--to", to); got.code != exitFailed || !strings.Contains(got.stderr, "is not empty") {
		t.Errorf("%+v", got)
	}
	if after := other.must("check", "--digest"); after != before {
		t.Error("the other store was changed")
	}
	for _, args := range [][]string{{"copy"}, {"copy", "--from", from}, {"copy", "--from", from, "--to", from}} {
		if got := c.run(args...); got.code != exitUsage {
			t.Errorf("%q: %+v", args, got)
		}
	}
	missing := filepath.Join(t.TempDir(), "missing.db")
	if got := c.run("copy", "--from", missing, "--to", to); got.code != exitFailed || !strings.Contains(got.stderr, "there is no store at "+missing) {
		t.Errorf("%+v", got)
	}
}

// Check finds what is wrong beside the calls and in documents, and repairs the
// former.
func TestCheck(t *testing.T) {
	c := newCLI(t)
	c.filled()
	if got := c.run("check"); got != (outcome{exitOK, "", "the store is sound\n"}) {
		t.Errorf("%+v", got)
	}
	c.damage(`UPDATE counts SET calls = 7 WHERE level = 2`)
	if got := c.run("check"); got.code != exitFailed || !strings.Contains(got.stderr, "counts 7 calls and has") || !strings.Contains(got.stderr, "check --repair") {
		t.Errorf("%+v", got)
	}
	if got := c.run("check", "--repair"); got.code != exitOK || !strings.HasPrefix(got.stdout, "repaired: counted all calls anew") {
		t.Errorf("%+v", got)
	}
	c.damage(`UPDATE documents SET document = replace(document, '"extra"', ' "extra"')`)
	if got := c.run("check", "--repair"); got.code != exitFailed || !strings.Contains(got.stderr, "company acme: call 1: its document is not in the form that it is written in") {
		t.Errorf("%+v", got)
	}
}

func (c *cli) damage(statement string) {
	c.t.Helper()
	conn, err := sqlite.OpenConn(c.env["CALLVAULT_DB"], sqlite.OpenReadWrite)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := sqlitex.ExecuteTransient(conn, statement, nil); err != nil {
		c.t.Error(err)
	}
	if err := conn.Close(); err != nil {
		c.t.Fatal(err)
	}
}

// A digest tells any two states of a store apart, and is the same for the same.
func TestDigest(t *testing.T) {
	c := newCLI(t)
	c.must("import", "-q", c.file("calls.ndjson", callOne))
	seen := make(map[string]string)
	look := func(what string) {
		t.Helper()
		digest := c.must("check", "--digest")
		if before, known := seen[digest]; known {
			t.Errorf("the digest is the same after %q as after %q", what, before)
		}
		seen[digest] = what
		if again := c.must("check", "--digest"); again != digest {
			t.Errorf("after %q the digest is %s, then %s", what, digest, again)
		}
	}
	look("import")
	id := strings.Fields(c.must("key", "create"))[1]
	look("key create")
	for _, args := range []string{
		"key revoke " + id,
		"import -q " + c.file("changed.ndjson", strings.Replace(callOne, "two", "2", 1)),
		"import -q " + c.file("calls.ndjson", callOne), // back, with another number
		"import -q --company acme " + c.file("calls.ndjson", callOne),
		"delete -q --yes --id 1",
		"delete -q --yes --id 1 --company acme",
	} {
		c.must(strings.Fields(args)...)
		look(args)
	}
	other := newCLI(t)
	other.must("import", "-q", other.file("calls.ndjson", callOne))
	if _, same := seen[other.must("check", "--digest")]; same {
		t.Error("two stores with different secrets have one digest")
	}
}
