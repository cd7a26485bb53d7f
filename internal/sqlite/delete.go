package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/callvault/callvault"
)

const (
	firstSQL          = `SELECT time, id, workspace` + afterSQL
	firstWorkspaceSQL = `SELECT time, id, workspace` + afterWorkspaceSQL

	buryIDSQL = `UPDATE ids SET number = ?3, time = NULL WHERE company = ?1 AND id = ?2`
)

// Delete removes the calls with these ids.
func (s calls) Delete(ctx context.Context, ids []callvault.ID) (deleted int, err error) {
	return s.delete(ctx, func(w *change) ([]callvault.Call, error) {
		var found []callvault.Call
		seen := make(map[callvault.ID]bool, len(ids))
		for _, id := range ids {
			call, there, err := w.find(id)
			if err != nil {
				return nil, fmt.Errorf("call %s: %w", id, err)
			}
			if there && !seen[id] {
				call.Document = nil // it is not needed, and not valid for long
				found = append(found, call)
			}
			seen[id] = true
		}
		return found, nil
	})
}

// DeleteFirst removes the first calls of q.
func (s calls) DeleteFirst(ctx context.Context, q callvault.Query, limit int) (deleted int, err error) {
	return s.delete(ctx, func(w *change) ([]callvault.Call, error) { return w.first(q, limit) })
}

// first is the first calls of q, without their documents.
func (w *change) first(q callvault.Query, limit int) (found []callvault.Call, err error) {
	visit := func(st *sqlite.Stmt) error {
		call := callvault.Call{Time: callvault.Time(st.ColumnInt64(0))}
		st.ColumnBytes(1, call.ID[:])
		st.ColumnBytes(2, call.Workspace[:])
		found = append(found, call)
		return nil
	}
	query, args := firstSQL, []any{w.company}
	if !q.Workspace.IsZero() {
		query, args = firstWorkspaceSQL, append(args, q.Workspace.Key())
	}
	start := q.Start()
	err = w.each(visit, query, append(args, int64(start.Time), start.ID.Key(), int64(q.To), int64(limit))...)
	return found, err
}

// delete removes the calls that choose finds, in one transaction.
func (s calls) delete(ctx context.Context, choose func(*change) ([]callvault.Call, error)) (deleted int, err error) {
	err = s.store.write(ctx, func(c *conn) error {
		company, there, err := s.store.companyID(c, s.company)
		if err != nil || !there {
			return err
		}
		return c.change(company, func(w *change) error {
			found, err := choose(w)
			if err != nil {
				return err
			}
			deleted = len(found)
			return w.buryAll(found)
		})
	})
	if err != nil {
		return 0, fmt.Errorf("delete calls: %w", err)
	}
	return deleted, nil
}

// buryAll leaves each call's id and its next number, and nothing else.
func (w *change) buryAll(calls []callvault.Call) error {
	for _, call := range calls {
		w.number++
		if err := w.bury(call); err != nil {
			return fmt.Errorf("call %s: %w", call.ID, err)
		}
	}
	return nil
}

func (w *change) bury(call callvault.Call) error {
	if err := w.remove(call); err != nil {
		return err
	}
	return w.run(buryIDSQL, w.company, call.ID.Key(), w.number)
}
