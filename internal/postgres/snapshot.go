package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// asker is where a query is sent: to any connection of the store, or to a transaction that
// sees one moment. each calls visit with every row, until it returns an error, which is
// returned as it is.
type asker interface {
	each(ctx context.Context, visit func(pgx.Rows) error, query string, args ...any) error
}

// moment is a transaction that sees one moment.
type moment struct {
	store *Store
	tx    pgx.Tx
}

func (m moment) each(ctx context.Context, visit func(pgx.Rows) error, query string, args ...any) error {
	return m.store.eachIn(ctx, m.tx, visit, query, args...)
}

// view is what is read of a store but for calls.
type view struct{ asker }

// snapshot is a view of a moment.
type snapshot struct{ view }

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
		failed = f(snapshot{view{moment{s, tx}}})
		return failed
	})
	if failed != nil {
		return failed
	}
	return s.cause(ctx, err)
}

func (s snapshot) Calls(company string) callvault.Reads { return reads{s, company} }

func (s snapshot) Mirror(company string) callvault.MirrorReads { return mirrorReads{s, company} }

func (s snapshot) Quotas(ctx context.Context) (used []callvault.QuotaUsed, err error) {
	err = s.each(ctx, collect(&used, pgx.RowToStructByPos[callvault.QuotaUsed]), usedQuotasSQL)
	return used, err
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
