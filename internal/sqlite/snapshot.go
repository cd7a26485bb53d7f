package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/callvault/callvault"
)

const (
	usedQuotasSQL = `SELECT c.name, q.day, q.used FROM quotas AS q JOIN companies AS c USING (company)
		WHERE q.used > 0 ORDER BY c.name, q.day`

	setSecretSQL = `UPDATE store SET cursor_secret = ?`
	countKeysSQL = `SELECT count(*) FROM keys`
)

// reader runs what reads: the store each in a transaction of its own, a moment all in one.
type reader interface {
	read(ctx context.Context, f func(*conn) error) error
}

// moment is a read transaction.
type moment struct{ conn *conn }

func (m moment) read(ctx context.Context, f func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return f(m.conn)
}

// view is what is read of a store but for calls.
type view struct {
	reader
	store *Store
}

// snapshot is a view of a moment.
type snapshot struct{ view }

// Snapshot calls f with the store as it is at one moment.
func (s *Store) Snapshot(ctx context.Context, f func(callvault.Snapshot) error) error {
	return s.read(ctx, func(c *conn) error {
		// The moment is that of the first look.
		if err := s.held.checkWithin(c); err != nil {
			return err
		}
		if err := f(snapshot{view{moment{c}, s}}); err != nil {
			return err
		}
		return s.held.check() // what was read is believed now
	})
}

func (s snapshot) Calls(company string) callvault.Reads { return reads{s.view, company} }

func (s snapshot) Mirror(company string) callvault.MirrorReads {
	return mirrorReads{reads{s.view, company}}
}

func (s snapshot) Quotas(ctx context.Context) (used []callvault.QuotaUsed, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.each(func(st *stmt) error {
			used = append(used, callvault.QuotaUsed{Company: st.ColumnText(0), Day: st.ColumnInt(1), Used: st.ColumnInt(2)})
			return nil
		}, usedQuotasSQL)
	})
	return used, err
}

// Inherit takes over the cursor secret and the keys of another store.
func (s *Store) Inherit(ctx context.Context, secret []byte, keys []callvault.Key) error {
	err := s.write(ctx, func(c *conn) error {
		for _, key := range keys {
			if err := s.addKey(c, key); err != nil {
				return fmt.Errorf("key %s: %w", key.ID, err)
			}
		}
		return c.run(setSecretSQL, secret)
	})
	return callvault.Doing(err, "inherit the cursor secret and keys")
}

// emptySQL leaves the companies: other processes remember their row ids.
var emptySQL = []string{
	`DELETE FROM documents`, `DELETE FROM ids`, `DELETE FROM counts`, `DELETE FROM names`, `DELETE FROM facts`, `DELETE FROM directory`, `DELETE FROM quotas`, `DELETE FROM timelines`,
	`DELETE FROM mirrors`, `DELETE FROM mirror_values`, `DELETE FROM apart`,
	`UPDATE companies SET number = 0, fork = 1`,
}

// Empty removes the calls of a store without keys. It does not overwrite the freed pages,
// which would write as much as the store has; Purge removes them.
func (s *Store) Empty(ctx context.Context) error {
	err := s.withWriter(ctx, func(c *conn) error {
		if err := c.once("PRAGMA secure_delete = OFF"); err != nil {
			return err
		}
		err := s.inTransaction(ctx, c, "BEGIN IMMEDIATE", func(c *conn) error {
			if n, err := c.number(countKeysSQL); err != nil {
				return err
			} else if n > 0 {
				return callvault.ErrHasKeys
			}
			for _, statement := range emptySQL {
				if err := c.run(statement); err != nil {
					return err
				}
			}
			return nil
		})
		return errors.Join(err, c.once("PRAGMA secure_delete = ON"))
	})
	return callvault.Doing(err, "empty %s", s.path)
}

// Load writes records of another store.
func (s *Store) Load(ctx context.Context, name string, records []callvault.Record) error {
	err := s.writeUnmirrored(ctx, name, func(c *conn, of company) error {
		return c.change(of, func(w *change) error {
			for i := range records {
				if err := w.load(&records[i]); err != nil {
					return fmt.Errorf("call %s: %w", records[i].ID, err)
				}
			}
			return nil
		})
	})
	return callvault.Doing(err, "load records")
}

func (w *change) load(r *callvault.Record) error {
	if r.Number <= w.number {
		return callvault.ErrOrder
	}
	w.number = r.Number
	before, _, err := w.find(w.company, r.ID)
	if err != nil {
		return err
	}
	if err := w.remove(&before); err != nil {
		return err
	}
	if r.Deleted {
		return w.bury(r.ID)
	}
	return w.place(r)
}

// place writes a record of a call, whose place is free, and points its id there.
func (w *change) place(r *callvault.Record) error {
	return errors.Join(w.run(setIDSQL, w.company.id, r.ID.Key(), r.Number, int64(r.Time), nil), w.insert(r))
}
