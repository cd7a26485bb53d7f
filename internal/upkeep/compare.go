package upkeep

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math"

	"github.com/callvault/callvault"
)

// compare makes sure that what is there of a company, whose latest number is
// after, is a copy of the other store's, be it of an earlier moment: nothing is
// loaded on top of what is not. Load itself refuses what is written from now on.
func (c *Copier) compare(ctx context.Context, company string, after int64) error {
	if after == 0 {
		return nil
	}
	return c.To.Snapshot(ctx, func(copied callvault.Snapshot) error {
		next, stop := iter.Pull2(all(copied, company))
		defer stop()
		p := pair{next: next, after: after, changed: make(map[callvault.ID]bool)}
		p.step()
		// A snapshot of its own, because it is not read to its end.
		err := c.From.Snapshot(ctx, func(original callvault.Snapshot) error {
			return original.Records(company, 0, p.visit)
		})
		switch {
		case err == errSure:
			return nil
		case err != nil:
			return err
		}
		return p.end()
	})
}

// errSure ends the reading of the original when enough is known.
var errSure = errors.New("it is a copy")

// pair is a company in two stores, read side by side by number. A record of the
// copy is the original's of the same number, or its id has changed there since:
// then the original has it with a number above the copy's latest.
type pair struct {
	next    func() (callvault.Record, error, bool) // of the copy
	copied  callvault.Record                       // the copy's that is next
	more    bool                                   // whether there is one
	err     error                                  // of reading the copy
	after   int64                                  // the copy's latest number
	changed map[callvault.ID]bool
}

func (p *pair) step() {
	p.copied, p.err, p.more = p.next()
	p.more = p.more && p.err == nil
}

// pass goes on to a number; the ids on the way must have changed since.
func (p *pair) pass(number int64) {
	for ; p.more && p.copied.Number < number; p.step() {
		p.changed[p.copied.ID] = true
	}
}

// visit is called with each record of the original.
func (p *pair) visit(r callvault.Record) error {
	p.pass(r.Number)
	switch {
	case p.err != nil:
		return p.err
	case r.Number <= p.after && p.more && isSame(p.copied, r):
		p.step()
		return p.err
	case r.Number <= p.after:
		return ErrDiverged
	}
	delete(p.changed, r.ID)
	if len(p.changed) == 0 {
		return errSure
	}
	return nil
}

// end is called after the last record of the original.
func (p *pair) end() error {
	p.pass(math.MaxInt64)
	if p.err == nil && len(p.changed) > 0 {
		return ErrDiverged
	}
	return p.err
}

func isSame(a, b callvault.Record) bool {
	return a.Number == b.Number && a.Deleted == b.Deleted && a.ID == b.ID && a.Time == b.Time &&
		a.Workspace == b.Workspace && bytes.Equal(a.Document, b.Document)
}

// all is a company's records by number, and then the error if there is one. A
// record is valid until the next.
func all(s callvault.Snapshot, company string) iter.Seq2[callvault.Record, error] {
	return func(yield func(callvault.Record, error) bool) {
		enough := errors.New("enough")
		err := s.Records(company, 0, func(r callvault.Record) error {
			if !yield(r, nil) {
				return enough
			}
			return nil
		})
		if err != nil && err != enough {
			yield(callvault.Record{}, err)
		}
	}
}
