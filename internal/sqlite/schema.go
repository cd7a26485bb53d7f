package sqlite

import (
	"context"
	_ "embed" // of the migrations
	"errors"
	"fmt"
	"time"

	"github.com/callvault/callvault"
)

var (
	//go:embed migrations/0001.sql
	firstTables string
	//go:embed migrations/0002.sql
	checksums string
	//go:embed migrations/0003.sql
	directoryTable string
	//go:embed migrations/0004.sql
	namesTable string
	//go:embed migrations/0005.sql
	mirrorTables string
	//go:embed migrations/0006.sql
	factsTable string
	//go:embed migrations/0007.sql
	clearFacts string
)

// step is a migration: statements, and what the program does after them, in one transaction.
type step struct {
	statements string
	fill       func(*conn) error // or nil
}

// steps are the migrations. The number of the schema is how many have run.
var steps = [schema]step{
	{firstTables, nil},
	{checksums, (*conn).fillChecksums},
	{directoryTable, nil},
	{namesTable, func(c *conn) error { return c.fillNames(fillAtOnce) }},
	{mirrorTables, nil},
	{factsTable, nil}, // which the next step fills
	{clearFacts, func(c *conn) error { return c.fillFacts(fillAtOnce) }},
}

// fillAtOnce is how many names or facts a migration holds in memory.
const fillAtOnce = 10_000

// schema is the number of the schema that this program knows.
const schema = 7

// The schemas that brought what a restored backup must not share with its original.
const (
	withTimelines = 2
	withMirrors   = 5
)

// applicationID marks a file as callvault's, for us and for file(1): "call".
const applicationID = 0x63616c6c

// migratesAlone is how long a migration waits for other processes that have the store open.
const migratesAlone = 2 * time.Second

// errNotAlone is a migration's, which needs the store for itself.
var errNotAlone = errors.New("an older callvault wrote it, and another process has it open; end that process, then run this again to migrate the store")

var errForeign = errors.New("this SQLite file is not a callvault store")

// openWriter opens a connection that may migrate the store. Where a store has an older schema
// it waits until no other process has the store open: a server of an older program would go
// on with the new tables, and find no calls in them.
func openWriter(ctx context.Context, path string) (*conn, error) {
	for begun := time.Now(); ; {
		c, err := openConn(ctx, path, writerCache)
		if err != nil {
			return nil, err
		}
		at := 0
		err = waitBusy(ctx, func() (err error) { at, err = version(c); return err })
		if err == nil && (at == 0 || at >= schema) {
			return c, nil
		}
		if err = errors.Join(err, c.Close()); err != nil {
			return nil, err
		}
		if !isInUse(path) {
			return openConn(ctx, path, writerCache)
		}
		if time.Since(begun) > migratesAlone {
			return nil, errNotAlone
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

// migrate brings the schema up to date, one transaction a step. It returns how long that
// took if the file had an older one.
func migrate(ctx context.Context, c *conn) (took time.Duration, err error) {
	begun, from := time.Now(), 0
	if err := waitBusy(ctx, func() (err error) { from, err = version(c); return err }); err != nil {
		return 0, err
	}
	for done := false; !done; {
		if done, err = migrateOne(ctx, c); err != nil {
			return 0, err
		}
	}
	if from > 0 && from < schema {
		took = time.Since(begun)
	}
	return took, nil
}

// migrateOne runs the next migration; it looks under the write lock which one
// that is, because another process may be migrating too.
func migrateOne(ctx context.Context, c *conn) (done bool, err error) {
	at := 0
	err = waitBusy(ctx, func() (err error) { at, err = version(c); return err })
	if err != nil || at == schema {
		return at == schema, err
	}
	if at > schema {
		return false, errNewer(at)
	}
	err = c.interruptible(ctx, func() (err error) {
		if err := waitBusy(ctx, func() error { return c.run("BEGIN IMMEDIATE") }); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.rollback()) }()
		if now, err := version(c); err != nil || now != at {
			return err
		}
		if err := c.script(steps[at].statements); err != nil {
			return fmt.Errorf("schema %d: %w", at+1, err)
		}
		if fill := steps[at].fill; fill != nil {
			if err := fill(c); err != nil {
				return fmt.Errorf("schema %d: %w", at+1, err)
			}
		}
		marks := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, at+1)
		if err := c.script(marks); err != nil {
			return err
		}
		return c.run("COMMIT")
	})
	return false, err
}

func errNewer(at int) error {
	return fmt.Errorf("%w (schema %d, this one knows %d); upgrade callvault", callvault.ErrSchemaNewer, at, schema)
}

// checkSchema refuses a file that is not a store, and one whose schema is ahead of this program.
func checkSchema(ctx context.Context, c *conn) error {
	at := 0
	err := waitBusy(ctx, func() (err error) {
		if err := c.checkOurs(); err != nil {
			return err
		}
		at, err = version(c)
		return err
	})
	switch {
	case err != nil:
		return err
	case at == 0:
		return errForeign
	case at > schema:
		return errNewer(at)
	}
	return nil
}

// version is the number of migrations that have run on the file.
func version(c *conn) (int, error) { return c.pragma("user_version") }

// checkOurs refuses a SQLite file that is neither empty nor a callvault store.
// Emptiness comes first: the other order would take a store for a foreign file
// that another process makes between the two questions.
func (c *conn) checkOurs() error {
	for _, mark := range []struct {
		pragma string
		ours   int
	}{{"schema_version", 0}, {"application_id", applicationID}} {
		got, err := c.pragma(mark.pragma)
		if err != nil {
			return err
		}
		if got == mark.ours {
			return nil
		}
	}
	return errForeign
}

const (
	schema1SQL = `SELECT d.time, d.id, d.workspace, coalesce(i.number, 0), 0, d.document
		FROM documents_before AS d LEFT JOIN ids AS i ON i.company = d.company AND i.id = d.id
		WHERE d.company = ? ORDER BY d.time, d.id`

	sealKeySQL = `UPDATE keys SET checksum = ?2 WHERE id = ?1`

	strayCallSQL = `SELECT EXISTS (SELECT 1 FROM documents_before WHERE company NOT IN (SELECT company FROM companies))`

	// Nobody followed changes before there were timelines, so nobody needs the tombstones.
	// Indexes are made last, from rows that are there: that is a sort and no search.
	afterFillSQL = `DROP TABLE documents_before;
		DELETE FROM ids WHERE time IS NULL;
		CREATE INDEX documents_by_workspace ON documents (company, workspace, time, id);
		CREATE INDEX ids_by_number ON ids (company, number);
		PRAGMA legacy_alter_table = OFF;`
)

var errStray = errors.New("it has calls of unknown companies; restore a backup")

// fillChecksums computes what schema 2 keeps beside the rows of schema 1.
func (c *conn) fillChecksums() error {
	if stray, err := c.number(strayCallSQL); err != nil {
		return err
	} else if stray > 0 {
		return errStray
	}
	companies, err := c.allCompanies()
	if err != nil {
		return err
	}
	for _, co := range companies {
		if err := c.addTimeline(co.id, callvault.NewTimeline(0)); err != nil {
			return err
		}
		if err := c.fillCalls(co); err != nil {
			return err
		}
	}
	if err := c.fillKeys(); err != nil {
		return err
	}
	return c.script(afterFillSQL)
}

// fillCalls writes a company's calls to the new table, in order, and counts them.
func (c *conn) fillCalls(of company) error {
	w := &change{conn: c, company: of, tally: make(callvault.Tally), names: callvault.NewNameTally()}
	var r row
	err := c.each(func(st *stmt) error {
		c.readRow(st, &r)
		return w.insert(&r.Record)
	}, schema1SQL, of.id)
	if err != nil {
		return err
	}
	return w.writeCounts()
}

func (c *conn) fillKeys() error {
	var keys []callvault.Key
	err := c.each(func(st *stmt) error { keys = append(keys, readKey(st)); return nil }, allKeysSQL)
	if err != nil {
		return err
	}
	for i := range keys {
		if err := c.run(sealKeySQL, keys[i].ID, keys[i].Checksum()); err != nil {
			return err
		}
	}
	return nil
}
