package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// cancelWithin is how long a query may take to stop. Then its connection is closed, and
// nobody waits for the query any longer.
const cancelWithin = 750 * time.Millisecond

// stopper asks the server to stop a query whose context is done, and marks its
// connection: the server may get round to it later, and would stop the next one.
type stopper struct {
	pgconn.CancelRequestContextWatcherHandler
}

const stopped = "stopped"

func newStopper(conn *pgconn.PgConn) ctxwatch.Handler {
	return &stopper{pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelWithin}}
}

// HandleUnwatchAfterCancel is called when the query has ended.
func (s *stopper) HandleUnwatchAfterCancel() {
	s.CancelRequestContextWatcherHandler.HandleUnwatchAfterCancel()
	s.Conn.CustomData()[stopped] = true
}

// unstopped tells the pool whether a connection may be used.
func unstopped(_ context.Context, conn *pgx.Conn) (bool, error) {
	return conn.PgConn().CustomData()[stopped] == nil, nil
}
