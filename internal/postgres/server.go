package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// oldest is the oldest version of the server that is tested.
const oldest = 150000

// settingsSQL asks for what the laws of a store rest on.
const settingsSQL = `SELECT current_setting('server_version_num')::int, current_setting('server_version'),
	current_setting('server_encoding'), current_setting('default_transaction_isolation'),
	current_setting('transaction_read_only')::boolean`

// settings are what a server says of itself and of this database and role.
type settings struct {
	number           int
	version          string
	encoding         string
	defaultIsolation string
	readOnly         bool // for all transactions
}

// checkServer refuses a server on which the laws of a store would not hold. It refuses a
// read-only server unless the plan is for an existing store, which is then only read.
func (s *Store) checkServer(ctx context.Context, p *plan) error {
	var got settings
	err := one(ctx, s, []any{&got.number, &got.version, &got.encoding, &got.defaultIsolation, &got.readOnly}, settingsSQL)
	if err != nil {
		return s.cause(ctx, explained(err))
	}
	if err := got.check(); err != nil || !got.readOnly {
		return err
	}
	if !p.mustBeThere {
		return errNoWrites
	}
	p.readOnly = true
	return nil
}

func (s settings) check() error {
	switch {
	case s.number < oldest:
		return fmt.Errorf("this is PostgreSQL %s; callvault needs 15 or later", s.version)
	case s.encoding != "UTF8":
		return fmt.Errorf("the database has the encoding %s; callvault needs UTF8: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", s.encoding)
	case s.defaultIsolation != "read committed":
		// A writer waits for the one before it and then looks: at the other levels
		// it would look at what was there before it waited.
		return fmt.Errorf("the default isolation of transactions is %q; callvault needs \"read committed\": ALTER ROLE … SET default_transaction_isolation = 'read committed'", s.defaultIsolation)
	}
	return nil
}

// timeoutsSQL lifts the time-outs that would end a long command. Not every version has
// all of them.
const timeoutsSQL = `SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings
	WHERE name IN ('statement_timeout', 'lock_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout') AND setting <> '0'`

// settle overrides the role's settings that would change what a connection reads or
// writes, or end a long command.
func (p plan) settle(ctx context.Context, c *pgx.Conn) error {
	for name, value := range map[string]string{"client_encoding": "UTF8", "standard_conforming_strings": "on"} {
		if c.PgConn().ParameterStatus(name) == value {
			continue
		}
		if _, err := c.Exec(ctx, "SET "+name+" = '"+value+"'"); err != nil {
			return err
		}
	}
	if p.keepTimeouts {
		return nil
	}
	_, err := c.Exec(ctx, timeoutsSQL)
	return err
}
