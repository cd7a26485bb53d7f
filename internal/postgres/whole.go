package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// The statements of this file are of the store as a whole: they name no
// company, so on a cluster they are not one shard's. Each has its reason.
const (
	// Which companies there are is asked by commands, for people, and by a repair.
	companiesSQL = `SELECT company FROM callvault.companies ORDER BY company`

	// What the store takes, and its id in a database.
	sizeSQL     = `SELECT bytes FROM callvault.size`
	identitySQL = `SELECT encode(id, 'hex'), current_setting('transaction_read_only')::boolean FROM callvault.store`

	// The cursor secret belongs to every process on the store.
	cursorSecretSQL = `SELECT cursor_secret FROM callvault.store`
	setSecretSQL    = `UPDATE callvault.store SET cursor_secret = $1`

	// A store that went back in time did so as a whole.
	forkSQL = `UPDATE callvault.companies SET fork = true`

	// An unfinished copy, which has no keys, is emptied.
	countKeysSQL    = `SELECT count(*) FROM callvault.keys`
	resetNumbersSQL = `UPDATE callvault.companies SET number = 0, fork = true`

	// A snapshot begins with a look at something small. Records are read along their index,
	// even all of them: sorted they would fill a temporary file.
	momentSQL   = `SELECT FROM callvault.store`
	unsortedSQL = `SET LOCAL enable_sort = off`

	// A copy has the quotas of all companies.
	usedQuotasSQL = `SELECT company, day, used FROM callvault.quotas WHERE used > 0 ORDER BY company, day`

	// The catalogue says whether the schema is there. to_regclass would answer from the
	// session's memory, which may be older than the lock. Somebody may have made the schema
	// for a role that can't.
	hasSpaceSQL   = `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'callvault'), quote_ident(current_user)`
	hasSchemaSQL  = `SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'callvault' AND tablename = 'schema')`
	makeSpaceSQL  = `CREATE SCHEMA callvault`
	makeSchemaSQL = `CREATE TABLE callvault.schema (version int NOT NULL, usable_since int NOT NULL); INSERT INTO callvault.schema VALUES (0, 0)`
	versionSQL    = `SELECT version, usable_since FROM callvault.schema`
	setVersionSQL = `UPDATE callvault.schema SET version = $1, usable_since = $2`
	makeStoreSQL  = `INSERT INTO callvault.store (one, id, cursor_secret, keys_version) VALUES (1, $1, $2, $3) ON CONFLICT DO NOTHING`
	hasCitusSQL   = `SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')`
	isSpreadSQL   = `SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'callvault.companies'::regclass)`

	// Processes that start together do not migrate together. The lock is the
	// transaction's, so that it works through a pooler.
	migrationLock = `SELECT pg_advisory_xact_lock(7166113412)`

	// Older processes go on while a newer one migrates. It locks all tables that the database
	// has, also a newer program's, before it changes any, and gives up before other statements
	// wait for long. Citus asks for the second setting if a transaction changes and adds tables.
	spareOthersSQL = `SET LOCAL lock_timeout = '100ms'; SET LOCAL citus.multi_shard_modify_mode = 'sequential'`
	holdOthersSQL  = `DO $$ BEGIN EXECUTE (
		SELECT 'LOCK TABLE ' || string_agg(format('callvault.%I', tablename), ', ' ORDER BY tablename) || ' IN ACCESS EXCLUSIVE MODE'
		FROM pg_tables WHERE schemaname = 'callvault'); END $$`

	// Space is given back by the tables as a whole.
	vacuumSQL = `VACUUM callvault.documents, callvault.ids, callvault.counts, callvault.names, callvault.facts, callvault.directory, callvault.mirror_values, callvault.apart`
)

var emptySQL = []string{
	`DELETE FROM callvault.documents`, `DELETE FROM callvault.ids`, `DELETE FROM callvault.counts`, `DELETE FROM callvault.quotas`,
	`DELETE FROM callvault.names`, `DELETE FROM callvault.facts`, `DELETE FROM callvault.timelines`, `DELETE FROM callvault.directory`,
	`DELETE FROM callvault.mirrors`, `DELETE FROM callvault.mirror_values`, `DELETE FROM callvault.apart`,
}

// Purge gives the room of what was deleted back. What PostgreSQL's files, its
// log and its backups still hold of it is the server's to forget.
func (s *Store) Purge(ctx context.Context) error {
	return callvault.Doing(s.exec(ctx, vacuumSQL), "purge")
}

// Companies lists the companies by name.
func (s view) Companies(ctx context.Context) (names []string, err error) {
	err = s.each(ctx, collect(&names, pgx.RowTo[string]), companiesSQL)
	return names, callvault.Doing(err, "list companies")
}

// Identity is the id of the store in this database. It is an error if the store was
// opened to be written to and its server takes no writes any more.
func (s *Store) Identity(ctx context.Context) (id string, err error) {
	var readOnly bool
	err = one(ctx, s, []any{&id, &readOnly}, identitySQL)
	if err == nil && readOnly && !s.readOnly {
		s.pool.Reset() // a new connection may find the primary
		err = &storeError{s.name, errNoWrites}
	}
	return id, callvault.Doing(err, "read the store's id")
}

// Size is the size of the tables with their indexes.
func (s *Store) Size(ctx context.Context) (size int64, err error) {
	err = one(ctx, s, []any{&size}, sizeSQL)
	return size, callvault.Doing(err, "read the size of the store")
}

// CursorSecret is the secret that cursors are signed with.
func (s view) CursorSecret(ctx context.Context) (secret []byte, err error) {
	err = one(ctx, s, []any{&secret}, cursorSecretSQL)
	return secret, callvault.Doing(err, "read the cursor secret")
}

// Fork makes the next change of every company begin a timeline.
func (s *Store) Fork(ctx context.Context) error {
	return callvault.Doing(s.exec(ctx, forkSQL), "fork")
}
