package upkeep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/callvault/callvault"
)

// Why a store can't be copied to.
var (
	ErrNotEmpty = errors.New("the store that is copied to is not empty, and is no copy of the other one")
	ErrDiverged = errors.New("the store that is copied to has changes of its own since it was copied")
)

// The size of a batch of a copy: few enough that memory stays small.
const (
	maxRecords = 10_000
	maxBytes   = 16 << 20
)

// Copier copies a store into an empty one.
type Copier struct {
	From, To callvault.Store

	// Planned is told, before anything is copied, how many records there are to
	// copy. Nil is nobody.
	Planned func(records int)

	// Copied is told of the records of a company that have been kept so far, by
	// the number of the last one. Nil is nobody.
	Copied func(company string, records int, number int64)
}

// Run copies the store as it is at one moment: calls, numbers, tombstones, used
// quotas, keys and the cursor secret. A copy that was broken off goes on where
// it stopped: by the number of the last record that was kept.
//
// The cursor secret goes first and marks an unfinished copy. Keys go last, so
// that nobody reads from one.
func (c *Copier) Run(ctx context.Context) error {
	err := c.From.Snapshot(ctx, func(s callvault.Snapshot) error {
		if err := c.begin(ctx, s); err != nil {
			return err
		}
		parts, err := c.plan(ctx, s)
		if err != nil {
			return err
		}
		for _, p := range parts {
			if err := c.copy(ctx, s, p); err != nil {
				return err
			}
		}
		return c.rest(ctx, s)
	})
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	return nil
}

// begin makes sure that the store copied to is empty or an unfinished copy, and
// marks it as one.
func (c *Copier) begin(ctx context.Context, s callvault.Snapshot) error {
	secret, err := s.CursorSecret()
	if err != nil {
		return err
	}
	theirs, err := c.To.CursorSecret(ctx)
	if err != nil {
		return err
	}
	if bytes.Equal(secret, theirs) {
		return nil
	}
	companies, err := c.To.Companies(ctx)
	if err != nil {
		return err
	}
	if len(companies) > 0 {
		return ErrNotEmpty
	}
	return c.To.SetCursorSecret(ctx, secret)
}

// part is what is to be copied of a company: the records after a number.
type part struct {
	company string
	after   int64
}

// plan finds out what is not there yet. Nothing is copied before it is known
// that what is there was copied from the other store.
func (c *Copier) plan(ctx context.Context, s callvault.Snapshot) (parts []part, err error) {
	companies, err := s.Companies()
	if err != nil {
		return nil, err
	}
	there, err := c.To.Companies(ctx)
	if err != nil {
		return nil, err
	}
	for _, company := range there {
		if !slices.Contains(companies, company) {
			return nil, fmt.Errorf("company %s: %w", company, ErrDiverged)
		}
	}
	records := 0
	for _, company := range companies {
		after, err := latest(ctx, c.To, company)
		if err == nil {
			err = c.compare(ctx, company, after)
		}
		if err != nil {
			return nil, fmt.Errorf("company %s: %w", company, err)
		}
		n, err := s.CountRecords(company, after)
		if err != nil {
			return nil, err
		}
		records += n
		parts = append(parts, part{company, after})
	}
	if c.Planned != nil {
		c.Planned(records)
	}
	return parts, nil
}

// copy copies the records of a part.
func (c *Copier) copy(ctx context.Context, s callvault.Snapshot, p part) error {
	if _, err := c.To.MakeCompany(ctx, p.company); err != nil {
		return err
	}
	b := batch{company: p.company}
	err := s.Records(p.company, p.after, func(r callvault.Record) error {
		b.add(r)
		if !b.isFull() {
			return nil
		}
		return c.flush(ctx, &b)
	})
	if err != nil {
		return err
	}
	return c.flush(ctx, &b)
}

// latest is the number of a company's latest change.
func latest(ctx context.Context, store callvault.Store, company string) (number int64, err error) {
	err = store.Calls(company).Changes(ctx, func(c callvault.Change) error {
		number = max(number, c.Number)
		return nil
	})
	return number, err
}

// batch is records that are kept together, with the memory of their documents.
type batch struct {
	company string
	records []callvault.Record
	bytes   int
	copied  int // before this batch
}

func (b *batch) add(r callvault.Record) {
	r.Document = bytes.Clone(r.Document)
	b.records = append(b.records, r)
	b.bytes += len(r.Document)
}

func (b *batch) isFull() bool { return len(b.records) == maxRecords || b.bytes >= maxBytes }

func (c *Copier) flush(ctx context.Context, b *batch) error {
	if len(b.records) == 0 {
		return nil
	}
	if err := c.To.Load(ctx, b.company, b.records); err != nil {
		return err
	}
	b.copied += len(b.records)
	if c.Copied != nil {
		c.Copied(b.company, b.copied, b.records[len(b.records)-1].Number)
	}
	b.records, b.bytes = b.records[:0], 0
	return nil
}

// rest copies what is not of a company's calls.
func (c *Copier) rest(ctx context.Context, s callvault.Snapshot) error {
	if err := c.quotas(ctx, s); err != nil {
		return err
	}
	keys, err := s.Keys()
	if err != nil {
		return err
	}
	there, _, err := c.To.Keys(ctx, callvault.KeysVersion{})
	if err != nil {
		return err
	}
	known := make(map[string]callvault.Key, len(there))
	for _, key := range there {
		known[key.ID] = key
	}
	for _, key := range keys {
		copied, ok := known[key.ID]
		switch {
		case !ok:
			err = c.To.AddKey(ctx, key)
		case copied.Revoked.IsZero() && !key.Revoked.IsZero():
			err = c.To.RevokeKey(ctx, key.Company, key.ID, key.Revoked)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// quotas brings the counts of requests to those of the other store.
func (c *Copier) quotas(ctx context.Context, s callvault.Snapshot) error {
	used, err := s.Quotas()
	if err != nil {
		return err
	}
	var theirs []callvault.QuotaUsed
	err = c.To.Snapshot(ctx, func(s callvault.Snapshot) (err error) {
		theirs, err = s.Quotas()
		return err
	})
	if err != nil {
		return err
	}
	missing := make(map[callvault.QuotaDay]int)
	for _, q := range used {
		missing[callvault.QuotaDay{Company: q.Company, Day: q.Day, Limit: math.MaxInt32}] += q.Used
	}
	for _, q := range theirs {
		missing[callvault.QuotaDay{Company: q.Company, Day: q.Day, Limit: math.MaxInt32}] -= q.Used
	}
	for day, n := range missing {
		if n <= 0 {
			continue
		}
		if _, err := c.To.TakeQuota(ctx, day, n); err != nil {
			return err
		}
	}
	return nil
}
