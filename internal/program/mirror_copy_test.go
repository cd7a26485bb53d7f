//go:build unix

package program_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// A mirror goes on in a copy of its store, in the other kind of store too, and in a restored
// backup: at once, with the requests of the day counted, without the calls that were deleted
// here, and as the only writer of its company.
func TestMirrorGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	onBothKinds(t, func(t *testing.T, k kind) {
		c := k.empty(t)
		a := newAccount(t, chance(t, 0).Uint64(), nil)
		if got := a.once(c); got.Code != program.ExitOK {
			t.Fatalf("%+v", got)
		}
		deleted := idsOf(c.Must("export"))[100]
		c.Must("delete", "-q", "--yes", "--id", deleted)
		places := map[string]*program.CLI{"a copy in SQLite": onFile.empty(t), "a copy in PostgreSQL": onServer.empty(t)}
		for _, to := range places {
			c.Must("copy", "-q", "--from", c.DB, "--to", to.DB)
		}
		if !isServer(c) {
			places["a restored backup"] = program.New(t)
			c.Must("backup", "store.backup")
			c.Must("restore", "--db", places["a restored backup"].DB, "store.backup")
		}
		used := usedOf(c)
		a.Add(a.World.Now())
		for place, to := range places {
			before, _ := a.requests()
			if got := a.once(to); got.Code != program.ExitOK || strings.Contains(got.Stderr, waitsForAnother) {
				t.Fatalf("%s: %+v", place, got)
			}
			arrived, _ := a.requests()
			if got := usedOf(to); got != used+arrived-before {
				t.Errorf("%s: %d requests are counted, want %d and %d", place, got, used, arrived-before)
			}
			var want strings.Builder
			for line := range strings.Lines(a.listed()) {
				if idOf(line) != deleted {
					want.WriteString(line)
				}
			}
			if here := to.Must("export"); here != want.String() {
				t.Errorf("%s: %d calls are here, want %d, or others", place, strings.Count(here, "\n"), strings.Count(want.String(), "\n"))
			}
			mustBeSound(to)
			writer := as(to.Serve(), to.Key("--scope", "api:calls:create"))
			mustPost(writer, "/v2/calls", posted("pbx-1", "first"), http.StatusConflict)
		}
	})
}
