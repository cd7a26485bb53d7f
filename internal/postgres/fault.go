package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callvault/callvault"
)

// What the server says went wrong.
const (
	insufficientPrivilege = "42501"
	lockNotAvailable      = "55P03"
	queryCanceled         = "57014"
	readOnlyTransaction   = "25006"
	serializationFailure  = "40001" // on a standby: a read conflicts with what it replays
	tooManyConnections    = "53300"
	writtenByMirror       = "MV001" // by refuse_mirrored
)

// codeOf is the code of an error of the server, and empty for other errors.
func codeOf(err error) string {
	if told := new(pgconn.PgError); errors.As(err, &told) {
		return told.Code
	}
	return ""
}

// cause is the context's error if the context ended the query. To other errors it adds
// the name of the store, and advice if there is any.
func (s *Store) cause(ctx context.Context, err error) error {
	named := (*storeError)(nil)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if codeOf(err) == readOnlyTransaction {
		// The server is no longer the primary. A new connection may find the primary.
		s.pool.Reset()
	}
	if s.name == "" || errors.As(err, &named) || isOfMirrors(err) {
		return err
	}
	return &storeError{s.name, explained(err)}
}

// isOfMirrors tells whether an error is of the store's rules for mirrors, and not of its server.
func isOfMirrors(err error) bool {
	mirrored, another := (*callvault.MirroredError)(nil), (*callvault.OtherUpstreamError)(nil)
	return errors.As(err, &mirrored) || errors.As(err, &another) || errors.Is(err, callvault.ErrLeaseLost)
}

var errNoWrites = errors.New("this server is a standby, or the role has default_transaction_read_only, so it takes no writes; name the primary, or run 'callvault serve --read-only'")

// explained adds advice to an error.
func explained(err error) error {
	help := ""
	switch codeOf(err) {
	case readOnlyTransaction:
		help = errNoWrites.Error()
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

// storeError is an error with the name of its store, which tells where to look.
type storeError struct {
	name string
	err  error
}

func (e *storeError) Error() string { return e.name + ": " + e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// unreached is a failed connection on one line: pgconn gives each attempt a line of its own,
// and tries an address twice where TLS is optional.
type unreached struct{ error }

func (e unreached) Error() string {
	attempts := strings.Split(e.error.Error(), "\n\t")
	return strings.Join(slices.Compact(attempts), " ")
}

func (e unreached) Unwrap() error { return e.error }
