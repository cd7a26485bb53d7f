package callvault

import (
	"context"
	"time"
)

// Store keeps the calls, keys and quotas of companies. It is safe for
// concurrent use, by several goroutines and by several processes. What a
// method acknowledged by returning nil survives the loss of the process and of
// power. Every method gives up when its context is done.
//
// It is the sum of its roles; a room takes the role that it needs. The laws
// written at the roles are tested by internal/storetest, for every engine.
type Store interface {
	Companies
	Keys
	Quotas
	Whole
	Mirrors
}

// Companies is the role of a store that hands out what belongs to a company.
type Companies interface {
	// Calls hands out one company's calls: nothing reached through it can touch
	// another company's. It does no work, and the company need not exist yet.
	Calls(company string) Calls

	// Directory hands out one company's users and workspaces, as Calls does its calls.
	Directory(company string) Directory

	// Companies lists the companies by name, in the order of its bytes.
	Companies(ctx context.Context) ([]string, error)

	// MakeCompany makes the company unless it is there, and tells whether it did.
	MakeCompany(ctx context.Context, name string) (made bool, err error)
}

// Calls is the calls of one company.
type Calls interface {
	Reads

	// Put writes a batch, all or none. A call with a new id is created; one
	// with a known id replaces it, and moves when its time or workspace differs;
	// one that is there to the byte is left alone. Created and changed calls
	// take the company's next numbers. The company is made on first use. Of a guarded
	// batch nothing is kept if a call would replace one with another clientUniqueId: the
	// error is a *ClientError with all of these. A batch of OnlyNew replaces no call. A yielding
	// batch is given up with ErrYielded when another writer has waited for some time; it may
	// be put again at once, whole or in parts.
	Put(ctx context.Context, batch Batch) (PutResult, error)

	// Delete removes the calls with these ids for good, all or none, in the order of
	// the ids, and tells how many there were. Each leaves a tombstone: its id and its
	// next number, nothing else. An id that is not there is passed over.
	Delete(ctx context.Context, ids []ID) (deleted int, err error)

	// DeleteFirst removes up to limit calls of q (all when limit is negative),
	// first ones first, as Delete does.
	DeleteFirst(ctx context.Context, q Query, limit int) (deleted int, err error)
}

// Reads is the part of Calls that reads.
type Reads interface {
	// Count is exactly how many calls q selects.
	Count(ctx context.Context, q Query) (int, error)

	// Get visits the calls with these ids that are there, each once, in the order of
	// the ids, as they are at one moment. An error of visit ends it and is returned.
	Get(ctx context.Context, ids []ID, visit func(Record) error) error

	// Scan visits the calls of q that stand after a position, in order, up to
	// limit of them (all when limit is negative), as they are at one moment.
	// After may not stand before the range's start. An error of visit ends the
	// scan and is returned.
	Scan(ctx context.Context, q Query, after Position, limit int, visit func(Record) error) error

	// ScanBack visits the calls of q that stand before a position, last ones first,
	// and is otherwise as Scan. Before may not stand after the range's end.
	ScanBack(ctx context.Context, q Query, before Position, limit int, visit func(Record) error) error

	// First is Count and a Scan from the range's start, of one moment.
	First(ctx context.Context, q Query, limit int, visit func(Record) error) (total int, err error)

	// Workspaces lists the workspaces that have calls, in order.
	Workspaces(ctx context.Context) ([]ID, error)

	// Names visits the names that calls have in a field, in no order. It reads no calls. An
	// error of visit ends it and is returned.
	Names(ctx context.Context, field Field, visit func(Name) error) error

	// View answers what is asked of many calls at once, of one moment.
	View(ctx context.Context, q ViewQuery) (View, error)

	// Latest is the highest number that a change of the company has taken, 0 before
	// the first. It costs one small read.
	Latest(ctx context.Context) (int64, error)

	// Changes visits what the company's changes left behind, calls and tombstones, by
	// number, ascending: those with a number above after, up to limit of them (all when
	// limit is negative), as they are at one moment. Numbers are unique within a company,
	// and the highest equals the count of all its changes ever made.
	Changes(ctx context.Context, after int64, limit int, visit func(Record) error) error

	// CountRecords is how many records Changes visits from number 0 on, without reading them.
	CountRecords(ctx context.Context) (int, error)

	// Timelines lists the company's timelines by the number at which each began, at most one
	// at a number. The first begins with the company. There are none where it is not there.
	// Readers of changes ask for them each time, also when Latest is the same.
	Timelines(ctx context.Context) ([]Timeline, error)
}

// Keys is the role of a store that lets clients in.
type Keys interface {
	// AddKey keeps a new key. Its company is made when it is not there. An id
	// that any company has taken is an error, and nothing is kept.
	AddKey(ctx context.Context, key Key) error

	// RevokeKey marks a key of the company as revoked at an instant, which is not
	// zero; one that was revoked before keeps its first instant. ErrNotFound when
	// the company has no such key.
	RevokeKey(ctx context.Context, company, id string, at time.Time) error

	// Keys returns all keys, in order of id, and their version. If that equals known, it
	// returns no keys and costs one small read, so a process can ask often. No store has
	// the zero version.
	Keys(ctx context.Context, known KeysVersion) (keys []Key, latest KeysVersion, err error)

	// UseKey remembers the day, UTC, on which a key of the company was used, unless a later
	// one is known. It does not change the version of the keys. A key that is not there is
	// passed over.
	UseKey(ctx context.Context, company, id string, at time.Time) error

	// CursorSecret is the secret that cursors are signed with: 32 random bytes,
	// made once, the same for every process on the store.
	CursorSecret(ctx context.Context) ([]byte, error)
}

// Quotas is the role of a store that counts requests.
type Quotas interface {
	// TakeQuota takes up to n requests from what is left of a company's day and
	// returns how many it took, 0 when the day is used up. All processes on the
	// store draw from the same count, so together they never exceed the limit. The
	// company is made when it is not there. Days that are more than QuotaDaysKept
	// before the last one may be forgotten.
	TakeQuota(ctx context.Context, day QuotaDay, n int) (taken int, err error)

	// ReturnQuota gives back what was taken and not used.
	ReturnQuota(ctx context.Context, day QuotaDay, n int) error

	// TakeSecond takes up to n requests from a company's second: a bucket that
	// holds the limit and is filled by the limit in a second. It returns how many
	// it took, and when it took fewer than n, how long it is until there is another.
	// What is taken is to be used within a second, or lost. All who use one Store
	// draw from the same bucket; whether other processes do is the engine's to say.
	TakeSecond(ctx context.Context, second QuotaSecond, n int) (taken int, wait time.Duration, err error)
}

// Whole is the role of a store that is kept, copied and checked as one.
type Whole interface {
	// Identity is a text that two handles share if and only if they have the same store
	// open, in the same place. It is not secret and costs one small read.
	Identity(ctx context.Context) (string, error)

	// Size is about how many bytes the store takes on its disk.
	Size(ctx context.Context) (int64, error)

	// Purge sees to it that nothing of the calls that were deleted stays in the
	// store's files, as far as they are the engine's to write. It takes time and
	// room in proportion to the store, and writers wait for it.
	Purge(ctx context.Context) error

	// Snapshot calls f with the store as it is at one moment, whatever is written
	// meanwhile. The snapshot ends when f returns; its error is returned.
	Snapshot(ctx context.Context, f func(Snapshot) error) error

	// Load writes records of another store, all or none, with the numbers that
	// they have there: they replace what is here of their ids. Numbers ascend and
	// are above the company's latest. The company is made when it is not there.
	Load(ctx context.Context, company string, records []Record) error

	// Adopt gives a company the timelines of the company that it is a copy of, and makes it
	// when it is not there. Its next Put or Delete that takes a number begins one of its own
	// at the number before; Load does not.
	Adopt(ctx context.Context, company string, timelines []Timeline) error

	// AdoptMirror gives a company the mirror of the company that it is a copy of, if that has
	// one: its lease, which nobody holds, its values and what stands apart. The calls are there
	// already. A company that has a mirror is a *MirroredError.
	AdoptMirror(ctx context.Context, company string, from MirrorReads) error

	// Fork makes the next Put or Delete of every company begin a timeline, as after Adopt. It is
	// for a store that has gone back in time, or whose numbers somebody else may use too.
	Fork(ctx context.Context) error

	// Inherit takes over the cursor secret of another store and adds that store's keys,
	// all or none. Cursors that this store signed before are invalid from then on.
	Inherit(ctx context.Context, secret []byte, keys []Key) error

	// Empty removes all calls, tombstones, users, workspaces, mirrors and quotas, all or none: an unfinished
	// copy starts again with it. Companies stay, and their numbers begin at 1 again, on a new
	// timeline. A store that has a key is ErrHasKeys, and nothing is removed. Purge clears the files.
	Empty(ctx context.Context) error

	// Check verifies every row, and compares what the store keeps beside its calls with the
	// calls: counts and digests, names, ids and numbers, and what stands apart. It reports each
	// difference in words.
	Check(ctx context.Context, report func(difference string)) error

	// Repair makes right, all or none, what Check finds, and reports what it did. Calls are
	// believed: ids, numbers, counts, names and what stands apart follow them. Where rows are damaged, or digests tell
	// that writes were lost, it returns ErrLoss and changes nothing, unless the loss is
	// accepted: then damaged rows of every kind go, and digests follow the calls. It
	// never lowers a company's number. A company whose calls or ids it changed gets a timeline
	// from 0 in place of all its timelines.
	Repair(ctx context.Context, accept Loss, report func(done string)) error

	// Salvage is a Scan of all of q that goes on where a row is damaged: damaged is called
	// for each of those in place of visit.
	Salvage(ctx context.Context, company string, q Query, visit func(Record) error, damaged func(*DamageError)) error

	// Pool tells how the store's connections stand, without asking any of them.
	Pool() Pool

	// Close releases the store after the reads and writes under way; those that
	// come later fail. To close again does nothing.
	Close() error
}

// Loss says whether Repair may accept what can't be brought back.
type Loss int

// What Repair may do.
const (
	NoLoss Loss = iota
	AcceptLoss
)

// Pool is how the connections of a Store stand, of this process alone. A store that
// is closed has none.
type Pool struct {
	InUse  int           // that are reading or writing
	Idle   int           // that are open and rest
	Max    int           // there are never more, in use and idle together
	Waits  int64         // reads and writes that had to wait for one, since the store was opened
	Waited time.Duration // what they waited, all together
}

// PutResult counts what a batch came to.
type PutResult struct {
	Created, Changed, Unchanged int
}

// Add returns the sums of two results.
func (r PutResult) Add(s PutResult) PutResult {
	return PutResult{r.Created + s.Created, r.Changed + s.Changed, r.Unchanged + s.Unchanged}
}

// Count counts one more: there tells whether its id was there before, and isSame whether to
// the byte.
func (r *PutResult) Count(there, isSame bool) {
	switch {
	case isSame:
		r.Unchanged++
	case there:
		r.Changed++
	default:
		r.Created++
	}
}

// QuotaSecond names the rate at which one company may make requests.
type QuotaSecond struct {
	Company string
	Limit   int // requests to the second, at least 1
}

// QuotaDaysKept is for how many days the counts of past days are kept, so that a clock that is
// corrected finds the day it goes back to.
const QuotaDaysKept = 7

// QuotaDay names the count of requests that one company made on one day.
type QuotaDay struct {
	Company string
	Day     int // whole days since 1970-01-01, UTC
	Limit   int // requests to the day
}
