package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/sqlite"
	"github.com/callvault/callvault/internal/upkeep"
)

// What would write to a company that its mirror writes is refused, and says what to do. Calls
// may be deleted, and other companies written.
func TestMirroredCompany(t *testing.T) {
	c := newCLI(t)
	calls, users := c.file("calls.ndjson", callOne, callTwo), c.file("users.ndjson", `{"id":"7","firstName":"Ada"}`)
	c.must("import", "--company", "acme", calls)
	c.must("import", "--company", "acme", "--kind", "users", users)
	store, err := sqlite.Open(t.Context(), c.env["CALLVAULT_DB"])
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.Mirror("acme").Take(t.Context(), callvault.Lease{}, "https://us-1.api.example.com", "somebody"); err != nil {
		t.Fatal(err)
	}
	refusal := "company acme is a mirror of https://us-1.api.example.com, and only the mirror writes it; name another company with --company, or end that mirror: callvault mirror end --db '" + c.env["CALLVAULT_DB"] + "' --company acme\n"
	for _, args := range [][]string{
		{"import", calls},
		{"import", "--strict", calls},
		{"import", "--dry-run", calls},
		{"import", "--source", "pbx", calls},
		{"import", "--kind", "users", users},
		{"import", "--kind", "workspaces", users},
		{"delete", "--kind", "users", "--id", "7", "--yes"},
	} {
		got := c.run(append(args, "--company", "acme")...)
		if got.code != exitFailed || got.stdout != "" || !strings.HasSuffix(got.stderr, refusal) {
			t.Errorf("%q: %+v", args, got)
		}
	}
	from := filepath.Join(t.TempDir(), "from.db")
	c.must("import", "--db", from, calls)
	if got := c.run("copy", "--from", from, "--to", c.env["CALLVAULT_DB"]); got.code != exitFailed || !strings.HasSuffix(got.stderr, upkeep.ErrNotEmpty.Error()+"\n") {
		t.Errorf("copied into the store: %+v", got)
	}
	if got := c.must("export", "--kind", "users", "--company", "acme"); strings.Count(got, "\n") != 1 {
		t.Errorf("the users are\n%s", got)
	}
	c.must("delete", "--id", "1", "--yes", "--company", "acme")
	c.must("import", calls)
	if got := c.must("export", "--company", "acme"); strings.Count(got, "\n") != 1 {
		t.Errorf("the calls are\n%s", got)
	}
}
