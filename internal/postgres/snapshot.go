package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

const (
	// The ids are sorted by themselves, and each document is then looked up: to
	// sort the documents too would write all of them to a temporary file.
	recordsSQL = `SELECT i.number, i.id, i.time, d.workspace, d.document
		FROM (SELECT number, id, time FROM callvault.ids WHERE company = $1 AND number > $2 ORDER BY number OFFSET 0) AS i
		LEFT JOIN LATERAL (
			SELECT workspace, document FROM callvault.documents AS d WHERE d.company = $1 AND d.time = i.time AND d.id = i.id OFFSET 0
		) AS d ON true`

	countRecordsSQL = `SELECT count(*) FROM callvault.ids WHERE company = $1 AND number > $2`

	loadSQL = `SELECT callvault.load_records($1, $2, $3, $4, $5, $6)`
)

// snapshot is a transaction that sees one moment.
type snapshot struct {
	store *Store
	ctx   context.Context
	tx    pgx.Tx
}

// Snapshot calls f with the store as it is at one moment. On a cluster each
// node has its own moment: copy and check one while nobody writes.
func (s *Store) Snapshot(ctx context.Context, f func(callvault.Snapshot) error) error {
	var failed error
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		// The moment is that of the first look.
		if _, err := tx.Exec(ctx, momentSQL); err != nil {
			return err
		}
		failed = f(snapshot{s, ctx, tx})
		return failed
	})
	if failed != nil {
		return failed
	}
	return s.cause(ctx, err)
}

func (s snapshot) Companies() (names []string, err error) {
	err = s.store.eachIn(s.ctx, s.tx, func(rows pgx.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	}, companiesSQL)
	return names, err
}

var errDamaged = errors.New("its document is missing: the store is damaged")

func (s snapshot) Records(company string, after int64, visit func(callvault.Record) error) error {
	last := after
	return s.store.eachIn(s.ctx, s.tx, func(rows pgx.Rows) error {
		record, err := readRecord(rows)
		if err != nil {
			return fmt.Errorf("company %s: call %s: %w", company, record.ID, err)
		}
		if record.Number <= last {
			return fmt.Errorf("company %s: call %s: its number %d comes after %d", company, record.ID, record.Number, last)
		}
		last = record.Number
		return visit(record)
	}, recordsSQL, company, after)
}

func (s snapshot) CountRecords(company string, after int64) (n int, err error) {
	err = s.tx.QueryRow(s.ctx, countRecordsSQL, company, after).Scan(&n)
	return n, s.store.cause(s.ctx, err)
}

// readRecord reads number, id, time, workspace and document as they are on the
// wire. The document is the connection's memory.
func readRecord(rows pgx.Rows) (r callvault.Record, err error) {
	values := rows.RawValues()
	if r.Number, err = readInt(rows, 0); err != nil || len(values[1]) != len(r.ID) {
		return r, errShape
	}
	copy(r.ID[:], values[1])
	if values[2] == nil {
		r.Deleted = true
		return r, nil
	}
	if values[4] == nil {
		return r, errDamaged
	}
	time, err := readInt(rows, 2)
	r.Time = callvault.Time(time)
	copy(r.Workspace[:], values[3])
	r.Document = values[4]
	return r, err
}

func (s snapshot) Keys() (keys []callvault.Key, err error) {
	err = s.store.eachIn(s.ctx, s.tx, func(rows pgx.Rows) error {
		key, _, err := readKey(rows)
		if err == nil && key != nil {
			keys = append(keys, *key)
		}
		return err
	}, keysSQL, make([]byte, len(callvault.KeysVersion{})))
	return keys, err
}

func (s snapshot) Quotas() (used []callvault.QuotaUsed, err error) {
	err = s.store.eachIn(s.ctx, s.tx, func(rows pgx.Rows) error {
		var q callvault.QuotaUsed
		err := rows.Scan(&q.Company, &q.Day, &q.Used)
		used = append(used, q)
		return err
	}, usedQuotasSQL)
	return used, err
}

func (s snapshot) CursorSecret() (secret []byte, err error) {
	err = s.tx.QueryRow(s.ctx, cursorSecretSQL).Scan(&secret)
	return secret, s.store.cause(s.ctx, err)
}

// Inherit takes over the cursor secret and the keys of another store.
func (s *Store) Inherit(ctx context.Context, secret []byte, keys []callvault.Key) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, key := range keys {
			if err := addKey(ctx, tx, key); err != nil {
				return fmt.Errorf("key %s: %w", key.ID, err)
			}
		}
		_, err := tx.Exec(ctx, setSecretSQL, secret)
		return err
	})
	if err = s.cause(ctx, err); err != nil {
		return fmt.Errorf("inherit the cursor secret and keys: %w", err)
	}
	return nil
}

// Empty removes the calls of a store without keys. It locks the companies, as writers do,
// and then the keys, so that nobody adds one. It deletes rather than truncates, because a
// role that may write need not have the right to truncate.
func (s *Store) Empty(ctx context.Context) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, statement := range []string{resetNumbersSQL, lockKeysSQL} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		keys := 0
		if err := tx.QueryRow(ctx, countKeysSQL).Scan(&keys); err != nil {
			return err
		}
		if keys > 0 {
			return callvault.ErrHasKeys
		}
		for _, statement := range emptySQL {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err = s.cause(ctx, err); err != nil {
		return fmt.Errorf("empty the store: %w", err)
	}
	return nil
}

var errOrder = errors.New("the numbers of the records do not ascend from the company's latest")

// Load writes records of another store.
func (s *Store) Load(ctx context.Context, company string, records []callvault.Record) error {
	err := callvault.CheckCompany(company)
	if err == nil {
		err = s.load(ctx, company, records)
	}
	if err != nil {
		return fmt.Errorf("load records: %w", err)
	}
	return nil
}

func (s *Store) load(ctx context.Context, company string, records []callvault.Record) error {
	n := len(records)
	numbers, ids, times := make([]int64, n), make([]string, n), make([]*int64, n)
	workspaces, documents := make([]string, n), make([]string, n)
	for i := range records {
		r := &records[i]
		if i > 0 && r.Number <= numbers[i-1] {
			return errOrder
		}
		numbers[i], ids[i] = r.Number, r.ID.Key()
		workspaces[i], documents[i] = r.Workspace.Key(), text(r.Document)
		if !r.Deleted {
			times[i] = (*int64)(&r.Time)
		}
	}
	ascend := false
	_, err := s.one(ctx, []any{&ascend}, loadSQL, company, numbers, ids, times, workspaces, documents)
	if err == nil && !ascend {
		err = errOrder
	}
	return err
}
