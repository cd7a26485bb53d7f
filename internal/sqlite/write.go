package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/callvault/callvault"
)

const (
	takeIDSQL = `INSERT INTO ids (company, id, number, time) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
	setIDSQL  = `INSERT INTO ids (company, id, number, time, checksum) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET number = excluded.number, time = excluded.time, checksum = excluded.checksum`

	insertDocumentSQL = `INSERT INTO documents (company, time, id, workspace, number, checksum, document) VALUES (?, ?, ?, ?, ?, ?, ?)`
	deleteDocumentSQL = `DELETE FROM documents WHERE company = ? AND time = ? AND id = ?`

	lastNumberSQL = `SELECT number FROM companies WHERE company = ?`
	hasForkSQL    = `SELECT fork FROM companies WHERE company = ?`
	setNumberSQL  = `UPDATE companies SET number = ?2 WHERE company = ?1`
	clearForkSQL  = `UPDATE companies SET fork = 0 WHERE company = ?`
)

// change is one transaction on the calls of a company.
type change struct {
	*conn
	company company
	number  int64 // of the latest change
	tally   callvault.Tally
	names   *callvault.NameTally
	facts   *callvault.FactChange // nil in a store that has no table of them yet

	guarded bool           // the batch is
	onlyNew bool           // calls are added
	refused []callvault.ID // would replace calls of others
	lookout *lookout       // for other writers; nil of a batch that does not yield
}

// change runs f within a transaction as one that takes numbers and changes counts.
func (c *conn) change(of company, f func(*change) error) error {
	last, err := c.number(lastNumberSQL, of.id)
	if err != nil {
		return err
	}
	w := &change{conn: c, company: of, number: last, tally: make(callvault.Tally), names: callvault.NewNameTally(), facts: new(callvault.FactChange)}
	if err := f(w); err != nil {
		return err
	}
	if err := w.writeCounts(); err != nil {
		return err
	}
	if err := w.writeNames(); err != nil {
		return err
	}
	if err := w.writeFacts(); err != nil {
		return err
	}
	return c.run(setNumberSQL, of.id, w.number)
}

// fork begins a timeline if one is due and f takes numbers.
func (w *change) fork(f func() error) error {
	last := w.number
	if err := f(); err != nil || w.number == last {
		return err
	}
	if due, err := w.conn.number(hasForkSQL, w.company.id); err != nil || due == 0 {
		return err
	}
	if err := w.addTimeline(w.company.id, callvault.NewTimeline(last)); err != nil {
		return err
	}
	return w.run(clearForkSQL, w.company.id)
}

// largeBatch is a number of calls whose writing takes long enough that others
// may be waiting for their turn.
const largeBatch = 1000

// Put goes through the batch twice: in the order of ids to find the new ones and take numbers,
// and in the order of calls to write documents. So it meets each page of either table once,
// which makes an import of shuffled calls fast.
func (s calls) Put(ctx context.Context, batch callvault.Batch) (result callvault.PutResult, err error) {
	calls := batch.Calls()
	write := s.store.write
	if batch.IsYielding() {
		write = s.store.writeQuietly
	}
	err = write(ctx, s.store.making(s.company, func(c *conn, of company) error {
		if err := c.refuseMirrored(of); err != nil {
			return err
		}
		if batch.IsYielding() {
			defer c.syncLog()()
		}
		return c.change(of, func(w *change) error {
			return w.fork(func() error { return w.put(batch, &result) })
		})
	}))
	if errors.Is(err, callvault.ErrYielded) {
		s.store.turns.pause(2 * lockPoll)
	}
	if err != nil {
		return callvault.PutResult{}, fmt.Errorf("put calls: %w", err)
	}
	if len(calls) >= largeBatch {
		s.store.afterLargeBatch(ctx)
	}
	return result, nil
}

// turns is how a store leaves room to others after a large batch.
type turns struct {
	maxLog        int64
	restartWithin time.Duration
	pause         func(time.Duration)
}

// afterLargeBatch keeps the log small, and rests for longer than another process waits
// between two tries for the lock. The batch is already committed, so an error is not
// one of the batch: the next large batch tries the log again.
func (s *Store) afterLargeBatch(ctx context.Context) {
	s.turns.pause(2 * lockPoll)
	_ = s.withWriter(ctx, func(c *conn) error { return c.restartLog(s.turns.maxLog, s.turns.restartWithin) })
}

func (w *change) put(batch callvault.Batch, result *callvault.PutResult) (err error) {
	calls := batch.Calls()
	numbers := make([]int64, len(calls)) // 0: the document is there
	w.facts.Grow(len(calls))
	w.guarded, w.onlyNew = batch.IsGuarded(), batch.IsOnlyNew()
	if batch.IsYielding() {
		w.lookout = lookOut(w.path)
	}
	for n, i := range byID(calls) {
		if err := w.yield(n); err != nil {
			return err
		}
		if numbers[i], err = w.take(&calls[i], result); err != nil {
			return fmt.Errorf("call %s: %w", calls[i].ID, err)
		}
	}
	if len(w.refused) > 0 {
		return &callvault.ClientError{IDs: w.refused}
	}
	for i := range calls {
		if numbers[i] == 0 {
			continue
		}
		if err := w.yield(i); err != nil {
			return err
		}
		if err := w.insert(&callvault.Record{Number: numbers[i], Call: calls[i]}); err != nil {
			return fmt.Errorf("call %s: %w", calls[i].ID, err)
		}
	}
	return nil
}

// lookEvery is after how many calls a batch looks for others who wait: some ten milliseconds.
const lookEvery = 250

// yield gives the batch up if it yields, and others wait when n of its rows are done.
func (w *change) yield(n int) error {
	if w.lookout != nil && n%lookEvery == lookEvery-1 && w.lookout.sees() {
		return callvault.ErrYielded
	}
	return nil
}

// byID is the order of the calls' ids.
func byID(calls []callvault.Call) []int {
	order := make([]int, len(calls))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return calls[a].ID.Compare(calls[b].ID) })
	return order
}

// take gives the call's id its next number and removes the document it had. It returns 0,
// and does nothing, if the same call is there.
func (w *change) take(call *callvault.Call, result *callvault.PutResult) (number int64, err error) {
	st, err := w.stmt(takeIDSQL)
	if err != nil {
		return 0, err
	}
	next := w.number + 1
	st.BindInt64(1, w.company.id)
	st.BindText(2, text(call.ID[:]))
	st.BindInt64(3, next)
	st.BindInt64(4, int64(call.Time))
	if err := w.step(st); err != nil {
		return 0, err
	}
	if w.changed() > 0 {
		w.number = next
		result.Created++
		return next, nil
	}
	before, _, err := w.find(w.company, call.ID)
	switch {
	case err != nil:
		return 0, err
	case before.Deleted:
		result.Created++
	case w.onlyNew, before.isOf(call) && before.verify(w.company) == nil:
		result.Unchanged++
		return 0, nil
	case w.guarded && call.HasOtherClient(&before.Call) && before.verify(w.company) == nil:
		w.refused = append(w.refused, call.ID)
		return 0, nil
	default:
		result.Changed++
	}
	w.number = next
	if err := w.remove(&before); err != nil {
		return 0, err
	}
	return next, w.run(setIDSQL, w.company.id, call.ID.Key(), next, int64(call.Time), nil)
}

// isOf tells whether the row is a call to the byte.
func (r *row) isOf(call *callvault.Call) bool {
	return r.Time == call.Time && r.Workspace == call.Workspace && bytes.Equal(r.Document, call.Document)
}

// remove deletes the document of a row, if it has one; its id has the change's number. Of the
// document only the names are needed.
func (w *change) remove(r *row) error {
	if r.Deleted || r.Document == nil {
		return nil
	}
	w.tally.Remove(&r.Record, r.kept, w.number)
	w.names.Remove(&r.Call)
	w.facts.Remove(r.Position())
	return w.run(deleteDocumentSQL, w.company.id, int64(r.Time), r.ID.Key())
}

// insert writes the document of a record.
func (w *change) insert(r *callvault.Record) error {
	kept := r.Checksum(w.company.name)
	w.tally.Add(r, kept)
	if w.facts == nil {
		w.names.Add(&r.Call)
	} else {
		w.facts.Add(&r.Call, w.names)
	}
	st, err := w.stmt(insertDocumentSQL)
	if err != nil {
		return err
	}
	st.BindInt64(1, w.company.id)
	st.BindInt64(2, int64(r.Time))
	st.BindText(3, text(r.ID[:]))
	st.BindText(4, r.Workspace.Key())
	st.BindInt64(5, r.Number)
	st.BindInt64(6, kept)
	st.BindText(7, text(r.Document))
	return w.step(st)
}

// bury makes a tombstone of an id.
func (w *change) bury(id callvault.ID) error {
	tombstone := callvault.Record{Number: w.number, Deleted: true, Call: callvault.Call{ID: id}}
	return w.run(setIDSQL, w.company.id, id.Key(), w.number, nil, tombstone.Checksum(w.company.name))
}

// Delete removes the calls with these ids.
func (s calls) Delete(ctx context.Context, ids []callvault.ID) (deleted int, err error) {
	return s.delete(ctx, func(w *change) ([]row, error) { return w.findAll(ids) })
}

// findAll is the calls with these ids that are there, of their documents the names.
func (w *change) findAll(ids []callvault.ID) (found []row, err error) {
	for _, id := range callvault.SortIDs(ids) {
		r, there, err := w.find(w.company, id)
		if err != nil {
			return nil, fmt.Errorf("call %s: %w", id, err)
		}
		if !there || r.Deleted {
			continue
		}
		if r.Document != nil {
			r.Document = callvault.KeepNames(r.Document)
		}
		found = append(found, r)
	}
	return found, nil
}

// DeleteFirst removes the first calls of q. Whether a document is what was written does not
// matter, but where it stands does.
func (s calls) DeleteFirst(ctx context.Context, q callvault.Query, limit int) (deleted int, err error) {
	return s.delete(ctx, func(w *change) ([]row, error) { return w.first(q, limit) })
}

// first is the first calls of q, of their documents the names.
func (w *change) first(q callvault.Query, limit int) (found []row, err error) {
	query := forward.rows
	if !q.Workspace.IsZero() {
		query = forwardInWorkspace.rows
	}
	v := callvault.Verifier{Company: w.company.name, Query: q, At: q.Start()}
	err = w.each(func(st *stmt) error {
		var r row
		w.readRow(st, &r)
		if !st.ColumnIsNull(3) { // it is there, and may be empty
			r.Document = callvault.KeepNames(r.Document)
		}
		found = append(found, r)
		return v.Follow(&r.Record)
	}, query, w.company.id, q.Workspace.Key(), int64(q.From), nil, int64(q.To), limit)
	return found, err
}

// delete removes the calls that are found, in one transaction. Those of a mirrored company are
// withheld.
func (s calls) delete(ctx context.Context, find func(*change) ([]row, error)) (deleted int, err error) {
	err = s.store.writeIn(ctx, s.company, func(c *conn, of company) error {
		upstream, err := c.upstream(of)
		if err != nil {
			return err
		}
		return c.change(of, func(w *change) error {
			return w.fork(func() error {
				found, err := find(w)
				if err == nil && upstream != "" {
					err = w.withhold(found)
				}
				if err != nil {
					return err
				}
				deleted = len(found)
				return w.buryAll(found)
			})
		})
	})
	if err != nil {
		return 0, callvault.Doing(err, "delete calls")
	}
	return deleted, nil
}

// buryAll removes calls. It leaves the id of each with its next number, and nothing else.
func (w *change) buryAll(found []row) error {
	for i := range found {
		w.number++
		if err := w.remove(&found[i]); err != nil {
			return err
		}
		if err := w.bury(found[i].ID); err != nil {
			return err
		}
	}
	return nil
}
