//go:build unix

package postgrestest

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

const (
	// Tests of several packages run at the same time and have one database.
	citusLock = `SELECT pg_advisory_lock(7166113413)`

	// A schema may have been made for a role that can't make one; it stays.
	clearCitusSQL = `DO $$
	DECLARE
		name text;
	BEGIN
		DROP VIEW IF EXISTS callvault.calls, callvault.size;
		FOR name IN SELECT format('callvault.%I', tablename) FROM pg_tables WHERE schemaname = 'callvault' LOOP
			EXECUTE 'DROP TABLE ' || name;
		END LOOP;
		FOR name IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = to_regnamespace('callvault') LOOP
			EXECUTE 'DROP FUNCTION ' || name;
		END LOOP;
	END $$`
)

// Citus is an empty store's place in the cluster that CALLVAULT_TEST_CITUS names,
// by the URL of a database on its coordinator; the test has it until it ends. It is
// skipped where there is none, and stopped where the database has a store.
func Citus(t testing.TB) (url string) {
	t.Helper()
	url = os.Getenv("CALLVAULT_TEST_CITUS")
	if url == "" {
		t.Skip("CALLVAULT_TEST_CITUS names no cluster")
	}
	url, err := withParameters(url)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context())
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(ctx) })
	if _, err := c.Exec(t.Context(), citusLock); err != nil {
		t.Fatal(err)
	}
	var used, distributes bool
	err = c.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'callvault'),
		EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')`).Scan(&used, &distributes)
	switch {
	case err != nil:
		t.Fatal(err)
	case used:
		t.Fatal("CALLVAULT_TEST_CITUS: there is a store in this database, which the test would remove; name an empty database")
	case !distributes:
		t.Fatal("CALLVAULT_TEST_CITUS: the database lacks the extension citus")
	}
	t.Cleanup(func() {
		if _, err := c.Exec(ctx, clearCitusSQL); err != nil {
			t.Error(err)
		}
	})
	return url
}
