package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/callvault/callvault"
)

const (
	takeIDSQL = `INSERT INTO ids (company, id, number, time) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
	findIDSQL = `SELECT time FROM ids WHERE company = ? AND id = ?`
	setIDSQL  = `UPDATE ids SET number = ?3, time = ?4 WHERE company = ?1 AND id = ?2`

	findDocumentSQL   = `SELECT workspace, document FROM documents WHERE company = ? AND time = ? AND id = ?`
	insertDocumentSQL = `INSERT INTO documents (company, time, id, workspace, document) VALUES (?, ?, ?, ?, ?)`
	deleteDocumentSQL = `DELETE FROM documents WHERE company = ? AND time = ? AND id = ?`

	lastNumberSQL = `SELECT number FROM companies WHERE company = ?`
	setNumberSQL  = `UPDATE companies SET number = ?2 WHERE company = ?1`
)

// change is one transaction on the calls of a company.
type change struct {
	*conn
	company int64
	number  int64 // of the latest change
	counts  deltas
}

// change runs f within a transaction as one that takes numbers and changes
// counts.
func (c *conn) change(company int64, f func(*change) error) error {
	last, err := c.number(lastNumberSQL, company)
	if err != nil {
		return err
	}
	w := &change{conn: c, company: company, number: int64(last), counts: make(deltas)}
	if err := f(w); err != nil {
		return err
	}
	if err := w.counts.apply(c, company); err != nil {
		return err
	}
	return c.run(setNumberSQL, company, w.number)
}

// largeBatch is a number of calls whose writing takes long enough that others
// may be waiting for their turn.
const largeBatch = 1000

// Put goes through the batch twice: in the order of ids to learn what is new
// and to take the numbers, in the order of calls to write documents, so that
// each page of either table is met once. That is what makes an import fast
// whose calls come in no order.
func (s calls) Put(ctx context.Context, batch callvault.Batch) (result callvault.PutResult, err error) {
	calls := batch.Calls()
	err = s.store.write(ctx, func(c *conn) error {
		company, _, err := s.store.makeCompanyID(c, s.company)
		if err != nil {
			return err
		}
		return c.change(company, func(w *change) error { return w.put(calls, &result) })
	})
	if err != nil {
		return callvault.PutResult{}, fmt.Errorf("put calls: %w", err)
	}
	if len(calls) >= largeBatch {
		s.store.afterLargeBatch(ctx)
	}
	return result, nil
}

// afterLargeBatch keeps the log small, and leaves the door open for longer than
// another process sleeps between two knocks. The batch is kept whatever comes
// of it: a log that can't be begun anew is tried again after the next batch.
func (s *Store) afterLargeBatch(ctx context.Context) {
	time.Sleep(2 * lockPoll)
	_ = s.withWriter(ctx, func(c *conn) error { return c.restartLog(maxLog) })
}

func (w *change) put(calls []callvault.Call, result *callvault.PutResult) (err error) {
	write := make([]bool, len(calls))
	for _, i := range byID(calls) {
		if write[i], err = w.take(&calls[i], result); err != nil {
			return fmt.Errorf("call %s: %w", calls[i].ID, err)
		}
	}
	for i := range calls {
		if !write[i] {
			continue
		}
		if err := w.insert(&calls[i]); err != nil {
			return fmt.Errorf("call %s: %w", calls[i].ID, err)
		}
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

// take gives the call's id its next number and removes the document it had,
// and tells whether its document is to be written: it is unless the same one
// is there.
func (w *change) take(call *callvault.Call, result *callvault.PutResult) (write bool, err error) {
	st, err := w.stmt(takeIDSQL)
	if err != nil {
		return false, err
	}
	st.BindInt64(1, w.company)
	st.BindText(2, text(call.ID[:]))
	st.BindInt64(3, w.number+1)
	st.BindInt64(4, int64(call.Time))
	if err := w.step(st); err != nil {
		return false, err
	}
	if w.Changes() > 0 {
		w.number++
		result.Created++
		return true, nil
	}
	before, there, err := w.find(call.ID)
	if err != nil {
		return false, err
	}
	switch {
	case !there: // a tombstone
		result.Created++
	case before.Time == call.Time && before.Workspace == call.Workspace && bytes.Equal(before.Document, call.Document):
		result.Unchanged++
		return false, nil
	default:
		result.Changed++
		if err := w.remove(before); err != nil {
			return false, err
		}
	}
	w.number++
	return true, w.run(setIDSQL, w.company, call.ID.Key(), w.number, int64(call.Time))
}

// find is the call with an id, unless there is none. The document is valid
// until the next one is read.
func (w *change) find(id callvault.ID) (call callvault.Call, there bool, err error) {
	err = w.each(func(st *sqlite.Stmt) error {
		there = !st.ColumnIsNull(0)
		call = callvault.Call{ID: id, Time: callvault.Time(st.ColumnInt64(0))}
		return nil
	}, findIDSQL, w.company, id.Key())
	if err != nil || !there {
		return call, there, err
	}
	return call, true, w.document(w.company, &call)
}

// remove deletes a call's document, not its id.
func (w *change) remove(call callvault.Call) error {
	w.counts.add(call.Time, call.Workspace, -1)
	return w.run(deleteDocumentSQL, w.company, int64(call.Time), call.ID.Key())
}

// insert writes a call's document.
func (w *change) insert(call *callvault.Call) error {
	w.counts.add(call.Time, call.Workspace, 1)
	st, err := w.stmt(insertDocumentSQL)
	if err != nil {
		return err
	}
	st.BindInt64(1, w.company)
	st.BindInt64(2, int64(call.Time))
	st.BindText(3, text(call.ID[:]))
	st.BindText(4, call.Workspace.Key())
	st.BindText(5, text(call.Document))
	return w.step(st)
}
