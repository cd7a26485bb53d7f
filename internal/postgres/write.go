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

// Each write is a function of the database: see migrations/0007.sql.
const (
	writeSQL    = `SELECT callvault.write_calls($1, $2, $3, $4, $5, $6)`
	burySQL     = `SELECT callvault.bury_calls($1, $2, $3)`
	withholdSQL = `SELECT callvault.withhold_calls($1, $2)`
	loadSQL     = `SELECT callvault.load_calls($1, $2, $3, $4, $5, $6, $7)`

	openCompanySQL = `SELECT callvault.open_company($1)`

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

// What one call of write_calls takes. The driver holds what it sends some times
// over, and so does the server what it reads, so a batch of 48 MiB in one call
// would cost an import more memory than everything else it does.
const (
	maxCalls = 5_000
	maxBytes = 2 << 20
)

// fewCalls is how many calls are so few that what they need is asked for together.
const fewCalls = 16

// change is a transaction on the calls of a company, whose row is locked. Its statements wait in a
// queue, to be sent together.
type change struct {
	companyRows
	queue   pgx.Batch
	facts   callvault.FactChange
	names   *callvault.NameTally // of the calls that came
	touched []keptFacts          // rows that few calls belong to
}

func newChange(c companyRows) *change {
	return &change{companyRows: c, names: callvault.NewNameTally()}
}

// changing runs f in a transaction that begins with the first statements, and is committed with
// the last ones unless f returns an error.
func (s *Store) changing(ctx context.Context, company string, f func(w *change) error) error {
	return s.with(ctx, func(c *pgxpool.Conn) error {
		w := newChange(companyRows{s, ctx, c, company})
		w.queue.Queue("BEGIN")
		err := f(w)
		if err == nil {
			err = w.writeFacts()
		}
		if err == nil {
			w.queue.Queue("COMMIT")
			err = w.send()
		}
		if err != nil && c.Conn().PgConn().TxStatus() != 'I' {
			_, _ = c.Exec(ctx, "ROLLBACK") // the pool closes a connection where this fails
		}
		return err
	})
}

// ask queues a statement about the company.
func (w *change) ask(statement string, args ...any) *pgx.QueuedQuery {
	return w.queue.Queue(statement, append([]any{w.company}, args...)...)
}

// send sends what is queued, in one round trip.
func (w *change) send() error {
	queue := w.queue
	w.queue = pgx.Batch{}
	if queue.Len() == 0 {
		return nil
	}
	return w.tx.SendBatch(w.ctx, &queue).Close()
}

// Put writes a batch, when it is large in chunks, in one transaction.
func (s calls) Put(ctx context.Context, batch callvault.Batch) (result callvault.PutResult, err error) {
	err = callvault.CheckCompany(s.company)
	if err == nil {
		err = s.store.changing(ctx, s.company, func(w *change) error {
			result, err = w.put(batch)
			return err
		})
	}
	if err = s.store.cause(ctx, mirrored(s.company, err)); err != nil {
		return callvault.PutResult{}, fmt.Errorf("put calls: %w", err)
	}
	return result, nil
}

func (w *change) put(batch callvault.Batch) (result callvault.PutResult, err error) {
	w.ask(openCompanySQL)
	calls := batch.Calls()
	if err := w.refuseOthers(batch); err != nil {
		return result, err
	}
	if batch.IsOnlyNew() {
		if calls, err = w.unknown(calls); err != nil {
			return result, err
		}
		result.Unchanged = batch.Len() - len(calls)
	}
	for len(calls) > 0 {
		n := chunk(calls)
		put, err := w.write(calls[:n])
		if err != nil {
			return result, err
		}
		result, calls = result.Add(put), calls[n:]
		if len(calls) > 0 && batch.IsYielding() {
			if err := w.yield(); err != nil {
				return result, err
			}
		}
	}
	return result, nil
}

// patience is how long another writer waits before a yielding batch is given up.
const patience = 100 * time.Millisecond

// yield returns callvault.ErrYielded if others have waited long enough.
func (w *change) yield() error {
	isAwaited := false
	err := w.tx.QueryRow(w.ctx, isAwaitedSQL, w.company, w.patience.Milliseconds()).Scan(&isAwaited)
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

// unknown are the calls whose ids are not there.
func (w *change) unknown(calls []callvault.Call) ([]callvault.Call, error) {
	ids := make([]string, len(calls))
	for i := range calls {
		ids[i] = text(calls[i].ID[:])
	}
	known := make(map[string]bool)
	w.ask(knownSQL, ids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			known[string(rows.RawValues()[0])] = true
		}
		return rows.Err()
	})
	err := w.send()
	kept := slices.DeleteFunc(slices.Clone(calls), func(c callvault.Call) bool { return known[text(c.ID[:])] })
	return kept, err
}

// refuseOthers returns a *callvault.ClientError if a guarded batch would replace calls of others.
// Damaged rows may be replaced.
func (w *change) refuseOthers(batch callvault.Batch) error {
	ids, clients := clientsOf(batch)
	if len(ids) == 0 {
		return nil
	}
	var refused []callvault.ID
	r := &record{company: w.company, verify: func(r *callvault.Record, kept int64) error { return r.Verify(w.company, kept) }}
	w.ask(otherClientsSQL, ids, clients).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if damageOf(r.read(rows)) == nil {
				refused = append(refused, r.ID)
			}
		}
		return rows.Err()
	})
	err := w.send()
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

// write writes calls, as many as a chunk has. What few calls need for their facts is asked for in
// the same round trip.
func (w *change) write(batch []callvault.Call) (result callvault.PutResult, err error) {
	n := len(batch)
	ids, times := make([]string, n), make([]int64, n)
	workspaces, documents, checksums := make([]string, n), make([]string, n), make([]int64, n)
	for i := range batch {
		call := &batch[i]
		ids[i], times[i] = text(call.ID[:]), int64(call.Time)
		workspaces[i], documents[i] = call.Workspace.Key(), text(call.Document)
		checksums[i] = int64(call.Checksum(w.company))
	}
	if n <= fewCalls {
		w.askFacts(&w.touched, times, ids, ids)
	}
	var answer []int64
	w.ask(writeSQL, ids, times, workspaces, documents, checksums).QueryRow(func(row pgx.Row) error { return row.Scan(&answer) })
	if n <= fewCalls {
		for i := range batch {
			w.names.Add(&batch[i])
		}
		if keys := w.unnumbered(); len(keys) > 0 {
			w.askNumbers(keys)
		}
	}
	if err := w.send(); err != nil {
		return result, err
	}
	created, places := int(answer[0]), answer[1:]
	written := len(places) / 2
	w.facts.Grow(written)
	for i, at := range places[written:] {
		call := &batch[places[i]-1]
		if callvault.Time(at) != call.Time {
			w.facts.Remove(callvault.Position{Time: callvault.Time(at), ID: call.ID})
		}
		w.facts.Add(call, w.names)
	}
	return callvault.PutResult{Created: created, Changed: written - created, Unchanged: n - written}, nil
}

// Delete removes the calls with these ids.
func (s calls) Delete(ctx context.Context, ids []callvault.ID) (deleted int, err error) {
	err = s.store.changing(ctx, s.company, func(w *change) error {
		w.ask(lockCompanySQL)
		deleted, err = w.delete(callvault.SortIDs(ids))
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
	err = s.store.changing(ctx, s.company, func(w *change) error {
		var ids []callvault.ID
		w.ask(lockCompanySQL)
		first := firstIDsStatement(s.company, q, limit)
		w.queue.Queue(first.SQL, first.Args...).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var id callvault.ID
				copy(id[:], rows.RawValues()[0])
				ids = append(ids, id)
			}
			return rows.Err()
		})
		if err := w.send(); err != nil || len(ids) == 0 {
			return err
		}
		deleted, err = w.delete(ids)
		return err
	})
	return deleted, callvault.Doing(s.store.cause(ctx, err), "delete calls")
}

// delete removes calls, none twice. Those of a mirrored company are withheld.
func (w *change) delete(ids []callvault.ID) (deleted int, err error) {
	w.ask(withholdSQL, keysOf(ids))
	return w.bury(ids)
}

// bury removes calls, none twice, and leaves tombstones.
func (w *change) bury(ids []callvault.ID) (buried int, err error) {
	checksums := make([]int64, len(ids))
	for i, id := range ids {
		tombstone := callvault.Call{ID: id}
		checksums[i] = int64(tombstone.Checksum(w.company))
	}
	var answer []int64
	w.ask(burySQL, keysOf(ids), checksums).QueryRow(func(row pgx.Row) error { return row.Scan(&answer) })
	if err := w.send(); err != nil {
		return 0, err
	}
	places := answer[1:]
	for i, at := range places[len(places)/2:] {
		w.facts.Remove(callvault.Position{Time: callvault.Time(at), ID: ids[places[i]-1]})
	}
	return int(answer[0]), nil
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
	err := s.changing(ctx, company, func(w *change) error {
		var before []*int64
		w.ask(loadSQL, numbers, ids, times, workspaces, documents, checksums).QueryRow(func(row pgx.Row) error { return row.Scan(&before) })
		if err := w.send(); err != nil {
			return err
		}
		if before == nil {
			return callvault.ErrOrder
		}
		for i := range before {
			r := &records[i]
			if at := before[i]; at != nil {
				w.facts.Remove(callvault.Position{Time: callvault.Time(*at), ID: r.ID})
			}
			if !r.Deleted {
				w.facts.Add(&r.Call, w.names)
			}
		}
		return nil
	})
	return s.cause(ctx, mirrored(company, err))
}
