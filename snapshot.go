package callvault

import "context"

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
