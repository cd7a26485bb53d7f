package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/callvault/callvault"
)

const buryIDSQL = `UPDATE ids SET number = ?3, time = NULL WHERE company = ?1 AND id = ?2`

// Delete removes the calls with these ids.
func (s calls) Delete(ctx context.Context, ids []callvault.ID) (deleted int, err error) {
	return s.delete(ctx, func(*change) ([]callvault.ID, error) { return ids, nil })
}

// DeleteFirst removes the first calls of q.
func (s calls) DeleteFirst(ctx context.Context, q callvault.Query, limit int) (deleted int, err error) {
	return s.delete(ctx, func(w *change) (ids []callvault.ID, err error) {
		err = w.scan(w.company, q, q.Start(), limit, func(row callvault.Row) error {
			ids = append(ids, row.ID)
			return nil
		})
		return ids, err
	})
}

func (s calls) delete(ctx context.Context, choose func(*change) ([]callvault.ID, error)) (deleted int, err error) {
	err = s.store.write(ctx, func(c *conn) error {
		company, there, err := s.store.companyID(c, s.company)
		if err != nil || !there {
			return err
		}
		return c.change(company, func(w *change) error {
			ids, err := choose(w)
			if err != nil {
				return err
			}
			deleted, err = w.delete(ids)
			return err
		})
	})
	if err != nil {
		return 0, fmt.Errorf("delete calls: %w", err)
	}
	s.store.deleted.Store(true)
	return deleted, nil
}

func (w *change) delete(ids []callvault.ID) (deleted int, err error) {
	for _, id := range ids {
		call, there, err := w.find(id)
		if err != nil {
			return 0, fmt.Errorf("call %s: %w", id, err)
		}
		if !there {
			continue
		}
		if err := w.bury(call); err != nil {
			return 0, fmt.Errorf("call %s: %w", id, err)
		}
		deleted++
	}
	return deleted, nil
}

// bury leaves a call's id and its next number, and nothing else.
func (w *change) bury(call callvault.Call) error {
	w.number++
	return errors.Join(w.remove(call), w.run(buryIDSQL, w.company, call.ID.Key(), w.number))
}

// emptyLog folds the write-ahead log into the file and empties it, so that
// nothing that was deleted stays in it. Other processes that read for longer
// than the busy timeout keep it from doing so until the last of them closes.
func emptyLog(c *conn) error {
	c.SetBusyTimeout(2 * time.Second)
	return c.each(func(*sqlite.Stmt) error { return nil }, "PRAGMA wal_checkpoint(TRUNCATE)")
}
