package postgres

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callvault/callvault"
)

// The steps are numbered; citus.sql runs after them where they make the schema
// and the extension is installed.
//
//go:embed migrations/*.sql
var migrations embed.FS

const citusScript = "migrations/citus.sql"

// usableSince is the oldest schema whose programs can use the latest one: what
// they ask for is still there. Steps only add, so that it can stay what it is;
// one that takes away what older programs use raises it. See docs/postgresql.md.
const usableSince = 7

// The steps after which the program fills what they added.
const (
	withChecksums = 3
	withNames     = 5
	withFacts     = 7
)

// filled is what stands for the braces of steps: the finest width of buckets, the others as
// its multiples, and the names in the documents of rows.
var filled = strings.NewReplacer(append([]string{
	"{width}", fmt.Sprint(int64(callvault.BucketWidth(0))),
	"{ratios}", fmt.Sprintf("(0, 1), (1, %d), (2, %d)",
		callvault.BucketWidth(1)/callvault.BucketWidth(0), callvault.BucketWidth(2)/callvault.BucketWidth(0)),
}, namesOfRows("b", "d", "n", "old", "old_row", "u")...)...)

// holdWithin is how long a newer program tries to have the tables for itself. A
// batch of an import, which has them too, takes a few seconds.
const holdWithin = 30 * time.Second

// plan is the schema as a program knows it.
type plan struct {
	steps       []step // that make it; how many there are is its version
	usableSince int
	holdWithin  time.Duration
	manner
}

// errNoStore is returned for a database that has no schema and is to get none.
var errNoStore = errors.New("there is no store in this database")

// errSchemaOlder is returned by OpenToRead for a schema that needs a migration.
var errSchemaOlder = errors.New("the store was written by an older callvault; let this one open it on the primary first: callvault check")

// step is a script that brings the schema to its next version.
type step struct{ name, script string }

// currentPlan is that of this program.
func currentPlan() (plan, error) {
	p := plan{usableSince: usableSince, holdWithin: holdWithin}
	names, err := fs.Glob(migrations, "migrations/0*.sql")
	if err != nil {
		return p, err
	}
	for _, name := range names {
		script, err := migrations.ReadFile(name)
		if err != nil {
			return p, err
		}
		p.steps = append(p.steps, step{name, filled.Replace(string(script))})
	}
	return p, nil
}

// migrate brings the schema up to date in one transaction. One that is ahead is
// left as it is, if it lets this program use it.
func (s *Store) migrate(ctx context.Context, p plan) error {
	version := 0
	err := s.with(ctx, func(c *pgxpool.Conn) (err error) {
		version, err = p.version(ctx, c)
		return err
	})
	if err != nil || version >= len(p.steps) || p.asItIs {
		return s.cause(ctx, err)
	}
	if p.readOnly {
		return errSchemaOlder
	}
	for begun := time.Now(); ; {
		err = s.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error { return s.runSteps(ctx, tx, p) })
		if codeOf(err) != lockNotAvailable {
			return s.cause(ctx, err)
		}
		if time.Since(begun) > p.holdWithin {
			return s.cause(ctx, fmt.Errorf("%w: another session has used the store for %v (a copy, an export or a vacuum?); start again when it has ended", err, p.holdWithin))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPause): // others come first
		}
	}
}

// lockPause is the pause between two tries to have the tables.
const lockPause = 100 * time.Millisecond

// version is how many steps have run on the database. A schema that is ahead of the plan
// and not for its program is ErrSchemaNewer.
func (p plan) version(ctx context.Context, db querier) (int, error) {
	version, usableSince, err := schemaVersion(ctx, db)
	if known := len(p.steps); err == nil && version > known && usableSince > known {
		err = fmt.Errorf("%w (schema %d, this one knows %d); upgrade callvault", callvault.ErrSchemaNewer, version, known)
	}
	if err == nil && version == 0 && p.mustBeThere {
		err = errNoStore
	}
	return version, err
}

// schemaVersion is the number of steps that have run on the database, and the
// oldest schema whose programs may use what they came to.
func schemaVersion(ctx context.Context, db querier) (version, usableSince int, err error) {
	there, err := yes(ctx, db, hasSchemaSQL)
	if err != nil || !there {
		return 0, 0, err
	}
	err = db.QueryRow(ctx, versionSQL).Scan(&version, &usableSince)
	return version, usableSince, err
}

func yes(ctx context.Context, db querier, question string) (answer bool, err error) {
	err = db.QueryRow(ctx, question).Scan(&answer)
	return answer, err
}

// runSteps runs the steps that have not run, unless another process does. Older processes,
// which go on, wait for them.
func (s *Store) runSteps(ctx context.Context, tx pgx.Tx, p plan) error {
	if err := execAll(ctx, tx, migrationLock); err != nil {
		return err
	}
	version, err := p.version(ctx, tx)
	if err != nil || version >= len(p.steps) {
		return err
	}
	if version == 0 {
		err = makeSchema(ctx, tx)
	} else {
		err = execAll(ctx, tx, spareOthersSQL, holdOthersSQL)
	}
	if err != nil {
		return err
	}
	for _, step := range p.steps[version:] {
		if err := run(ctx, tx, step); err != nil {
			return err
		}
	}
	if err := distribute(ctx, tx, version == 0); err != nil {
		return err
	}
	if version < withChecksums {
		err = s.fill(ctx, tx)
	}
	if err == nil && version < withNames {
		err = s.fillNames(ctx, tx)
	}
	if err == nil && version < withFacts {
		err = s.fillFacts(ctx, tx)
	}
	if err != nil {
		return fmt.Errorf("bring the store from schema %d to %d: %w", version, len(p.steps), err)
	}
	id, secret, keys := make([]byte, 16), make([]byte, 32), callvault.NewKeysVersion()
	rand.Read(id) // never fails: see crypto/rand
	rand.Read(secret)
	if _, err := tx.Exec(ctx, makeStoreSQL, id, secret, keys[:]); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, setVersionSQL, len(p.steps), p.usableSince)
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
	if codeOf(err) == insufficientPrivilege {
		return fmt.Errorf("%w: the owner of the database can make the schema: CREATE SCHEMA callvault AUTHORIZATION %s", err, role)
	}
	return err
}

// distribute spreads new tables over a cluster: those of a new store where there is one,
// and those of an old store that is spread already.
func distribute(ctx context.Context, tx pgx.Tx, isNew bool) error {
	citus, err := yes(ctx, tx, hasCitusSQL)
	if err == nil && citus && !isNew {
		citus, err = yes(ctx, tx, isSpreadSQL)
	}
	if err != nil || !citus {
		return err
	}
	script, err := migrations.ReadFile(citusScript)
	if err != nil {
		return err
	}
	return run(ctx, tx, step{citusScript, string(script)})
}

// run runs a step statement by statement: Citus refuses two at once of a distributed table.
func run(ctx context.Context, tx pgx.Tx, s step) error {
	if err := execAll(ctx, tx, statements(s.script)...); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// statements cuts a script at the semicolons that end its lines, but for those within $$.
// There are none in its comments and literals.
func statements(script string) (all []string) {
	rest := ""
	for i, piece := range strings.Split(script, "$$") {
		if i%2 == 1 {
			rest += "$$" + piece + "$$"
			continue
		}
		cut := strings.Split(piece, ";\n")
		cut[0] = rest + cut[0]
		all, rest = append(all, cut[:len(cut)-1]...), cut[len(cut)-1]
	}
	return append(all, rest)
}
