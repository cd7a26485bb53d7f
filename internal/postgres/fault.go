package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// What the server says went wrong.
const (
	insufficientPrivilege = "42501"
	lockNotAvailable      = "55P03"
	queryCanceled         = "57014"
	readOnlyTransaction   = "25006"
	serializationFailure  = "40001" // on a standby: what is replayed is in conflict with what is read
	tooManyConnections    = "53300"
)

// codeOf is the server's code of an error; empty when it is not the server's.
func codeOf(err error) string {
	if told := new(pgconn.PgError); errors.As(err, &told) {
		return told.Code
	}
	return ""
}

// cause is the context's error where a query was stopped because of it. Every
// other error is given the name of the store, and what helps where that is known.
func (s *Store) cause(ctx context.Context, err error) error {
	named := (*storeError)(nil)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if codeOf(err) == readOnlyTransaction {
		// The server is no primary any more: another connection may find the one
		// that is.
		s.pool.Reset()
	}
	if s.name == "" || errors.As(err, &named) {
		return err
	}
	return &storeError{s.name, explained(err)}
}

// explained adds to an error what a person can do.
func explained(err error) error {
	help := ""
	switch codeOf(err) {
	case readOnlyTransaction:
		help = "a standby, or a role with default_transaction_read_only, takes no writes; name the primary"
	case serializationFailure:
		help = "a standby ends reads that keep it from following its primary; set hot_standby_feedback = on there, or read from the primary"
	case queryCanceled, lockNotAvailable:
		help = "raise statement_timeout or lock_timeout of the role, or try again"
	case tooManyConnections:
		help = "raise CONNECTION LIMIT of the role or max_connections of the server, or lower pool_max_conns in the URL of each process"
	default:
		return err
	}
	return fmt.Errorf("%w: %s", err, help)
}

// storeError is an error with the store it happened on, so that whoever reads it
// knows which server to look after.
type storeError struct {
	name string
	err  error
}

func (e *storeError) Error() string { return e.name + ": " + e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }
