package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callvault/callvault"
)

// Each write is a function of the database: see migrations/0006.sql.
const (
	putSQL    = `SELECT callvault.put_batch($1, $2, $3, $4, $5, $6)`
	deleteSQL = `SELECT callvault.delete_calls($1, $2, $3)`
	loadSQL   = `SELECT callvault.load_records($1, $2, $3, $4, $5, $6, $7)`

	// Where it is known that the company may be written.
	putCallsSQL    = `SELECT callvault.put_calls($1, $2, $3, $4, $5, $6)`
	removeCallsSQL = `SELECT callvault.remove_calls($1, $2, $3)`

	// Calls that would replace one with another clientUniqueId, which is the first one in a
	// document: a further field may have one too.
	otherClientsSQL = `SELECT i.number, d.checksum, i.time, i.id, d.workspace, d.document
		FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS b (id, client, place)
		CROSS JOIN LATERAL (
			SELECT number, time, id, workspace FROM callvault.ids AS i
			WHERE i.company = $1 AND i.id = b.id AND i.time IS NOT NULL OFFSET 0
		) AS i
		` + documentOfID + `
		CROSS JOIN LATERAL (SELECT substr(d.document, strpos(d.document, ',"clientUniqueId":')) AS document) AS c
		WHERE starts_with(c.document, ',"clientUniqueId":"') AND NOT starts_with(c.document, ',"clientUniqueId":"' || b.client || '","customData":')
		ORDER BY b.place`

	// Which of some ids have a call.
	knownSQL = `SELECT b.id FROM unnest($2::text[]) AS b (id)
		CROSS JOIN LATERAL (
			SELECT FROM callvault.ids AS i WHERE i.company = $1 AND i.id = b.id AND i.time IS NOT NULL OFFSET 0
		) AS i`

	isAwaitedSQL = `SELECT callvault.is_awaited($1, $2)`

	lockCompanySQL = `SELECT FROM callvault.companies WHERE company = $1 FOR UPDATE`
)

// What one call of put_batch takes. The driver holds what it sends some times
// over, and so does the server what it reads, so a batch of 48 MiB in one call
// would cost an import more memory than everything else it does.
const (
	maxCalls = 5_000
	maxBytes = 2 << 20
)

// Put writes a batch: in one round trip, or when it is large in chunks, in one
// transaction, in which the company stays locked from the first chunk on.
func (s calls) Put(ctx context.Context, batch callvault.Batch) (result callvault.PutResult, err error) {
	err = callvault.CheckCompany(s.company)
	if err == nil {
		result, err = s.put(ctx, batch)
	}
	if err = s.store.cause(ctx, err); err != nil {
		return callvault.PutResult{}, fmt.Errorf("put calls: %w", err)
	}
	return result, nil
}

func (s calls) put(ctx context.Context, batch callvault.Batch) (result callvault.PutResult, err error) {
	calls := batch.Calls()
	ids, clients := clientsOf(batch)
	if chunk(calls) == len(calls) && len(ids) == 0 && !batch.IsOnlyNew() {
		err = s.store.with(ctx, func(c *pgxpool.Conn) error {
			result, err = putChunk(ctx, c, putSQL, s.company, calls)
			return err
		})
		return result, err
	}
	err = s.store.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if err := lock(ctx, tx, s.company); err != nil {
			return err
		}
		if err := s.store.refuseMirrored(ctx, tx, s.company); err != nil {
			return err
		}
		if err := s.refuseOthers(ctx, tx, ids, clients); err != nil {
			return err
		}
		if batch.IsOnlyNew() {
			if calls, err = s.unknown(ctx, tx, calls); err != nil {
				return err
			}
			result.Unchanged = batch.Len() - len(calls)
		}
		for len(calls) > 0 {
			n := chunk(calls)
			put, err := putChunk(ctx, tx, putCallsSQL, s.company, calls[:n])
			if err != nil {
				return err
			}
			result, calls = result.Add(put), calls[n:]
			if len(calls) > 0 && batch.IsYielding() {
				if err := s.yield(ctx, tx); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return result, err
}

// patience is how long another writer waits before a yielding batch is given up.
const patience = 100 * time.Millisecond

// yield returns callvault.ErrYielded if others have waited long enough.
func (s calls) yield(ctx context.Context, tx pgx.Tx) error {
	isAwaited := false
	err := tx.QueryRow(ctx, isAwaitedSQL, s.company, s.store.patience.Milliseconds()).Scan(&isAwaited)
	if err == nil && isAwaited {
		err = callvault.ErrYielded
	}
	return err
}

// clientsOf are the ids and the clientUniqueIds of the calls that have one, if the batch is
// guarded.
func clientsOf(batch callvault.Batch) (ids, clients []string) {
	if !batch.IsGuarded() {
		return nil, nil
	}
	for i := range batch.Calls() {
		call := &batch.Calls()[i]
		if client := call.Client(); client != nil {
			ids, clients = append(ids, text(call.ID[:])), append(clients, text(client))
		}
	}
	return ids, clients
}

// lock keeps other writers from what a company has until the transaction ends. It makes
// the company unless it is there.
func lock(ctx context.Context, tx pgx.Tx, company string) error {
	for _, statement := range []string{makeCompanySQL, lockCompanySQL} {
		if _, err := tx.Exec(ctx, statement, company); err != nil {
			return err
		}
	}
	return nil
}

// unknown are the calls whose ids are not there, when the company is locked.
func (s calls) unknown(ctx context.Context, tx pgx.Tx, calls []callvault.Call) ([]callvault.Call, error) {
	ids := make([]string, len(calls))
	for i := range calls {
		ids[i] = text(calls[i].ID[:])
	}
	known := make(map[string]bool)
	err := s.store.eachIn(ctx, tx, func(rows pgx.Rows) error {
		known[string(rows.RawValues()[0])] = true
		return nil
	}, knownSQL, s.company, ids)
	kept := slices.DeleteFunc(slices.Clone(calls), func(c callvault.Call) bool { return known[text(c.ID[:])] })
	return kept, err
}

// refuseOthers returns a *callvault.ClientError if these calls would replace some of others.
// Damaged rows may be replaced.
func (s calls) refuseOthers(ctx context.Context, tx pgx.Tx, ids, clients []string) error {
	if len(ids) == 0 {
		return nil
	}
	var refused []callvault.ID
	r := &record{company: s.company, verify: func(r *callvault.Record, kept int64) error { return r.Verify(s.company, kept) }}
	err := s.store.eachIn(ctx, tx, func(rows pgx.Rows) error {
		if damageOf(r.read(rows)) == nil {
			refused = append(refused, r.ID)
		}
		return nil
	}, otherClientsSQL, s.company, ids, clients)
	if err == nil && len(refused) > 0 {
		err = &callvault.ClientError{IDs: refused}
	}
	return err
}

// chunk is how many of the first calls go into one statement.
func chunk(batch []callvault.Call) (n int) {
	size := 0
	for ; n < min(len(batch), maxCalls); n++ {
		size += len(batch[n].Document)
		if size > maxBytes && n > 0 {
			break
		}
	}
	return n
}

// putChunk writes calls by a function of the database.
func putChunk(ctx context.Context, db querier, statement, company string, batch []callvault.Call) (result callvault.PutResult, err error) {
	n := len(batch)
	ids, times := make([]string, n), make([]int64, n)
	workspaces, documents, checksums := make([]string, n), make([]string, n), make([]int64, n)
	for i := range batch {
		call := &batch[i]
		ids[i], times[i] = text(call.ID[:]), int64(call.Time)
		workspaces[i], documents[i] = call.Workspace.Key(), text(call.Document)
		checksums[i] = int64(call.Checksum(company))
	}
	var done []int // created and changed
	err = db.QueryRow(ctx, statement, company, ids, times, workspaces, documents, checksums).Scan(&done)
	if err != nil {
		return result, mirrored(company, err)
	}
	return callvault.PutResult{Created: done[0], Changed: done[1], Unchanged: n - done[0] - done[1]}, nil
}

// Delete removes the calls with these ids.
func (s calls) Delete(ctx context.Context, ids []callvault.ID) (deleted int, err error) {
	err = s.store.with(ctx, func(c *pgxpool.Conn) error {
		deleted, err = removeCalls(ctx, c, deleteSQL, s.company, callvault.SortIDs(ids))
		return err
	})
	return deleted, callvault.Doing(s.store.cause(ctx, err), "delete calls")
}

// DeleteFirst removes the first calls of q. Their ids are read under the company's lock,
// because the checksums of their tombstones are made here.
func (s calls) DeleteFirst(ctx context.Context, q callvault.Query, limit int) (deleted int, err error) {
	if q.IsEmpty() {
		return 0, ctx.Err()
	}
	err = s.store.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockCompanySQL, s.company); err != nil {
			return err
		}
		first := firstIDsStatement(s.company, q, limit)
		rows, err := tx.Query(ctx, first.SQL, first.Args...)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (id callvault.ID, err error) {
			copy(id[:], row.RawValues()[0])
			return id, nil
		})
		if err == nil && len(ids) > 0 {
			deleted, err = removeCalls(ctx, tx, deleteSQL, s.company, ids)
		}
		return err
	})
	return deleted, callvault.Doing(s.store.cause(ctx, err), "delete calls")
}

// removeCalls deletes calls by a function of the database.
func removeCalls(ctx context.Context, db querier, statement, company string, ids []callvault.ID) (deleted int, err error) {
	checksums := make([]int64, len(ids))
	for i, id := range ids {
		tombstone := callvault.Call{ID: id}
		checksums[i] = int64(tombstone.Checksum(company))
	}
	err = db.QueryRow(ctx, statement, company, keysOf(ids), checksums).Scan(&deleted)
	return deleted, err
}

// Load writes records of another store.
func (s *Store) Load(ctx context.Context, company string, records []callvault.Record) error {
	err := callvault.CheckCompany(company)
	if err == nil {
		err = s.load(ctx, company, records)
	}
	return callvault.Doing(err, "load records")
}

func (s *Store) load(ctx context.Context, company string, records []callvault.Record) error {
	n := len(records)
	numbers, ids, times := make([]int64, n), make([]string, n), make([]*int64, n)
	workspaces, documents, checksums := make([]string, n), make([]string, n), make([]int64, n)
	for i := range records {
		r := &records[i]
		if i > 0 && r.Number <= numbers[i-1] {
			return callvault.ErrOrder
		}
		numbers[i], ids[i] = r.Number, r.ID.Key()
		workspaces[i], documents[i], checksums[i] = r.Workspace.Key(), text(r.Document), r.Checksum(company)
		if !r.Deleted {
			times[i] = (*int64)(&r.Time)
		}
	}
	ascend := false
	err := mirrored(company, one(ctx, s, []any{&ascend}, loadSQL, company, numbers, ids, times, workspaces, documents, checksums))
	if err == nil && !ascend {
		err = callvault.ErrOrder
	}
	return err
}
