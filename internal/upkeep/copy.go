package upkeep

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/callvault/callvault"
)

// Why Copy refuses a store to copy to, or gives up on it.
var (
	ErrNotEmpty  = errors.New("the store to copy to is not empty; name a new one")
	ErrDisturbed = errors.New("something else wrote to the store while it was copied to; end that, then run this again")
)

// The size of a batch of a copy: few enough that memory stays small.
const (
	maxRecords = 10_000
	maxBytes   = 16 << 20
	maxEntries = maxBytes / callvault.MaxDocument
)

// Copy copies a snapshot of a store into an empty one: calls, numbers, tombstones, users,
// workspaces, mirrors, used quotas, keys and the cursor secret. It first empties an unfinished copy of the same store;
// any other store that is not empty is ErrNotEmpty.
//
// In an unfinished copy a mark stands in place of the cursor secret. The secret and the keys
// come last and together, so that nobody reads from an unfinished copy.
func Copy(ctx context.Context, from, to callvault.Store, progress Progress) error {
	err := from.Snapshot(ctx, func(s callvault.Snapshot) error {
		secret, err := s.CursorSecret(ctx)
		if err != nil {
			return err
		}
		companies, err := s.Companies(ctx)
		if err != nil {
			return err
		}
		if err := prepare(ctx, s, to, mark(secret)); err != nil {
			return err
		}
		if err := begin(ctx, progress, "copying", s, companies); err != nil {
			return err
		}
		for _, company := range companies {
			if err := copyCompany(ctx, s, to, company, progress); err != nil {
				return fmt.Errorf("company %s: %w", company, err)
			}
		}
		for _, company := range companies { // last, because an unfinished copy with others is refused
			if err := copyDirectory(ctx, s.Directory(company), to.Directory(company), progress); err != nil {
				return fmt.Errorf("company %s: %w", company, err)
			}
		}
		for _, company := range companies { // from here on nothing else may write the company
			if err := copyMirror(ctx, s.Mirror(company), to, company); err != nil {
				return fmt.Errorf("company %s: %w", company, err)
			}
		}
		if err := copyQuotas(ctx, s, to); err != nil {
			return err
		}
		keys, _, err := s.Keys(ctx, callvault.KeysVersion{})
		if err != nil {
			return err
		}
		return finish(ctx, to, secret, keys)
	})
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	return nil
}

// mark is the cursor secret of an unfinished copy. No other store can have it.
func mark(secret []byte) []byte {
	sum := sha256.Sum256(append([]byte("callvault: an unfinished copy of "), secret...))
	return sum[:]
}

// prepare marks a store as an unfinished copy, and empties one that is marked already.
func prepare(ctx context.Context, s callvault.Snapshot, to callvault.Store, mark []byte) error {
	secret, err := to.CursorSecret(ctx)
	if err != nil {
		return err
	}
	there, err := to.Companies(ctx)
	if err != nil {
		return err
	}
	if !bytes.Equal(secret, mark) {
		if len(there) > 0 {
			return ErrNotEmpty
		}
		return to.Inherit(ctx, mark, nil)
	}
	for _, company := range there {
		if err := checkUnwritten(ctx, s, to, company); err != nil {
			return err
		}
	}
	if err := to.Empty(ctx); errors.Is(err, callvault.ErrHasKeys) {
		return ErrNotEmpty
	} else if err != nil {
		return err
	}
	return to.Purge(ctx)
}

// checkUnwritten refuses an unfinished copy whose company has a timeline that its original
// hasn't: whatever else writes calls to it begins one. It also refuses one with a user or a
// workspace that the original hasn't, or whose mirror somebody has taken.
func checkUnwritten(ctx context.Context, s callvault.Snapshot, to callvault.Store, company string) error {
	original, err := s.Calls(company).Timelines(ctx)
	if err != nil {
		return err
	}
	copied, err := to.Calls(company).Timelines(ctx)
	for _, timeline := range copied {
		if !slices.Contains(original, timeline) {
			return ErrNotEmpty
		}
	}
	if err == nil {
		err = checkUntaken(ctx, s.Mirror(company), to.Mirror(company))
	}
	for _, kind := range callvault.Kinds() {
		if err == nil {
			err = eachBatch(ctx, to.Directory(company), kind, func(batch []callvault.Entry) error {
				return checkHas(ctx, s.Directory(company), kind, batch)
			})
		}
	}
	return err
}

// checkUntaken refuses the mirror of a copy if its lease was taken there.
func checkUntaken(ctx context.Context, original, copied callvault.MirrorReads) error {
	lease, err := copied.Lease(ctx)
	if err != nil || lease.Upstream == "" {
		return err
	}
	at, err := original.Lease(ctx)
	if err == nil && (lease.Holder != "" || lease.Number > at.Number) {
		err = ErrNotEmpty
	}
	return err
}

// checkHas refuses entries of which the original has not every one to the byte.
func checkHas(ctx context.Context, original callvault.Entries, kind callvault.Kind, entries []callvault.Entry) error {
	ids := make([]callvault.ID, len(entries))
	for i := range entries {
		ids[i] = entries[i].ID
	}
	isSame := 0
	err := original.Get(ctx, kind, ids, func(e callvault.Entry) error {
		if bytes.Equal(e.Document, entries[isSame].Document) { // both are by id
			isSame++
		}
		return nil
	})
	if err == nil && isSame < len(entries) {
		err = ErrNotEmpty
	}
	return err
}

// finish takes the mark of an unfinished copy away, unless another copy has done so.
func finish(ctx context.Context, to callvault.Store, secret []byte, keys []callvault.Key) error {
	err := to.Inherit(ctx, secret, keys)
	if err == nil {
		return nil
	}
	if now, _ := to.CursorSecret(ctx); bytes.Equal(now, secret) {
		return ErrDisturbed
	}
	return err
}

// copyCompany copies the records of a company in batches.
func copyCompany(ctx context.Context, s callvault.Snapshot, to callvault.Store, company string, progress Progress) error {
	calls := s.Calls(company)
	timelines, err := calls.Timelines(ctx)
	if err != nil {
		return err
	}
	if err := to.Adopt(ctx, company, timelines); err != nil {
		return err
	}
	var batch []callvault.Record
	size, copied := 0, 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := to.Load(ctx, company, batch)
		copied += len(batch)
		progress.Add(len(batch))
		batch, size = batch[:0], 0
		if errors.Is(err, callvault.ErrOrder) {
			return ErrDisturbed
		}
		return disturbed(err)
	}
	err = calls.Changes(ctx, 0, -1, func(r callvault.Record) error {
		r.Document = bytes.Clone(r.Document)
		batch, size = append(batch, r), size+len(r.Document)
		if len(batch) == maxRecords || size >= maxBytes {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err != nil {
		return err
	}
	n, err := to.Calls(company).CountRecords(ctx)
	if err == nil && n != copied {
		err = ErrDisturbed
	}
	return err
}

// copyDirectory copies the users and workspaces of a company.
func copyDirectory(ctx context.Context, from callvault.Entries, to callvault.Directory, progress Progress) error {
	for _, kind := range callvault.Kinds() {
		copied := 0
		err := eachBatch(ctx, from, kind, func(batch []callvault.Entry) error {
			result, err := to.Put(ctx, kind, batch)
			if err == nil && result.Created < len(batch) {
				err = ErrDisturbed
			}
			copied += len(batch)
			progress.Add(len(batch))
			return disturbed(err)
		})
		if err != nil {
			return err
		}
		if n, err := to.Count(ctx, kind); err != nil {
			return err
		} else if n != copied {
			return ErrDisturbed
		}
	}
	return nil
}

// eachBatch calls f with the entries of a kind, batch by batch.
func eachBatch(ctx context.Context, from callvault.Entries, kind callvault.Kind, f func([]callvault.Entry) error) error {
	for after, more := (callvault.ID{}), true; more; {
		var batch []callvault.Entry
		err := from.Scan(ctx, kind, after, maxEntries, func(e callvault.Entry) error {
			e.Document = bytes.Clone(e.Document)
			batch = append(batch, e)
			return nil
		})
		if more = len(batch) > 0 && err == nil; !more {
			return err
		}
		after = batch[len(batch)-1].ID
		if err := f(batch); err != nil {
			return err
		}
	}
	return nil
}

// copyMirror copies the mirror of a company, unless somebody has taken the lease of the copy.
func copyMirror(ctx context.Context, from callvault.MirrorReads, to callvault.Store, company string) error {
	return disturbed(to.AdoptMirror(ctx, company, from))
}

// disturbed is ErrDisturbed if a mirror has begun to write the copy.
func disturbed(err error) error {
	if mirrored := (*callvault.MirroredError)(nil); errors.As(err, &mirrored) {
		return ErrDisturbed
	}
	return err
}

func copyQuotas(ctx context.Context, s callvault.Snapshot, to callvault.Store) error {
	used, err := s.Quotas(ctx)
	if err != nil {
		return err
	}
	for _, q := range used {
		day := callvault.QuotaDay{Company: q.Company, Day: q.Day, Limit: math.MaxInt32}
		if _, err := to.TakeQuota(ctx, day, q.Used); err != nil {
			return err
		}
	}
	return nil
}
