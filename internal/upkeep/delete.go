package upkeep

import (
	"context"
	"maps"
	"slices"

	"github.com/callvault/callvault"
)

// deleteBatch is how many calls are deleted in one transaction: few enough that other writers
// hardly wait.
const deleteBatch = 10_000

// Deletion selects what to delete from a company for good: some ids, or all calls of a query.
type Deletion struct {
	Kind  callvault.Kind        // of the ids; empty for calls
	IDs   map[callvault.ID]bool // nil means the query
	Query callvault.Query
}

// Count is how many records the deletion selects. Some of its ids may not exist.
func (d Deletion) Count(ctx context.Context, calls callvault.Calls) (int, error) {
	if d.IDs != nil {
		return len(d.IDs), nil
	}
	return calls.Count(ctx, d.Query)
}

// Run deletes in batches, each completely or not at all, and tells after each how many records
// it had.
func (d Deletion) Run(ctx context.Context, store callvault.Store, company string, done func(n int)) error {
	for more := true; more; {
		n, err := d.step(ctx, store, company)
		if n > 0 {
			done(n)
		}
		if err != nil {
			return err
		}
		more = d.IDs == nil && n == deleteBatch
	}
	return nil
}

func (d Deletion) step(ctx context.Context, store callvault.Store, company string) (int, error) {
	ids := slices.Collect(maps.Keys(d.IDs)) // a command line has no more than a batch of them
	switch {
	case d.Kind != "":
		return store.Directory(company).Delete(ctx, d.Kind, ids)
	case d.IDs != nil:
		return store.Calls(company).Delete(ctx, ids)
	}
	return store.Calls(company).DeleteFirst(ctx, d.Query, deleteBatch)
}
