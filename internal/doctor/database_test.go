package doctor

import (
	"strings"
	"testing"
)

// What a server says of itself is put into words.
func TestDatabase(t *testing.T) {
	for _, tt := range []struct {
		name     string
		database Database
		check    string
		status   Status
		what     string
	}{
		{"standby", Database{Standby: true}, "server", Wrong, "it is a standby"},
		{"rights", Database{Missing: []string{"INSERT on callvault.keys", "UPDATE on callvault.ids"}}, "rights", Wrong, "the role lacks INSERT on callvault.keys, UPDATE on callvault.ids"},
		{"lossy", Database{Lossy: []string{"fsync", "synchronous_commit"}}, "server", Warning, "fsync and synchronous_commit off"},
		{"well", Database{}, "rights", OK, "may read and write"},
	} {
		found := false
		findings := tt.database.Findings()
		for _, f := range findings {
			found = found || f.Check == tt.check && f.Status == tt.status && strings.Contains(f.What, tt.what)
			if f.Check != tt.check && f.Status != OK {
				t.Errorf("%s: found %s too", tt.name, f)
			}
		}
		if !found {
			t.Errorf("%s: found %v", tt.name, findings)
		}
	}
}
