package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/callvault/callvault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// applicationID marks a file as callvault's, for us and for file(1): "call".
const applicationID = 0x63616c6c

var errForeign = errors.New("this SQLite file is not a callvault store")

// migrate brings the schema up to date, one transaction a step. The number of
// the schema is the number of migrations that have run.
func migrate(ctx context.Context, c *conn) error {
	steps, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for {
		done, err := migrateOne(ctx, c, steps)
		if err != nil || done {
			return err
		}
	}
}

// migrateOne runs the next migration; it looks under the write lock which one
// that is, because another process may be migrating too.
func migrateOne(ctx context.Context, c *conn, steps []string) (done bool, err error) {
	at := 0
	err = waitBusy(ctx, func() (err error) { at, err = version(c); return err })
	if err != nil || at == len(steps) {
		return at == len(steps), err
	}
	if at > len(steps) {
		return false, errNewer(at, len(steps))
	}
	c.SetInterrupt(ctx.Done())
	defer c.SetInterrupt(nil)
	if err := waitBusy(ctx, func() error { return c.run("BEGIN IMMEDIATE") }); err != nil {
		return false, err
	}
	defer func() {
		if !c.AutocommitEnabled() {
			err = errors.Join(err, c.run("ROLLBACK"))
		}
	}()
	now, err := version(c)
	if err != nil || now != at {
		return false, err
	}
	script, err := migrations.ReadFile(steps[at])
	if err != nil {
		return false, err
	}
	text := fmt.Sprintf("%s\nPRAGMA application_id = %d;\nPRAGMA user_version = %d;", script, applicationID, at+1)
	if err := sqlitex.ExecuteScript(c.Conn, text, nil); err != nil {
		return false, fmt.Errorf("%s: %w", steps[at], err)
	}
	return false, c.run("COMMIT")
}

func errNewer(at, known int) error {
	return fmt.Errorf("%w (schema %d, this one knows %d): upgrade callvault", callvault.ErrSchemaNewer, at, known)
}

// checkSchema refuses a file that has no schema and one whose schema is ahead of
// this program.
func checkSchema(ctx context.Context, c *conn) error {
	steps, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	at := 0
	err = waitBusy(ctx, func() (err error) { at, err = version(c); return err })
	switch {
	case err != nil:
		return err
	case at == 0:
		return errForeign
	case at > len(steps):
		return errNewer(at, len(steps))
	}
	return nil
}

// version is the number of migrations that have run on the file.
func version(c *conn) (int, error) { return pragma(c.Conn, "user_version") }

// checkOurs refuses a SQLite file that is neither empty nor a callvault store.
// Emptiness comes first: the other order would take a store for a foreign file
// that another process makes between the two questions.
func checkOurs(c *sqlite.Conn) error {
	for _, mark := range []struct {
		pragma string
		ours   int
	}{{"schema_version", 0}, {"application_id", applicationID}} {
		got, err := pragma(c, mark.pragma)
		if err != nil {
			return err
		}
		if got == mark.ours {
			return nil
		}
	}
	return errForeign
}

func pragma(c *sqlite.Conn, name string) (value int, err error) {
	err = sqlitex.ExecuteTransient(c, "PRAGMA "+name, &sqlitex.ExecOptions{
		ResultFunc: func(st *sqlite.Stmt) error {
			value = st.ColumnInt(0)
			return nil
		},
	})
	return value, err
}
