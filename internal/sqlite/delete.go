package sqlite

import (
	"context"
	"fmt"

	"github.com/callvault/callvault"
)

// Delete removes the calls with these ids.
func (s calls) Delete(ctx context.Context, ids []callvault.ID) (deleted int, err error) {
	return s.delete(ctx, func(w *change) (found []row, err error) {
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
	})
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

// delete removes the calls that are found, in one transaction. It leaves the id of each with
// its next number, and nothing else.
func (s calls) delete(ctx context.Context, find func(*change) ([]row, error)) (deleted int, err error) {
	remove := func(w *change) error {
		found, err := find(w)
		if err != nil {
			return err
		}
		for i := range found {
			w.number++
			if err := w.remove(&found[i]); err != nil {
				return err
			}
			if err := w.bury(found[i].ID); err != nil {
				return err
			}
		}
		deleted = len(found)
		return nil
	}
	err = s.store.writeIn(ctx, s.company, func(c *conn, of company) error {
		return c.change(of, func(w *change) error {
			return w.fork(func() error { return remove(w) })
		})
	})
	if err != nil {
		return 0, callvault.Doing(err, "delete calls")
	}
	return deleted, nil
}
