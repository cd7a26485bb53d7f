//go:build unix

package postgrestest

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Conditions of a database to be awaited, beside its own statements.
const (
	// Writing: a transaction has written something and has not ended.
	Writing = `EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL)`

	// Unused: nobody is connected. What a client that was killed had asked for
	// is done or undone then, which takes a server a moment.
	Unused = `NOT EXISTS (SELECT FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend')`
)

// Await asks a database until a condition holds, and tells whether it came to
// that before the context was done.
func Await(ctx context.Context, t testing.TB, url, condition string) (holds bool) {
	t.Helper()
	c, err := pgx.Connect(ctx, url)
	if err != nil && ctx.Err() == nil {
		t.Error(err)
	}
	if err != nil {
		return false
	}
	defer c.Close(context.WithoutCancel(ctx))
	glances := time.NewTicker(time.Millisecond)
	defer glances.Stop()
	for {
		err := c.QueryRow(ctx, "SELECT "+condition).Scan(&holds)
		if err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		if err != nil || holds {
			return holds && err == nil
		}
		select {
		case <-glances.C:
		case <-ctx.Done():
			return false
		}
	}
}

// Clone is a database with what another has, which nobody may be connected to.
// It goes with the test.
func (s *Server) Clone(t testing.TB, url string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.made++
	name := s.name(s.made)
	s.mu.Unlock()
	Execute(t, s.url, "CREATE DATABASE "+name+" TEMPLATE "+config.Database)
	t.Cleanup(func() { Execute(t, s.url, "DROP DATABASE "+name+" WITH (FORCE)") })
	clone, err := named(url, name)
	if err != nil {
		t.Fatal(err)
	}
	return clone
}
