package postgres

import (
	"context"
	"fmt"
)

// oldest is the first version of the server that is supported, as it numbers
// itself. Older ones are not tested.
const oldest = 150000

// settingsSQL asks for what the laws of a store rest on.
const settingsSQL = `SELECT current_setting('server_version_num')::int, current_setting('server_version'),
	current_setting('server_encoding'), current_setting('default_transaction_isolation')`

// settings are what a server says of itself and of this database and role.
type settings struct {
	number           int
	version          string
	encoding         string
	defaultIsolation string
}

// checkServer refuses a server on which the laws of a store would not hold.
func (s *Store) checkServer(ctx context.Context) error {
	var got settings
	err := s.pool.QueryRow(ctx, settingsSQL).Scan(&got.number, &got.version, &got.encoding, &got.defaultIsolation)
	if err != nil {
		return s.cause(ctx, err)
	}
	return got.check()
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
