package postgres

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callvault/callvault"
)

// The steps are numbered; citus.sql runs after them where they make the schema
// and the extension is installed.
//
//go:embed migrations/*.sql
var migrations embed.FS

const citusScript = "migrations/citus.sql"

// The schema's version is of the store as a whole: see whole.go.
const (
	// migrationLock keeps processes that start together from migrating
	// together; it is the transaction's, so that it works through a pooler.
	migrationLock = `SELECT pg_advisory_xact_lock(7166113412)`

	// The schema may be there already, made for a role that may not make one. These
	// two read the catalogue and not, as to_regclass does, what the session
	// remembers of it, which may be older than the lock.
	hasSpaceSQL   = `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'callvault'), quote_ident(current_user)`
	hasSchemaSQL  = `SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'callvault' AND tablename = 'schema')`
	makeSpaceSQL  = `CREATE SCHEMA callvault`
	makeSchemaSQL = `CREATE TABLE callvault.schema (version int NOT NULL); INSERT INTO callvault.schema VALUES (0)`
	versionSQL    = `SELECT version FROM callvault.schema`
	setVersionSQL = `UPDATE callvault.schema SET version = $1`
	makeStoreSQL  = `INSERT INTO callvault.store (one, cursor_secret) VALUES (1, $1) ON CONFLICT DO NOTHING`
	hasCitusSQL   = `SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')`
)

// querier is a pool of connections, or a transaction.
type querier interface {
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

// migrate brings the schema up to date in one transaction. The number of the
// schema is the number of migrations that have run.
func (s *Store) migrate(ctx context.Context) error {
	steps, err := fs.Glob(migrations, "migrations/0*.sql")
	if err != nil {
		return err
	}
	at, err := schemaVersion(ctx, s.pool)
	if err != nil || at == len(steps) {
		return s.cause(ctx, err)
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, migrationLock); err != nil {
			return err
		}
		at, err := schemaVersion(ctx, tx)
		if err != nil || at == len(steps) {
			return err
		}
		return migrateFrom(ctx, tx, at, steps)
	})
	return s.cause(ctx, err)
}

// schemaVersion is the number of migrations that have run on the database.
func schemaVersion(ctx context.Context, db querier) (at int, err error) {
	there, err := yes(ctx, db, hasSchemaSQL)
	if err != nil || !there {
		return 0, err
	}
	err = db.QueryRow(ctx, versionSQL).Scan(&at)
	return at, err
}

func yes(ctx context.Context, db querier, question string) (answer bool, err error) {
	err = db.QueryRow(ctx, question).Scan(&answer)
	return answer, err
}

func migrateFrom(ctx context.Context, tx pgx.Tx, at int, steps []string) error {
	if at > len(steps) {
		return fmt.Errorf("%w (schema %d, this one knows %d): upgrade callvault", callvault.ErrSchemaNewer, at, len(steps))
	}
	if at == 0 {
		if err := makeSchema(ctx, tx); err != nil {
			return err
		}
	}
	for _, step := range steps[at:] {
		if err := runScript(ctx, tx, step); err != nil {
			return err
		}
	}
	if at == 0 {
		if err := distribute(ctx, tx); err != nil {
			return err
		}
	}
	secret := make([]byte, 32)
	rand.Read(secret) // never fails: see crypto/rand
	if _, err := tx.Exec(ctx, makeStoreSQL, secret); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, setVersionSQL, len(steps))
	return err
}

// makeSchema makes the schema, where it is not there yet, and its version.
func makeSchema(ctx context.Context, tx pgx.Tx) error {
	var there bool
	var role string
	err := tx.QueryRow(ctx, hasSpaceSQL).Scan(&there, &role)
	if err == nil && !there {
		_, err = tx.Exec(ctx, makeSpaceSQL)
	}
	if err == nil {
		_, err = tx.Exec(ctx, makeSchemaSQL)
	}
	if denied := new(pgconn.PgError); errors.As(err, &denied) && denied.Code == insufficientPrivilege {
		return fmt.Errorf("%w: the owner of the database can make the schema: CREATE SCHEMA callvault AUTHORIZATION %s", err, role)
	}
	return err
}

// distribute spreads the new tables over a cluster, where there is one.
func distribute(ctx context.Context, tx pgx.Tx) error {
	citus, err := yes(ctx, tx, hasCitusSQL)
	if err != nil || !citus {
		return err
	}
	return runScript(ctx, tx, citusScript)
}

const insufficientPrivilege = "42501"

func runScript(ctx context.Context, tx pgx.Tx, name string) error {
	script, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, string(script)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
