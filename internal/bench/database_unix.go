//go:build unix

package main

import "github.com/callvault/callvault/internal/postgrestest"

// startDatabase starts a PostgreSQL from the installed binaries. It is nil where
// there are none.
func startDatabase() (database, error) {
	server, err := postgrestest.Start()
	if server == nil { // in the interface it would not be nil
		return nil, err
	}
	return server, nil
}
