package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/upkeep"
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

// unfinished is a store to copy to, whose copy ends before it is complete.
type unfinished struct{ callvault.Store }

func (u unfinished) Inherit(ctx context.Context, secret []byte, keys []callvault.Key) error {
	if len(keys) > 0 {
		return errors.New("the power is gone")
	}
	return u.Store.Inherit(ctx, secret, keys)
}

// breakCopy leaves an unfinished copy of a store.
func breakCopy(t *testing.T, from, to string) {
	t.Helper()
	original, err := (&app{stderr: io.Discard}).open(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	defer original.Close()
	copied, err := (&app{stderr: io.Discard}).openOrMake(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	if err := upkeep.Copy(t.Context(), original, unfinished{copied}, screen.NewProgress(io.Discard)); err == nil || err.Error() != "copy: the power is gone" {
		t.Fatalf("the copy ended with %v", err)
	}
}

// wantCopy checks that two stores hold the same.
func wantCopy(t *testing.T, original, copied *cli) {
	t.Helper()
	for _, args := range []string{"check --digest", "export -q", "export -q --company acme", "key list", "key list --company acme"} {
		if got, want := copied.must(strings.Fields(args)...), original.must(strings.Fields(args)...); got != want || got == "" {
			t.Errorf("%s: got\n%swant\n%s", args, got, want)
		}
	}
}

// wantCopies copies a store into another, by way of an unfinished copy of an earlier
// moment, and checks that they hold the same.
func wantCopies(t *testing.T, original, copied *cli) {
	t.Helper()
	from, to := original.env["CALLVAULT_DB"], copied.env["CALLVAULT_DB"]
	original.filled()
	breakCopy(t, from, to)
	if got := copied.must("key", "list"); strings.Count(got, "\n") != 1 {
		t.Errorf("an unfinished copy has the keys\n%s", got)
	}
	original.must("import", "-q", original.file("changed.ndjson", strings.Replace(callOne, "two", "2", 1), strings.Replace(callTwo, "20", "98", 1)))
	original.must("delete", "-q", "--yes", "--company", "acme", "--id", "1")
	if got := copied.run("copy", "--from", from, "--to", to); got.code != exitOK || got.stdout != "" || !strings.HasPrefix(got.stderr, "copied the store in ") {
		t.Fatalf("copied again: %+v", got)
	}
	wantCopy(t, original, copied)
	if got := copied.run("copy", "--from", from, "--to", to); got.code != exitFailed || !strings.Contains(got.stderr, "the store to copy to is not empty; name a new one") {
		t.Errorf("copied a third time: %+v", got)
	}
	wantCopy(t, original, copied)
}

// TestCopyInFiles is TestCopyEqualsItsOriginal where there is no PostgreSQL.
func TestCopyInFiles(t *testing.T) { wantCopies(t, newCLI(t), newCLI(t)) }

// A store that is no unfinished copy of this one is never changed.
func TestCopySparesOtherStores(t *testing.T) {
	c, other := newCLI(t), newCLI(t)
	c.filled()
	other.filled()
	from := c.env["CALLVAULT_DB"]
	for name, prepare := range map[string]func(to *cli){
		"a key": func(to *cli) { breakCopy(t, from, to.env["CALLVAULT_DB"]); to.must("key", "create") },
		"a company of its own": func(to *cli) {
			breakCopy(t, from, to.env["CALLVAULT_DB"])
			to.must("import", "-q", "--company", "own", to.file("own.ndjson", callTwo))
		},
		"of another store":      func(to *cli) { breakCopy(t, other.env["CALLVAULT_DB"], to.env["CALLVAULT_DB"]) },
		"with calls of its own": func(to *cli) { to.must("import", "-q", to.file("own.ndjson", callTwo)) },
	} {
		t.Run(name, func(t *testing.T) {
			to := newCLI(t)
			prepare(to)
			before := to.must("check", "--digest")
			if got := c.run("copy", "--from", from, "--to", to.env["CALLVAULT_DB"]); got.code != exitFailed || !strings.Contains(got.stderr, "name a new one") {
				t.Errorf("%+v", got)
			}
			if after := to.must("check", "--digest"); after != before {
				t.Error("the other store was changed")
			}
		})
	}
}

func TestCopyRefuses(t *testing.T) {
	c := newCLI(t)
	c.filled()
	from, to := c.env["CALLVAULT_DB"], filepath.Join(t.TempDir(), "copy.db")
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

// Check finds a call that was damaged behind SQLite's back. A repair goes on without it
// only where it may.
func TestCheck(t *testing.T) {
	c := newCLI(t)
	c.filled()
	if got := c.run("check"); got != (outcome{exitOK, "", "the store is sound\n"}) {
		t.Errorf("%+v", got)
	}
	damage(t, c.env["CALLVAULT_DB"], func(file []byte) { copy(file[bytes.Index(file, []byte(`"extra"`)):], `"extrA"`) })
	if got := c.run("check", "--digest"); got.code != exitFailed || got.stdout != "" ||
		!strings.Contains(got.stderr, "company acme: call 1 is damaged: its checksum does not match") || !strings.Contains(got.stderr, "check --repair") {
		t.Errorf("%+v", got)
	}
	if got := c.run("check", "--repair"); got.code != exitFailed || got.stdout != "" || !strings.HasSuffix(got.stderr, "; restore a backup, or go on without what is lost: callvault check --repair --accept-loss\n") {
		t.Errorf("%+v", got)
	}
	if got := c.run("check", "--repair", "--accept-loss"); got.code != exitOK || !strings.Contains(got.stdout, "removed 1 damaged calls") {
		t.Errorf("%+v", got)
	}
}

// Check prints the first 100 differences and counts them all.
func TestCheckOfMuchDamage(t *testing.T) {
	c := newCLI(t)
	var lines []string
	for i := range 150 {
		lines = append(lines, fmt.Sprintf(`{"id":"%d","started":"2026-01-01T00:00:00Z","purpose":"x"}`, i+1))
	}
	c.must("import", "-q", c.file("many.ndjson", lines...))
	damage(t, c.env["CALLVAULT_DB"], func(file []byte) { copy(file, bytes.ReplaceAll(file, []byte(`"purpose":"`), []byte(`"Purpose":"`))) })
	got := c.run("check")
	lines = strings.Split(strings.TrimSpace(got.stderr), "\n")
	end := []string{"50 more differences", "callvault: 150 differences; 'callvault check --repair' corrects counts, ids and numbers"}
	if got.code != exitFailed || len(lines) != 102 || !slices.Equal(lines[100:], end) {
		t.Errorf("%d lines: %s", len(lines), got.stderr)
	}
}

// damage changes the bytes of a store that nobody has open.
func damage(t *testing.T, path string, change func(file []byte)) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	change(file)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
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
