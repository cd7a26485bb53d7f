package sqlite

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/callvault/callvault"
)

const (
	// The ids are sorted by themselves, and each document is then looked up: to
	// sort the documents too would write all of them to a temporary file.
	recordsSQL = `SELECT number, id, time FROM ids WHERE company = ? AND number > ? ORDER BY number`

	countRecordsSQL = `SELECT count(*) FROM ids WHERE company = ? AND number > ?`

	usedQuotasSQL = `SELECT c.name, q.day, q.used FROM quotas AS q JOIN companies AS c USING (company)
		WHERE q.used > 0 ORDER BY c.name, q.day`

	setSecretSQL = `UPDATE store SET cursor_secret = ?`
	countKeysSQL = `SELECT count(*) FROM keys`

	loadIDSQL = `INSERT INTO ids (company, id, number, time) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT DO UPDATE SET number = excluded.number, time = excluded.time`
)

// snapshot is a read transaction.
type snapshot struct{ *conn }

// Snapshot calls f with the store as it is at one moment.
func (s *Store) Snapshot(ctx context.Context, f func(callvault.Snapshot) error) error {
	return s.read(ctx, func(c *conn) error {
		// The moment is that of the first look.
		if err := s.held.checkWithin(c); err != nil {
			return err
		}
		if err := f(snapshot{c}); err != nil {
			return err
		}
		return s.held.check() // what was read is believed now
	})
}

func (s snapshot) Companies() (names []string, err error) {
	err = s.each(func(st *sqlite.Stmt) error {
		names = append(names, st.ColumnText(0))
		return nil
	}, companiesSQL)
	return names, err
}

func (s snapshot) Records(company string, after int64, visit func(callvault.Record) error) error {
	id, err := s.number(companySQL, company)
	if err != nil || id == 0 {
		return err
	}
	return s.each(func(st *sqlite.Stmt) error {
		record := callvault.Record{Number: st.ColumnInt64(0), Deleted: st.ColumnIsNull(2)}
		st.ColumnBytes(1, record.ID[:])
		if !record.Deleted {
			record.Time = callvault.Time(st.ColumnInt64(2))
			if err := s.document(int64(id), &record.Call); err != nil {
				return err
			}
		}
		return visit(record)
	}, recordsSQL, int64(id), after)
}

func (s snapshot) CountRecords(company string, after int64) (int, error) {
	id, err := s.number(companySQL, company)
	if err != nil || id == 0 {
		return 0, err
	}
	return s.number(countRecordsSQL, int64(id), after)
}

// document looks up the workspace and the document of a call at its place.
func (c *conn) document(company int64, call *callvault.Call) error {
	err := c.each(func(st *sqlite.Stmt) error {
		st.ColumnBytes(0, call.Workspace[:])
		call.Document = c.column(st, 1)
		return nil
	}, findDocumentSQL, company, int64(call.Time), call.ID.Key())
	if err == nil && call.Document == nil {
		err = fmt.Errorf("the document of call %s is missing from %s: the store is damaged", call.ID, call.Time)
	}
	return err
}

func (s snapshot) Keys() ([]callvault.Key, error) { return s.keys() }

func (s snapshot) Quotas() (used []callvault.QuotaUsed, err error) {
	err = s.each(func(st *sqlite.Stmt) error {
		used = append(used, callvault.QuotaUsed{Company: st.ColumnText(0), Day: st.ColumnInt(1), Used: st.ColumnInt(2)})
		return nil
	}, usedQuotasSQL)
	return used, err
}

func (s snapshot) CursorSecret() (secret []byte, err error) {
	err = s.each(func(st *sqlite.Stmt) error {
		secret = append([]byte(nil), s.column(st, 0)...)
		return nil
	}, cursorSecretSQL)
	return secret, err
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
	if err != nil {
		return fmt.Errorf("inherit the cursor secret and keys: %w", err)
	}
	return nil
}

// emptySQL leaves the companies: other processes remember their row ids.
var emptySQL = []string{
	`DELETE FROM documents`, `DELETE FROM ids`, `DELETE FROM counts`, `DELETE FROM quotas`, `UPDATE companies SET number = 0`,
}

// Empty removes the calls of a store without keys. It does not overwrite the freed pages,
// which would write as much as the store has; Purge removes them.
func (s *Store) Empty(ctx context.Context) error {
	err := s.withWriter(ctx, func(c *conn) error {
		if err := sqlitex.ExecuteTransient(c.Conn, "PRAGMA secure_delete = OFF", nil); err != nil {
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
		return errors.Join(err, sqlitex.ExecuteTransient(c.Conn, "PRAGMA secure_delete = ON", nil))
	})
	if err != nil {
		return fmt.Errorf("empty %s: %w", s.path, err)
	}
	return nil
}

var errOrder = errors.New("the numbers of the records do not ascend from the company's latest")

// Load writes records of another store.
func (s *Store) Load(ctx context.Context, company string, records []callvault.Record) error {
	err := s.write(ctx, func(c *conn) error {
		id, _, err := s.makeCompanyID(c, company)
		if err != nil {
			return err
		}
		return c.change(id, func(w *change) error {
			for i := range records {
				if err := w.load(&records[i]); err != nil {
					return fmt.Errorf("call %s: %w", records[i].ID, err)
				}
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("load records: %w", err)
	}
	return nil
}

func (w *change) load(r *callvault.Record) error {
	if r.Number <= w.number {
		return errOrder
	}
	w.number = r.Number
	before, there, err := w.find(r.ID)
	if err != nil {
		return err
	}
	if there {
		if err := w.remove(before); err != nil {
			return err
		}
	}
	if r.Deleted {
		return w.run(loadIDSQL, w.company, r.ID.Key(), r.Number, nil)
	}
	return errors.Join(w.run(loadIDSQL, w.company, r.ID.Key(), r.Number, int64(r.Time)), w.insert(&r.Call))
}
