package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

const countRecordsSQL = `SELECT count(*) FROM callvault.ids WHERE company = $1 AND number > $2`

// snapshot is a transaction that sees one moment.
type snapshot struct {
	store *Store
	ctx   context.Context
	tx    pgx.Tx
}

// oneMoment is a transaction that sees the store as it was at its first look.
var oneMoment = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// Snapshot calls f with the store as it is at one moment. On a cluster each
// node has its own moment: copy and check one while nobody writes.
func (s *Store) Snapshot(ctx context.Context, f func(callvault.Snapshot) error) error {
	var failed error
	err := s.inTx(ctx, oneMoment, func(tx pgx.Tx) error {
		if err := execAll(ctx, tx, unsortedSQL, momentSQL); err != nil {
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
	err = s.store.eachIn(s.ctx, s.tx, collect(&names, pgx.RowTo[string]), companiesSQL)
	return names, err
}

func (s snapshot) Records(company string, after int64, visit func(callvault.Record) error) error {
	v := callvault.NumberVerifier{Company: company, After: after}
	return s.store.eachIn(s.ctx, s.tx, visitor(company, v.Verify, visit), changesSQL, company, after, limited(-1))
}

func (s snapshot) Timelines(company string) (timelines []callvault.Timeline, err error) {
	err = s.store.eachIn(s.ctx, s.tx, collect(&timelines, readTimeline), timelinesSQL, company)
	return timelines, err
}

func (s snapshot) CountRecords(company string, after int64) (n int, err error) {
	err = s.tx.QueryRow(s.ctx, countRecordsSQL, company, after).Scan(&n)
	return n, s.store.cause(s.ctx, err)
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
	err = s.store.eachIn(s.ctx, s.tx, collect(&used, pgx.RowToStructByPos[callvault.QuotaUsed]), usedQuotasSQL)
	return used, err
}

func (s snapshot) CursorSecret() (secret []byte, err error) {
	err = s.tx.QueryRow(s.ctx, cursorSecretSQL).Scan(&secret)
	return secret, s.store.cause(s.ctx, err)
}

// Inherit takes over the cursor secret and the keys of another store.
func (s *Store) Inherit(ctx context.Context, secret []byte, keys []callvault.Key) error {
	err := s.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		for _, key := range keys {
			if err := addKey(ctx, tx, key); err != nil {
				return fmt.Errorf("key %s: %w", key.ID, err)
			}
		}
		_, err := tx.Exec(ctx, setSecretSQL, secret)
		return err
	})
	return callvault.Doing(s.cause(ctx, err), "inherit the cursor secret and keys")
}

// Empty removes the calls of a store without keys. It locks the companies, as writers do,
// and then the keys, so that nobody adds one. It deletes rather than truncates, because a
// role that may write need not have the right to truncate.
func (s *Store) Empty(ctx context.Context) error {
	err := s.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if err := execAll(ctx, tx, resetNumbersSQL, lockKeysSQL); err != nil {
			return err
		}
		keys := 0
		if err := tx.QueryRow(ctx, countKeysSQL).Scan(&keys); err != nil {
			return err
		}
		if keys > 0 {
			return callvault.ErrHasKeys
		}
		return execAll(ctx, tx, emptySQL...)
	})
	return callvault.Doing(s.cause(ctx, err), "empty the store")
}
