package callvault

// Snapshot is a whole store as it is at one moment: what copies, checks and
// digests read.
type Snapshot interface {
	// Companies are the names of the companies, in the order of their bytes.
	Companies() ([]string, error)

	// Records is Calls.Changes of a company, without a limit.
	Records(company string, after int64, visit func(Record) error) error

	// CountRecords is how many Records would visit, without reading them.
	CountRecords(company string, after int64) (int, error)

	// Timelines are a company's, as Calls.Timelines lists them.
	Timelines(company string) ([]Timeline, error)

	// Keys are all keys, by id.
	Keys() ([]Key, error)

	// Quotas are the counts of requests that are above zero, by company and day.
	Quotas() ([]QuotaUsed, error)

	// CursorSecret is the secret that cursors are signed with.
	CursorSecret() ([]byte, error)
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
