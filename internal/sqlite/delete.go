package sqlite

import (
	"context"
	"fmt"

	"github.com/callvault/callvault"
)

const (
	firstSQL          = placeSQL + ofCompanySQL + ` AND time >= ?3` + forwardSQL
	firstWorkspaceSQL = placeOfSpace + ofWorkspaceSQL + ` AND i.time >= ?3` + forwardOfSpace
)

// Delete removes the calls with these ids.
func (s calls) Delete(ctx context.Context, ids []callvault.ID) (deleted int, err error) {
	err = s.delete(ctx, func(w *change) error {
		for _, id := range callvault.SortIDs(ids) {
			found, there, err := w.find(w.company, id)
			if err == nil && there && !found.Deleted {
				deleted++
				err = w.delete(&found)
			}
			if err != nil {
				return fmt.Errorf("call %s: %w", id, err)
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return deleted, nil
}

// DeleteFirst removes the first calls of q. Whether a document is what was written does not
// matter, but where it stands does.
func (s calls) DeleteFirst(ctx context.Context, q callvault.Query, limit int) (deleted int, err error) {
	err = s.delete(ctx, func(w *change) error {
		found, err := w.first(q, limit)
		if err != nil {
			return err
		}
		for i := range found {
			deleted++
			if err := w.delete(&found[i]); err != nil {
				return fmt.Errorf("call %s: %w", found[i].ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return deleted, nil
}

// first is the first calls of q, without their documents.
func (w *change) first(q callvault.Query, limit int) (found []row, err error) {
	query := firstSQL
	if !q.Workspace.IsZero() {
		query = firstWorkspaceSQL
	}
	v := callvault.Verifier{Company: w.company.name, Query: q, At: q.Start()}
	err = w.each(func(st *stmt) error {
		var r row
		readPlace(st, &r)
		if !st.ColumnIsNull(3) {
			r.Document = []byte{} // it is there, and not needed
		}
		found = append(found, r)
		return v.Follow(&r.Record)
	}, query, w.company.id, q.Workspace.Key(), int64(q.From), nil, int64(q.To), limit)
	return found, err
}

// delete removes the calls that f finds, in one transaction.
func (s calls) delete(ctx context.Context, f func(*change) error) error {
	err := s.store.write(ctx, func(c *conn) error {
		of, there, err := s.store.companyOf(c, s.company)
		if err != nil || !there {
			return err
		}
		return c.change(of, func(w *change) error {
			return w.fork(func() error { return f(w) })
		})
	})
	return callvault.Doing(err, "delete calls")
}

// delete leaves a call's id with its next number, and nothing else.
func (w *change) delete(r *row) error {
	w.number++
	if err := w.remove(r); err != nil {
		return err
	}
	return w.bury(r.ID)
}
