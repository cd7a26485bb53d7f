//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/postgrestest"
	"github.com/callvault/callvault/internal/storetest"
)

// A standby is read, and what must write is refused when it opens the store, or told
// when it writes. Once it is promoted it takes writes.
func TestStandby(t *testing.T) {
	primary := server.Fragile(t)
	first, err := Open(t.Context(), primary.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := first.Calls("acme").Put(t.Context(), sample(t, 3)); err != nil {
		t.Fatal(err)
	}
	standby := primary.Standby()
	all := callvault.Query{Range: callvault.AllTime}

	if _, err := Open(t.Context(), standby.URL()); !errors.Is(err, errNoWrites) {
		t.Errorf("opened to make: %v", err)
	}
	if _, err := OpenToServe(t.Context(), standby.URL()); !errors.Is(err, errNoWrites) {
		t.Errorf("opened to serve: %v", err)
	}
	s, err := OpenExisting(t.Context(), standby.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n, err := s.Calls("acme").Count(t.Context(), all); n != 3 || err != nil {
		t.Errorf("counts %d, %v", n, err)
	}
	if id, err := s.Identity(t.Context()); id == "" || err != nil {
		t.Errorf("identity %q, %v", id, err)
	}
	if found := told(t, s.Check); found != "" {
		t.Errorf("found %s", found)
	}
	_, err = s.Calls("acme").Delete(t.Context(), []callvault.ID{sample(t, 1).Calls()[0].ID})
	if err == nil || !strings.Contains(err.Error(), "takes no writes; name the primary") {
		t.Errorf("deleted: %v", err)
	}

	postgrestest.Execute(t, standby.URL(), `SELECT pg_promote(true)`)
	if n, err := s.Calls("acme").DeleteFirst(t.Context(), all, 1); n != 1 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	before, after := timelines(t, first.Calls("acme")), timelines(t, s.Calls("acme"))
	if len(before) != 1 || len(after) != 2 || after[0] != before[0] || after[1].From != 3 {
		t.Errorf("timelines %v, and after the promotion %v", before, after)
	}
}

// Two databases that were made of one go on with timelines of their own.
func TestCopiesOfADatabase(t *testing.T) {
	url := database(t)
	s := open(t, url)
	var name string
	for range 2 {
		if _, err := s.Calls("acme").Put(t.Context(), sample(t, 3)); err != nil {
			t.Fatal(err)
		}
	}
	err := one(t.Context(), s, []any{&name}, `SELECT current_database()`)
	want := timelines(t, s.Calls("acme"))
	if err != nil || len(want) != 1 {
		t.Fatalf("timelines %v, %v", want, err)
	}
	s.Close()
	seen := make(map[callvault.Timeline]bool)
	for i := range 2 {
		other := database(t)
		copied := fmt.Sprint(name, "_copy_", i)
		postgrestest.Execute(t, other, "CREATE DATABASE "+copied+" TEMPLATE "+name)
		t.Cleanup(func() { postgrestest.Execute(t, other, "DROP DATABASE "+copied+" WITH (FORCE)") })
		s := open(t, strings.Replace(url, name, copied, 1))
		for id := range 2 {
			if _, err := s.Calls("acme").Delete(t.Context(), []callvault.ID{sample(t, 3).Calls()[id].ID}); err != nil {
				t.Fatal(err)
			}
		}
		got := timelines(t, s.Calls("acme"))
		if len(got) != 2 || got[0] != want[0] || got[1].From != 3 || seen[got[1]] {
			t.Errorf("timelines %v, want another one after %v", got, want)
		}
		seen[got[1]] = true
		s.Close()
	}
}

// A server that takes no writes any more is left: the next connection may find the one
// that does.
func TestServerStopsTakingWrites(t *testing.T) {
	s, err := Open(t.Context(), database(t)+"&pool_max_conns=1")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	calls := s.Calls("acme")
	execute(t, s, `SET default_transaction_read_only = on`) // of the one connection
	if _, err := calls.Put(t.Context(), sample(t, 3)); err == nil || !strings.Contains(err.Error(), "takes no writes; name the primary") {
		t.Errorf("put: %v", err)
	}
	if _, err := calls.Put(t.Context(), sample(t, 3)); err != nil {
		t.Errorf("put again: %v", err)
	}
	// Who is to write is not ready there, because limits are kept in the store.
	execute(t, s, `SET default_transaction_read_only = on`)
	if id, err := s.Identity(t.Context()); err == nil || !strings.Contains(err.Error(), "takes no writes; name the primary") {
		t.Errorf("identity: %s, %v", id, err)
	}
	if _, err := s.Identity(t.Context()); err != nil {
		t.Errorf("identity again: %v", err)
	}
}

// Nothing is written by who opens a store to read it: not even an older schema.
func TestOpenToRead(t *testing.T) {
	url := database(t)
	if _, err := OpenToRead(t.Context(), url); !errors.Is(err, errNoStore) {
		t.Errorf("got %v of an empty database", err)
	}
	if _, err := open(t, url).Calls("acme").Put(t.Context(), sample(t, 3)); err != nil {
		t.Fatal(err)
	}
	s, err := OpenToRead(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n, err := s.Calls("acme").Count(t.Context(), callvault.Query{Range: callvault.AllTime}); n != 3 || err != nil {
		t.Errorf("counts %d, %v", n, err)
	}
	execute(t, s, `UPDATE callvault.schema SET version = 1, usable_since = 1`)
	if _, err := OpenToRead(t.Context(), url); !errors.Is(err, errSchemaOlder) {
		t.Errorf("got %v of an older schema", err)
	}
}

// What a standby ends, because it is in conflict with what it replays, is asked
// again, and said when it goes on.
func TestConflicts(t *testing.T) {
	s, err := Open(t.Context(), database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	execute(t, s, `CREATE SEQUENCE callvault.tries`)
	execute(t, s, `CREATE FUNCTION callvault.flaky(failures bigint) RETURNS bigint LANGUAGE plpgsql AS $$
		BEGIN
			IF nextval('callvault.tries') <= failures THEN
				RAISE 'canceling statement due to conflict with recovery' USING ERRCODE = '40001';
			END IF;
			RETURN 7;
		END $$`)
	for _, tt := range []struct {
		failures int64
		ok       bool
	}{{conflicts - 1, true}, {conflicts, false}} {
		got := int64(0)
		execute(t, s, `ALTER SEQUENCE callvault.tries RESTART`)
		err := one(t.Context(), s, []any{&got}, `SELECT callvault.flaky($1)`, tt.failures)
		if (err == nil && got == 7) != tt.ok || !tt.ok && !strings.Contains(err.Error(), "hot_standby_feedback") {
			t.Errorf("%d failures: got %d, %v", tt.failures, got, err)
		}
		execute(t, s, `ALTER SEQUENCE callvault.tries RESTART`)
		err = s.each(t.Context(), func(pgx.Rows) error { return nil }, `SELECT callvault.flaky($1)`, tt.failures)
		if (err == nil) != tt.ok {
			t.Errorf("%d failures: got %v", tt.failures, err)
		}
	}
}

// Settings of a role that would end a long command, or change what is read, do not
// count. A server's requests keep the time-outs.
func TestSettingsOfARole(t *testing.T) {
	url := database(t) + "&options=-c%20statement_timeout%3D1234%20-c%20idle_in_transaction_session_timeout%3D1234%20-c%20lock_timeout%3D1234" +
		"%20-c%20client_encoding%3DLATIN1%20-c%20standard_conforming_strings%3Doff%20-c%20search_path%3Dnowhere%20-c%20DateStyle%3DGerman"
	const ask = `SELECT current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'), current_setting('lock_timeout'), current_setting('client_encoding')`
	for _, tt := range []struct {
		name string
		open func() (*Store, error)
		want string
	}{
		{"a command", func() (*Store, error) { return Open(t.Context(), url) }, "0"},
		{"serve", func() (*Store, error) { return OpenToServe(t.Context(), url) }, "1234ms"},
	} {
		s, err := tt.open()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var got [3]string
		var encoding string
		if err := s.pool.QueryRow(t.Context(), ask).Scan(&got[0], &got[1], &got[2], &encoding); err != nil {
			t.Fatal(err)
		}
		if want := [3]string{tt.want, tt.want, tt.want}; got != want || encoding != "UTF8" {
			t.Errorf("%s: got %v, %s, want %v", tt.name, got, encoding, want)
		}
		calls := s.Calls("acme")
		batch := callvault.NewBatch([]callvault.Call{storetest.Sample{ID: "1", Title: `Zażółć \' gęślą`}.Call(t)})
		if _, err := calls.Put(t.Context(), batch); err != nil {
			t.Error(err)
		}
		all := callvault.Query{Range: callvault.AllTime}
		err = calls.Scan(t.Context(), all, all.Start(), 1, func(row callvault.Record) error {
			if string(row.Document) != string(batch.Calls()[0].Document) {
				t.Errorf("%s: read %s", tt.name, row.Document)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
