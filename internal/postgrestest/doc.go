// Package postgrestest starts a throw-away PostgreSQL server for tests, from the
// installed binaries.
package postgrestest
