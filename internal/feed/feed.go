// Package feed reads a company's changes for a reader that comes again and again: what
// GET /callvault/v1/changes and 'callvault changes' share. It has the rules of tokens, and it
// waits for commits. Its laws are tested by internal/storetest, for every engine.
package feed

import (
	"context"
	"errors"
	"fmt"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/changes"
)

// Store is what the feed needs of a store.
type Store interface {
	Calls(company string) callvault.Calls
	Snapshot(ctx context.Context, f func(callvault.Snapshot) error) error
	CursorSecret(ctx context.Context) ([]byte, error)
}

// Feed reads the changes of a store's companies. It is safe for concurrent use.
type Feed struct {
	store   Store
	secret  []byte
	watcher watcher
}

// New makes a Feed of a store, whose secret it reads.
func New(ctx context.Context, store Store) (*Feed, error) {
	secret, err := store.CursorSecret(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the secret of tokens: %w", err)
	}
	latest := func(ctx context.Context, company string) (int64, error) { return store.Calls(company).Latest(ctx) }
	return &Feed{store: store, secret: secret, watcher: watcher{latest: latest, waiting: make(map[string]map[*waiter]struct{})}}, nil
}

// Answer tells how an answer ends.
type Answer struct {
	Next Place // where the reader continues
	More bool  // there are more; otherwise the reader now has all calls of one moment
}

// MaxBytes is how long an answer may be, uncompressed.
const MaxBytes = 4 << 20

// ErrFull is what a visitor returns to leave out a change, which is not the first, and all
// after it: so it keeps to MaxBytes.
var ErrFull = errors.New("the answer is full")

// chunk is how many changes are read at once. The engines do not like to be interrupted, so
// what a full answer leaves out is read and dropped.
const chunk = 101

// Read visits the changes after a place, up to limit of them. All that the answer says is of
// one committed moment, and so are the timelines by which the place is judged: where the
// store goes back in time while it is read, the answer is of before or of after. It returns
// ErrGone for a place that can't be continued.
func (f *Feed) Read(ctx context.Context, company string, from Place, limit int, visit func(callvault.Record) error) (a Answer, err error) {
	var gone error
	err = f.store.Snapshot(ctx, func(s callvault.Snapshot) error {
		calls := s.Calls(company)
		timelines, err := calls.Timelines(ctx)
		if err != nil {
			return err
		}
		latest, err := calls.Latest(ctx)
		if err != nil {
			return err
		}
		if gone = from.check(timelines, latest); gone != nil {
			return nil // the store has done its work
		}
		a = Answer{Next: Place{number: from.number, seen: latest}}
		if len(timelines) > 0 {
			a.Next.timeline = timelines[len(timelines)-1].ID
		}
		return a.read(ctx, calls, limit, visit)
	})
	if err != nil {
		return Answer{}, fmt.Errorf("read changes: %w", err)
	}
	return a, gone
}

// read visits up to limit changes, and moves the answer's place with them.
func (a *Answer) read(ctx context.Context, calls callvault.Reads, limit int, visit func(callvault.Record) error) error {
	for a.Next.number < a.Next.seen && !a.More {
		wanted, met := min(chunk, limit+1), 0
		err := calls.Changes(ctx, a.Next.number, wanted, func(record callvault.Record) error {
			met++
			if a.More = a.More || limit == 0; a.More {
				return nil
			}
			err := visit(record)
			if errors.Is(err, ErrFull) {
				a.More = true
				return nil
			}
			limit--
			a.Next.number = record.Number
			return err
		})
		if err != nil {
			return err
		}
		if met < wanted && !a.More {
			a.Next.number = a.Next.seen // the last numbers may be those of tombstones that a repair has left out
		}
	}
	return nil
}

// changeOf is the change of a record, without its document.
func changeOf(r *callvault.Record) changes.Change {
	return changes.Change{Number: r.Number, ID: r.ID.String(), Deleted: r.Deleted}
}

// AppendChange appends a record as readers get it. Write appends a document.
func AppendChange(dst []byte, r *callvault.Record, write func(dst, document []byte) []byte) []byte {
	c := changeOf(r)
	dst = c.AppendJSON(dst)
	if r.Deleted {
		return dst
	}
	return append(write(dst[:len(dst)-1], r.Document), '}') // in the place of no call
}
