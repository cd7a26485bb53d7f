package sqlite

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/callvault/callvault"
)

const (
	apartKindSQL   = `SELECT kind FROM apart WHERE company = ? AND id = ?`
	removeApartSQL = `DELETE FROM apart WHERE company = ? AND id = ?`
	setCountedSQL  = `UPDATE apart SET counted = ?3 WHERE company = ?1 AND id = ?2`

	// A call that stands apart is here, or nothing is written.
	standSQL = `INSERT OR REPLACE INTO apart (company, id, kind, counted, here)
		SELECT company, id, ?3, ?4, time FROM ids WHERE company = ?1 AND id = ?2 AND time IS NOT NULL`

	// What was Own or Kept has no time at which it is counted, and so no weight.
	withholdSQL = `INSERT INTO apart (company, id, kind, counted) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET kind = excluded.kind, here = NULL`

	entryIDsSQL = `SELECT id FROM directory WHERE company = ? AND kind = ?`
)

// Commit writes all of a change, if the lease is held.
func (s mirror) Commit(ctx context.Context, lease callvault.Lease, change callvault.MirrorChange) (result callvault.PutResult, err error) {
	err = change.Check()
	if err == nil {
		err = s.holding(ctx, lease, func(c *conn, of company, _ callvault.Lease) error { return c.commit(of, &change, &result) })
	}
	if err != nil {
		return callvault.PutResult{}, fmt.Errorf("commit to company %s: %w", s.of.company, err)
	}
	return result, nil
}

func (c *conn) commit(of company, m *callvault.MirrorChange, result *callvault.PutResult) error {
	if m.Calls.Len()+len(m.Delete)+len(m.Keep) > 0 {
		err := c.change(of, func(w *change) error {
			return w.fork(func() error { return w.mirror(m, result) })
		})
		if err != nil {
			return err
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(m.Entries)) {
		if err := c.replaceEntries(of, kind, m.Entries[kind]); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.Values)) {
		if err := c.setValue(of, key, m.Values[key]); err != nil {
			return err
		}
	}
	return nil
}

// mirror writes what a change has of calls.
func (w *change) mirror(m *callvault.MirrorChange, result *callvault.PutResult) error {
	withheld := make(map[callvault.ID]bool)
	calls := m.Calls.Calls()
	for i := range calls {
		is, err := w.meet(calls[i].ID, int64(m.ListedAt(&calls[i])))
		if err != nil {
			return fmt.Errorf("call %s: %w", calls[i].ID, err)
		}
		if is {
			withheld[calls[i].ID] = true
		}
	}
	result.Unchanged += len(withheld)
	if err := w.put(m.Calls.Without(withheld), result); err != nil {
		return err
	}
	for id, listed := range m.Strange {
		if withheld[id] {
			continue
		}
		if err := w.stand(id, callvault.Strange, int64(listed)); err != nil {
			return err
		}
	}
	if len(m.Delete) > 0 { // a call that comes and goes at once must not be the first of a name
		if err := w.writeNames(); err != nil {
			return err
		}
	}
	if err := w.forget(m.Delete); err != nil {
		return err
	}
	return w.keep(m.Keep)
}

// meet makes a call stand apart no more, unless it is withheld. counted is when the upstream
// counts it, or nil.
func (w *change) meet(id callvault.ID, counted any) (withheld bool, err error) {
	kind, err := w.conn.number(apartKindSQL, w.company.id, id.Key())
	switch {
	case err != nil || kind == 0:
		return false, err
	case callvault.Apartness(kind) == callvault.Withheld:
		return true, w.run(setCountedSQL, w.company.id, id.Key(), counted)
	}
	return false, w.run(removeApartSQL, w.company.id, id.Key())
}

// stand makes a call that is here stand apart.
func (w *change) stand(id callvault.ID, kind callvault.Apartness, counted any) error {
	return w.run(standSQL, w.company.id, id.Key(), int(kind), counted)
}

// forget deletes calls that the upstream no longer has.
func (w *change) forget(ids []callvault.ID) error {
	found, err := w.findAll(ids)
	if err == nil {
		err = w.buryAll(found)
	}
	for _, id := range ids {
		if err == nil {
			_, err = w.meet(id, nil)
		}
	}
	return err
}

// keep makes calls that the upstream no longer has stand apart.
func (w *change) keep(ids []callvault.ID) error {
	for _, id := range ids {
		withheld, err := w.meet(id, nil)
		if err == nil && !withheld {
			err = w.stand(id, callvault.Kept, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// withhold makes calls that an operator deletes stand apart, before they go.
func (w *change) withhold(found []row) error {
	for i := range found {
		err := w.run(withholdSQL, w.company.id, found[i].ID.Key(), int(callvault.Withheld), int64(found[i].Time))
		if err != nil {
			return err
		}
	}
	return nil
}

// replaceEntries makes the entries of a kind those that are given.
func (c *conn) replaceEntries(of company, kind callvault.Kind, entries []callvault.Entry) error {
	var result callvault.PutResult
	if err := c.putEntries(of, kind, entries, &result); err != nil {
		return err
	}
	stays := make(map[string]bool, len(entries))
	for i := range entries {
		stays[entries[i].ID.Key()] = true
	}
	ids, err := c.texts(entryIDsSQL, of.id, string(kind))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if stays[id] {
			continue
		}
		if err := c.run(deleteEntrySQL, of.id, string(kind), id); err != nil {
			return err
		}
	}
	return nil
}
