package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// The statements of this file are of the store as a whole: they name no
// company, so on a cluster they are not one shard's. Each has its reason.
const (
	// Which companies there are is asked by commands, for people, and by a repair.
	companiesSQL = `SELECT company FROM callvault.companies ORDER BY company`

	// A key is found by its id before its company is known. Each change of keys updates
	// the one row with the version, so changes wait for each other, and a reader of a
	// version sees all changes before it.
	addKeySQL = `WITH v AS (UPDATE callvault.store SET keys_version = $9)
		INSERT INTO callvault.keys (id, kind, company, scopes, digest, created, expires, revoked)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

	lockKeysSQL = `SELECT FROM callvault.store FOR UPDATE`

	revokeKeySQL = `WITH k AS (SELECT id, revoked FROM callvault.keys WHERE company = $1 AND id = $2),
		v AS (UPDATE callvault.store SET keys_version = $4 WHERE EXISTS (SELECT FROM k WHERE revoked IS NULL)),
		r AS (UPDATE callvault.keys AS t SET revoked = $3 FROM k WHERE t.id = k.id AND k.revoked IS NULL)
		SELECT count(*) FROM k`

	// One statement, so that the version is that of the keys.
	keysSQL = `SELECT s.keys_version, k.id, k.kind, k.company, k.scopes, k.digest, k.created, k.expires, k.revoked
		FROM callvault.store AS s LEFT JOIN callvault.keys AS k ON s.keys_version <> $1 ORDER BY k.id`

	// The id of the store in a database.
	identitySQL = `SELECT encode(id, 'hex'), current_setting('transaction_read_only')::boolean FROM callvault.store`

	// The cursor secret belongs to every process on the store.
	cursorSecretSQL = `SELECT cursor_secret FROM callvault.store`
	setSecretSQL    = `UPDATE callvault.store SET cursor_secret = $1`

	// An unfinished copy, which has no keys, is emptied.
	countKeysSQL    = `SELECT count(*) FROM callvault.keys`
	resetNumbersSQL = `UPDATE callvault.companies SET number = 0`

	// A snapshot begins with a look at something small.
	momentSQL = `SELECT FROM callvault.store`

	// A copy has the quotas of all companies.
	usedQuotasSQL = `SELECT company, day, used FROM callvault.quotas WHERE used > 0 ORDER BY company, day`

	// The schema has one version for all companies. Whether it is there is read from
	// the catalogue and not, as to_regclass does, from what the session remembers of
	// it, which may be older than the lock; the schema may be there already, made for
	// a role that may not make one.
	hasSpaceSQL   = `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'callvault'), quote_ident(current_user)`
	hasSchemaSQL  = `SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'callvault' AND tablename = 'schema')`
	makeSpaceSQL  = `CREATE SCHEMA callvault`
	makeSchemaSQL = `CREATE TABLE callvault.schema (version int NOT NULL, usable_since int NOT NULL); INSERT INTO callvault.schema VALUES (0, 0)`
	versionSQL    = `SELECT version, usable_since FROM callvault.schema`
	setVersionSQL = `UPDATE callvault.schema SET version = $1, usable_since = $2`
	makeStoreSQL  = `INSERT INTO callvault.store (one, id, cursor_secret, keys_version) VALUES (1, $1, $2, $3) ON CONFLICT DO NOTHING`
	hasCitusSQL   = `SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')`

	// Processes that start together do not migrate together. The lock is the
	// transaction's, so that it works through a pooler.
	migrationLock = `SELECT pg_advisory_xact_lock(7166113412)`

	// A vacuum by the server itself gives a table up to who has waited for it for
	// the server's deadlock_timeout, which is a second. So all tables are first taken
	// in a mode in which vacuums are waited for, and neither readers nor writers
	// wait, for longer than that.
	outlastVacuumSQL = `SET LOCAL lock_timeout = '3s'`
	holdVacuumSQL    = lockTablesSQL + `'SHARE UPDATE EXCLUSIVE' ` + fromTablesSQL

	// Older processes read and write while a newer one migrates. It takes all tables
	// before it changes any, and tries for so short a time that those who come
	// behind it hardly wait, and that nobody's statement is ended because the two
	// wait for each other: the server looks for such circles after a second.
	spareOthersSQL = `SET LOCAL lock_timeout = '100ms'`
	holdOthersSQL  = lockTablesSQL + `'ACCESS EXCLUSIVE' ` + fromTablesSQL

	// Which tables there are is not the program's to know: a newer one's may be among
	// them.
	lockTablesSQL = `DO $$ BEGIN EXECUTE (
		SELECT 'LOCK TABLE ' || string_agg(format('callvault.%I', tablename), ', ' ORDER BY tablename) || ' IN ' || `
	fromTablesSQL = `|| ' MODE' FROM pg_tables WHERE schemaname = 'callvault'); END $$`

	// Space is given back by the tables as a whole.
	vacuumSQL = `VACUUM callvault.documents, callvault.ids, callvault.counts`
)

var emptySQL = []string{
	`DELETE FROM callvault.documents`, `DELETE FROM callvault.ids`, `DELETE FROM callvault.counts`, `DELETE FROM callvault.quotas`,
}

// Purge gives the room of what was deleted back. What PostgreSQL's files, its
// log and its backups still hold of it is the server's to forget.
func (s *Store) Purge(ctx context.Context) error {
	if _, err := s.pool.Exec(ctx, vacuumSQL); err != nil {
		return fmt.Errorf("purge: %w", s.cause(ctx, err))
	}
	return nil
}

// Companies lists the companies by name.
func (s *Store) Companies(ctx context.Context) (names []string, err error) {
	err = s.each(ctx, func(rows pgx.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	}, companiesSQL)
	if err != nil {
		return nil, fmt.Errorf("list companies: %w", err)
	}
	return names, nil
}

// Identity is the id of the store in this database. It is an error if the store was
// opened to be written to and its server takes no writes any more.
func (s *Store) Identity(ctx context.Context) (id string, err error) {
	var readOnly bool
	_, err = s.one(ctx, []any{&id, &readOnly}, identitySQL)
	if err == nil && readOnly && !s.readOnly {
		s.pool.Reset() // a new connection may find the primary
		err = &storeError{s.name, errors.New(noWrites)}
	}
	if err != nil {
		return "", fmt.Errorf("read the store's id: %w", err)
	}
	return id, nil
}

// CursorSecret is the secret that cursors are signed with.
func (s *Store) CursorSecret(ctx context.Context) (secret []byte, err error) {
	if _, err := s.one(ctx, []any{&secret}, cursorSecretSQL); err != nil {
		return nil, fmt.Errorf("read the cursor secret: %w", err)
	}
	return secret, nil
}

// AddKey keeps a new key.
func (s *Store) AddKey(ctx context.Context, key callvault.Key) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return addKey(ctx, tx, key) })
	if err = s.cause(ctx, err); err != nil {
		return fmt.Errorf("add key %s: %w", key.ID, err)
	}
	return nil
}

func addKey(ctx context.Context, tx pgx.Tx, key callvault.Key) error {
	if err := callvault.CheckCompany(key.Company); err != nil {
		return err
	}
	scopes := make([]string, len(key.Scopes))
	for i, scope := range key.Scopes {
		scopes[i] = string(scope)
	}
	if _, err := tx.Exec(ctx, makeCompanySQL, key.Company); err != nil {
		return err
	}
	version := callvault.NewKeysVersion()
	_, err := tx.Exec(ctx, addKeySQL, key.ID, string(key.Kind), key.Company, strings.Join(scopes, " "), key.Digest[:],
		key.Created.UnixMicro(), optional(key.Expires), optional(key.Revoked), version[:])
	return err
}

// RevokeKey marks a key as revoked. The lock is taken in a statement of its own,
// so that the next one sees what another process has just revoked.
func (s *Store) RevokeKey(ctx context.Context, company, id string, at time.Time) error {
	found, version := 0, callvault.NewKeysVersion()
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockKeysSQL); err != nil {
			return err
		}
		return tx.QueryRow(ctx, revokeKeySQL, company, id, at.UnixMicro(), version[:]).Scan(&found)
	})
	if err = s.cause(ctx, err); err == nil && found == 0 {
		err = callvault.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("revoke key %s of company %q: %w", id, company, err)
	}
	return nil
}

// optional is the time in microseconds, or NULL for the zero time.
func optional(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// Keys returns all keys, unless the caller knows their version.
func (s *Store) Keys(ctx context.Context, known callvault.KeysVersion) (keys []callvault.Key, latest callvault.KeysVersion, err error) {
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

// readKey reads a row of keysSQL. The key is nil if the row has none.
func readKey(rows pgx.Rows) (*callvault.Key, []byte, error) {
	var latest []byte
	var id, kind, company, scopes *string
	var digest []byte
	var created, expires, revoked *int64
	err := rows.Scan(&latest, &id, &kind, &company, &scopes, &digest, &created, &expires, &revoked)
	if err != nil || id == nil {
		return nil, latest, err
	}
	key := callvault.Key{ID: *id, Kind: callvault.KeyKind(*kind), Company: *company,
		Created: instant(created), Expires: instant(expires), Revoked: instant(revoked)}
	for _, scope := range strings.Fields(*scopes) {
		key.Scopes = append(key.Scopes, callvault.Scope(scope))
	}
	copy(key.Digest[:], digest)
	return &key, latest, nil
}

// instant is what optional was made of.
func instant(micros *int64) time.Time {
	if micros == nil {
		return time.Time{}
	}
	return callvault.Time(*micros).UTC()
}
