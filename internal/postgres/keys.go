package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// A key is found by its id before its company is known, so keys are of no company: see
// whole.go. Each change of keys updates the one row with the version, so changes wait for
// each other, and a reader of a version sees all changes before it.
const (
	addKeySQL = `WITH v AS (UPDATE callvault.store SET keys_version = $12)
		INSERT INTO callvault.keys (id, name, kind, company, scopes, digest, created, expires, revoked, used, checksum)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

	lockKeysSQL = `SELECT FROM callvault.store FOR UPDATE`

	revokeKeySQL = `WITH v AS (UPDATE callvault.store SET keys_version = $4)
		UPDATE callvault.keys SET revoked = $2, checksum = $3 WHERE id = $1`

	useKeySQL = `UPDATE callvault.keys SET used = $3 WHERE company = $1 AND id = $2 AND (used < $3 OR used IS NULL)`

	// One statement, so that the version is that of the keys.
	keysSQL = `SELECT s.keys_version, k.id, k.name, k.kind, k.company, k.scopes, k.digest, k.created, k.expires, k.revoked, k.used, k.checksum
		FROM callvault.store AS s LEFT JOIN callvault.keys AS k ON s.keys_version <> $1 ORDER BY k.id`
)

// AddKey keeps a new key.
func (s *Store) AddKey(ctx context.Context, key callvault.Key) error {
	err := s.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error { return addKey(ctx, tx, key) })
	return callvault.Doing(s.cause(ctx, err), "add key %s", key.ID)
}

func addKey(ctx context.Context, tx pgx.Tx, key callvault.Key) error {
	if err := callvault.CheckCompany(key.Company); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, makeCompanySQL, key.Company); err != nil {
		return err
	}
	version := callvault.NewKeysVersion()
	_, err := tx.Exec(ctx, addKeySQL, append(key.Columns(key.Company), version[:])...)
	return err
}

// RevokeKey marks a key as revoked. The lock is taken in a statement of its own,
// so that the next one sees what another process has just revoked.
func (s *Store) RevokeKey(ctx context.Context, company, id string, at time.Time) error {
	err := s.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockKeysSQL); err != nil {
			return err
		}
		var found *callvault.Key
		err := s.eachIn(ctx, tx, func(rows pgx.Rows) error { // another key may be damaged
			key, _, kept, err := scanKey(rows)
			if err != nil || key == nil || key.ID != id || key.Company != company {
				return err
			}
			found = key
			return key.Verify(kept)
		}, keysSQL, make([]byte, len(callvault.KeysVersion{})))
		switch {
		case err != nil:
			return err
		case found == nil:
			return callvault.ErrNotFound
		case !found.Revoked.IsZero():
			return nil
		}
		found.Revoked = callvault.FloorTime(at).UTC()
		version := callvault.NewKeysVersion()
		_, err = tx.Exec(ctx, revokeKeySQL, id, at.UnixMicro(), found.Checksum(), version[:])
		return err
	})
	return callvault.Doing(s.cause(ctx, err), "revoke key %s of company %q", id, company)
}

// UseKey remembers the day of a key's use.
func (s *Store) UseKey(ctx context.Context, company, id string, at time.Time) error {
	return callvault.Doing(s.exec(ctx, useKeySQL, company, id, callvault.DayOf(at)), "remember the use of key %s", id)
}

// Keys returns all keys, unless the caller knows their version.
func (s view) Keys(ctx context.Context, known callvault.KeysVersion) (keys []callvault.Key, latest callvault.KeysVersion, err error) {
	err = s.each(ctx, func(rows pgx.Rows) error {
		key, version, err := readKey(rows)
		copy(latest[:], version)
		if key != nil {
			keys = append(keys, *key)
		}
		return err
	}, keysSQL, known[:])
	if err != nil {
		return nil, callvault.KeysVersion{}, fmt.Errorf("read keys: %w", err)
	}
	return keys, latest, nil
}

// readKey reads and verifies a row of keysSQL. The key is nil if the row has none.
func readKey(rows pgx.Rows) (key *callvault.Key, latest []byte, err error) {
	key, latest, kept, err := scanKey(rows)
	if err == nil && key != nil {
		err = key.Verify(kept)
	}
	return key, latest, err
}

func scanKey(rows pgx.Rows) (key *callvault.Key, latest []byte, kept int64, err error) {
	var id, name, kind, company, scopes *string
	var digest []byte
	var created, expires, revoked, used, checksum *int64
	err = rows.Scan(&latest, &id, &name, &kind, &company, &scopes, &digest, &created, &expires, &revoked, &used, &checksum)
	if err != nil || id == nil {
		return nil, latest, 0, err
	}
	key = &callvault.Key{ID: *id, Name: *name, Kind: callvault.KeyKind(*kind), Company: *company, Scopes: callvault.SplitScopes(*scopes)}
	key.SetTimes(*created, expires, revoked, used)
	copy(key.Digest[:], digest)
	if checksum != nil {
		kept = *checksum
	}
	return key, latest, kept, nil
}
