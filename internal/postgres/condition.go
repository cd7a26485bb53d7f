package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Condition describes a store's server to its operator.
type Condition struct {
	Server        string        // its version
	Schema, Known int           // steps that have run, and that this program knows
	Skew          time.Duration // how far the server's clock is ahead of this machine's
	RoundTrip     time.Duration // of a query: the skew is known to half of it
	Standby       bool          // it takes no writes
	Lossy         []string      // settings with which a commit may be lost
	Missing       []string      // rights that the role lacks
}

const (
	clockSQL = `SELECT clock_timestamp()`

	conditionSQL = `SELECT current_setting('server_version'), pg_is_in_recovery(),
		ARRAY(SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name),
		ARRAY(SELECT t.rights || ' on callvault.' || t.name
			FROM (SELECT * FROM unnest(ARRAY['documents', 'ids', 'counts', 'names', 'facts', 'quotas', 'timelines', 'keys', 'directory', 'mirrors', 'mirror_values', 'apart']) AS all_of,
					unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS each
				UNION VALUES ('companies', 'SELECT'), ('companies', 'INSERT'), ('companies', 'UPDATE'), ('store', 'SELECT'), ('store', 'UPDATE')) AS t (name, rights)
			WHERE NOT has_table_privilege('callvault.' || t.name, t.rights) ORDER BY t.name, t.rights)`
)

// Condition asks the server how it is.
func (s *Store) Condition(ctx context.Context) (c Condition, err error) {
	p, err := currentPlan()
	if err != nil {
		return c, err
	}
	c.Known = len(p.steps)
	conn, err := s.pool.acquire(ctx)
	if err != nil {
		return c, s.cause(ctx, err)
	}
	defer conn.Release()
	if c.Schema, _, err = schemaVersion(ctx, conn); err != nil {
		return c, s.cause(ctx, err)
	}
	if err := conn.QueryRow(ctx, conditionSQL).Scan(&c.Server, &c.Standby, &c.Lossy, &c.Missing); err != nil {
		return c, s.cause(ctx, err)
	}
	// The first time a statement is sent it is prepared too.
	for range 2 {
		if err := c.askClock(ctx, conn.Conn()); err != nil {
			return c, s.cause(ctx, err)
		}
	}
	return c, nil
}

// askClock compares the clocks.
func (c *Condition) askClock(ctx context.Context, conn *pgx.Conn) error {
	var at time.Time
	asked := time.Now()
	if err := conn.QueryRow(ctx, clockSQL).Scan(&at); err != nil {
		return err
	}
	c.RoundTrip = time.Since(asked)
	c.Skew = at.Sub(asked.Add(c.RoundTrip / 2))
	return nil
}

// Advice is what helps against an error of opening a store, as far as it is known.
func Advice(err error) string {
	switch codeOf(err) {
	case "28P01", "28000":
		return "check the role and its password: in CALLVAULT_DB, in ~/.pgpass or in a service file; also check the server's pg_hba.conf"
	case "3D000":
		return "make the database: createdb --encoding=UTF8 --template=template0 NAME"
	case insufficientPrivilege:
		return "give the role its rights: docs/postgresql.md, \"Roles and rights\""
	}
	if errors.Is(err, errNoStore) {
		return "'callvault import' and 'callvault serve' make one; --db names another database"
	}
	if unconnected := (*pgconn.ConnectError)(nil); errors.As(err, &unconnected) && codeOf(err) == "" {
		return "check that the server runs, and that this machine reaches its host and port"
	}
	return ""
}
