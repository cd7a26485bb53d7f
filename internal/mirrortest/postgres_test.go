//go:build unix && !race

package mirrortest

import (
	"fmt"
	"os"
	"testing"

	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/postgrestest"
)

// server is the database server of the tests, nil when there is none.
var server *postgrestest.Server

func TestMain(m *testing.M) {
	os.Exit(withServer(m))
}

func withServer(m *testing.M) (code int) {
	var err error
	if server, err = postgrestest.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	return m.Run()
}

// The laws hold on PostgreSQL.
func TestPropertyOnPostgres(t *testing.T) {
	store, err := postgres.Open(t.Context(), server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	property(t, max(*seed, 3), store)
}
