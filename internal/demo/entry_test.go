package demo

import (
	"testing"
	"time"

	"github.com/callvault/callvault"
)

// Each host and each workspace of the calls has a name of its own.
func TestEntries(t *testing.T) {
	end := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	names := make(callvault.EntryNames)
	for kind, ids := range map[callvault.Kind][]string{callvault.Users: newGenerator(1).users, callvault.Workspaces: workspaces} {
		names.AddEntries(kind, entries(kind, ids, end))
		seen := make(map[string]bool)
		for id, name := range names.All()[kind] {
			if name == "" || seen[name] {
				t.Errorf("%s is named %q, as another is", id, name)
			}
			seen[name] = true
		}
		if len(seen) != len(ids) {
			t.Errorf("%d of %d have a name", len(seen), len(ids))
		}
	}
	for c := range Calls(Options{Seed: 1, End: end, Count: 2000}) {
		if id := c.PrimaryUserID; id != nil && names.Of(callvault.Users, *id) == "" {
			t.Fatalf("nobody knows host %s", *id)
		}
		if names.Of(callvault.Workspaces, *c.WorkspaceID) == "" {
			t.Fatalf("nobody knows workspace %s", *c.WorkspaceID)
		}
	}
}
