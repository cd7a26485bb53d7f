package callvault

import (
	"context"
	"crypto/rand"
)

// Snapshot is a whole store as it is at one moment: what copies and digests read. Its
// methods are those of Store. While one visits records, no other may be called.
type Snapshot interface {
	Companies(ctx context.Context) ([]string, error)
	Calls(company string) Reads
	Directory(company string) Entries
	Mirror(company string) MirrorReads
	Keys(ctx context.Context, known KeysVersion) (keys []Key, latest KeysVersion, err error)
	CursorSecret(ctx context.Context) ([]byte, error)

	// Quotas are the counts of requests that are above zero, by company and day.
	Quotas(ctx context.Context) ([]QuotaUsed, error)
}

// Record is what the latest change of an id left behind: a call, or a tombstone
// of which only the id and the number are set. The document is valid only until
// a visitor returns.
type Record struct {
	Number  int64
	Deleted bool
	Call
}

// QuotaUsed is how many requests a company made on a day (days since 1970, UTC).
type QuotaUsed struct {
	Company string
	Day     int
	Used    int
}

// Timeline is a history of a company's numbers, so that a timeline and a number name one state
// for ever. After a restored backup, in a copy, or on another PostgreSQL server, numbers are
// used again, so the next change begins a new timeline. A repair begins one at 0, in place of
// all others, because nobody knows what the damage hid. A reader of changes discards what it
// has above From, or everything if its timeline is gone.
type Timeline struct {
	ID   [8]byte // random
	From int64   // the company's number when it began; its changes have higher ones
}

// NewTimeline draws a timeline that begins at a number.
func NewTimeline(from int64) Timeline {
	t := Timeline{From: from}
	rand.Read(t.ID[:]) // never fails: see crypto/rand
	return t
}
