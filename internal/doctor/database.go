package doctor

import (
	"strings"
	"time"
)

// Database is what a database server says of itself and of the store, as internal/postgres
// asks for it.
type Database struct {
	Server        string        // its version
	Schema, Known int           // steps that have run, and that this program knows
	Skew          time.Duration // how far its clock is ahead of this machine's
	RoundTrip     time.Duration // of a query: the skew is known to half of it
	Standby       bool          // it takes no writes
	Lossy         []string      // settings with which a commit may be lost
	Missing       []string      // rights that the role lacks
}

// Findings are what that means.
func (d Database) Findings() []Finding {
	findings := []Finding{Schema(d.Schema, d.Known)}
	if d.Standby {
		findings = append(findings, Finding{"server", Wrong, "it is a standby and takes no writes", "name the primary (target_session_attrs=read-write in the URL finds it among several hosts), or use 'callvault serve --read-only'"})
	}
	if len(d.Lossy) > 0 {
		findings = append(findings, Finding{"server", Warning, strings.Join(d.Lossy, " and ") + " off: acknowledged writes may be lost", "turn it on"})
	}
	rights := Finding{"rights", OK, "the role may read and write the tables", ""}
	if len(d.Missing) > 0 {
		rights = Finding{"rights", Wrong, "the role lacks " + strings.Join(d.Missing, ", "), "let it own the schema, or grant them: docs/postgresql.md"}
	}
	return append(findings, rights, Clocks(d.Skew, d.RoundTrip))
}
