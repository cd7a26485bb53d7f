//go:build unix

package postgres

import (
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault/internal/postgrestest"
)

// server is the database server of the tests, nil when there is none.
var server *postgrestest.Server

func TestMain(m *testing.M) {
	os.Exit(runWithServer(m))
}

func runWithServer(m *testing.M) (code int) {
	var err error
	if server, err = postgrestest.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code = m.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// database is an empty database: its URL.
func database(t testing.TB) string {
	t.Helper()
	return server.Database(t)
}

func open(t testing.TB, url string) *Store {
	t.Helper()
	return openTraced(t, url, nil)
}

// openTraced opens a store whose statements are seen by a tracer.
func openTraced(t testing.TB, url string, tracer pgx.QueryTracer) *Store {
	t.Helper()
	s, err := openAs(t, url, tracer, mustPlan(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// openAs opens a store as a program with some plan does.
func openAs(t testing.TB, url string, tracer pgx.QueryTracer, p plan) (*Store, error) {
	t.Helper()
	config, err := parse(url)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Tracer = tracer
	s, err := openPool(t.Context(), config, p)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, nil
}

func mustPlan(t testing.TB) plan {
	t.Helper()
	p, err := currentPlan()
	if err != nil {
		t.Fatal(err)
	}
	return p
}
