package postgres

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// Each write is a function of the database: see migrations/0002.sql.
const (
	putSQL         = `SELECT callvault.put_batch($1, $2, $3, $4, $5)`
	deleteSQL      = `SELECT callvault.delete_calls($1, $2)`
	deleteFirstSQL = `SELECT callvault.delete_first($1, $2, $3, $4, $5)`
)

// What one call of put_batch takes. The driver holds what it sends some times
// over, and so does the server what it reads, so a batch of 48 MiB in one call
// would cost an import more memory than everything else it does.
const (
	maxCalls = 5_000
	maxBytes = 2 << 20
)

// Put writes a batch: in one round trip, or when it is large in parts, in one
// transaction, in which the company stays locked from the first part on.
func (s calls) Put(ctx context.Context, batch callvault.Batch) (result callvault.PutResult, err error) {
	err = callvault.CheckCompany(s.company)
	if err == nil {
		result, err = s.put(ctx, batch.Calls())
	}
	if err = s.store.cause(ctx, err); err != nil {
		return callvault.PutResult{}, fmt.Errorf("put calls: %w", err)
	}
	return result, nil
}

func (s calls) put(ctx context.Context, batch []callvault.Call) (result callvault.PutResult, err error) {
	if part(batch) == len(batch) {
		return s.putPart(ctx, s.store.pool, batch)
	}
	err = pgx.BeginFunc(ctx, s.store.pool, func(tx pgx.Tx) error {
		for len(batch) > 0 {
			n := part(batch)
			put, err := s.putPart(ctx, tx, batch[:n])
			if err != nil {
				return err
			}
			result, batch = result.Add(put), batch[n:]
		}
		return nil
	})
	return result, err
}

// part is how many of the first calls go together.
func part(batch []callvault.Call) (n int) {
	size := 0
	for ; n < min(len(batch), maxCalls); n++ {
		size += len(batch[n].Document)
		if size > maxBytes && n > 0 {
			break
		}
	}
	return n
}

func (s calls) putPart(ctx context.Context, db querier, batch []callvault.Call) (result callvault.PutResult, err error) {
	n := len(batch)
	ids, times := make([]string, n), make([]int64, n)
	workspaces, documents := make([]string, n), make([]string, n)
	for i := range batch {
		call := &batch[i]
		ids[i], times[i] = text(call.ID[:]), int64(call.Time)
		workspaces[i], documents[i] = call.Workspace.Key(), text(call.Document)
	}
	var done []int // created and changed
	err = db.QueryRow(ctx, putSQL, s.company, ids, times, workspaces, documents).Scan(&done)
	if err != nil {
		return result, err
	}
	return callvault.PutResult{Created: done[0], Changed: done[1], Unchanged: n - done[0] - done[1]}, nil
}

// Delete removes the calls with these ids.
func (s calls) Delete(ctx context.Context, ids []callvault.ID) (deleted int, err error) {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = id.Key()
	}
	return s.delete(ctx, deleteSQL, s.company, keys)
}

// DeleteFirst removes the first calls of q.
func (s calls) DeleteFirst(ctx context.Context, q callvault.Query, limit int) (deleted int, err error) {
	return s.delete(ctx, deleteFirstSQL, s.company, q.Workspace.Key(), int64(q.From), int64(q.To), limited(limit))
}

func (s calls) delete(ctx context.Context, query string, args ...any) (deleted int, err error) {
	if _, err = s.store.one(ctx, []any{&deleted}, query, args...); err != nil {
		return 0, fmt.Errorf("delete calls: %w", err)
	}
	return deleted, nil
}

// text is b as a string without a copy, for a parameter: it is sent as it is.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
