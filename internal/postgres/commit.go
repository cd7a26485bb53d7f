package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/callvault/callvault"
)

// Each is a function of the database: see migrations/0006.sql.
const (
	meetSQL  = `SELECT callvault.meet_apart($1, $2, $3)`
	standSQL = `SELECT callvault.stand_apart($1, $2, $3, $4)`

	removeOtherEntriesSQL = `DELETE FROM callvault.directory WHERE company = $1 AND kind = $2 AND NOT id = ANY($3::text[])`
)

// Commit writes all of a change, if the lease is held.
func (s mirror) Commit(ctx context.Context, lease callvault.Lease, change callvault.MirrorChange) (result callvault.PutResult, err error) {
	err = change.Check()
	if err == nil {
		err = s.holding(ctx, lease, func(w mirrorWrite, _ callvault.Lease) error { return w.commit(&change, &result) })
	}
	if err != nil {
		return callvault.PutResult{}, fmt.Errorf("commit to company %s: %w", s.company, s.store.cause(ctx, err))
	}
	return result, nil
}

func (w mirrorWrite) commit(m *callvault.MirrorChange, result *callvault.PutResult) error {
	c := newChange(w)
	if err := c.list(m, result); err != nil {
		return err
	}
	if err := c.forget(m.Delete); err != nil {
		return err
	}
	if err := c.writeFacts(); err != nil {
		return err
	}
	if err := c.send(); err != nil {
		return err
	}
	if err := w.keep(m.Keep); err != nil {
		return err
	}
	for _, kind := range slices.Sorted(maps.Keys(m.Entries)) {
		if err := w.replaceEntries(kind, m.Entries[kind]); err != nil {
			return err
		}
	}
	return w.setValues(m.Values)
}

// list puts the calls that the upstream listed, but for those that are withheld.
func (w *change) list(m *callvault.MirrorChange, result *callvault.PutResult) error {
	calls := m.Calls.Calls()
	if len(calls) == 0 {
		return nil
	}
	ids, times := make([]callvault.ID, len(calls)), make([]*int64, len(calls))
	for i := range calls {
		listed := m.ListedAt(&calls[i])
		ids[i], times[i] = calls[i].ID, (*int64)(&listed)
	}
	withheld, err := w.meet(ids, times)
	if err != nil {
		return err
	}
	calls = m.Calls.Without(withheld).Calls()
	result.Unchanged += len(ids) - len(calls)
	var strange []callvault.ID
	times = nil
	for i := range calls {
		if listed, ok := m.Strange[calls[i].ID]; ok {
			strange, times = append(strange, calls[i].ID), append(times, (*int64)(&listed))
		}
	}
	for len(calls) > 0 {
		n := chunk(calls)
		put, err := w.write(calls[:n])
		if err != nil {
			return err
		}
		*result, calls = result.Add(put), calls[n:]
	}
	return w.stand(strange, callvault.Strange, times)
}

// meet makes calls stand apart no more, but for those that are withheld, which it returns. The
// times are when the upstream counts them, or nil.
func (w mirrorWrite) meet(ids []callvault.ID, times []*int64) (withheld map[callvault.ID]bool, err error) {
	var keys []string
	if err := w.tx.QueryRow(w.ctx, meetSQL, w.company, keysOf(ids), times).Scan(&keys); err != nil {
		return nil, err
	}
	withheld = make(map[callvault.ID]bool, len(keys))
	for _, key := range keys {
		withheld[callvault.ID([]byte(key))] = true
	}
	return withheld, nil
}

// stand makes calls that are here stand apart.
func (w mirrorWrite) stand(ids []callvault.ID, kind callvault.Apartness, times []*int64) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := w.exec(standSQL, keysOf(ids), int32(kind), times)
	return err
}

// forget deletes calls that the upstream no longer has.
func (w *change) forget(ids []callvault.ID) error {
	if len(ids) == 0 {
		return nil
	}
	ids = callvault.SortIDs(ids)
	if _, err := w.bury(ids); err != nil {
		return err
	}
	_, err := w.meet(ids, make([]*int64, len(ids)))
	return err
}

// keep makes calls that the upstream no longer has stand apart.
func (w mirrorWrite) keep(ids []callvault.ID) error {
	if len(ids) == 0 {
		return nil
	}
	ids = callvault.SortIDs(ids)
	none := make([]*int64, len(ids))
	if _, err := w.meet(ids, none); err != nil {
		return err
	}
	return w.stand(ids, callvault.Kept, none)
}

// replaceEntries makes the entries of a kind those that are given.
func (w mirrorWrite) replaceEntries(kind callvault.Kind, all []callvault.Entry) error {
	ids := make([]callvault.ID, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	if _, err := w.exec(removeOtherEntriesSQL, string(kind), keysOf(ids)); err != nil {
		return err
	}
	var result callvault.PutResult
	return directory{entries{w.Store, w.company}, w.Store}.put(w.ctx, w.tx, kind, all, &result)
}

// setValues keeps values under keys, and removes the keys that have none.
func (w mirrorWrite) setValues(values map[string][]byte) error {
	var gone, keys, kept []string
	var checksums []int64
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if value := values[key]; value == nil {
			gone = append(gone, key)
		} else {
			keys, kept = append(keys, key), append(kept, text(value))
			checksums = append(checksums, callvault.ValueChecksum(w.company, key, value))
		}
	}
	if len(gone) > 0 {
		if _, err := w.exec(removeValuesSQL, gone); err != nil {
			return err
		}
	}
	if len(keys) == 0 {
		return nil
	}
	_, err := w.exec(setValuesSQL, keys, checksums, kept)
	return err
}
