//go:build unix

package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/postgrestest"
	"github.com/callvault/callvault/internal/storetest"
)

// Processes that start together make one schema.
func TestOpenTogether(t *testing.T) {
	url := database(t)
	const processes = 8
	var group sync.WaitGroup
	secrets := make([][]byte, processes)
	for i := range processes {
		group.Go(func() {
			s, err := Open(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if secrets[i], err = s.CursorSecret(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, secret := range secrets {
		if len(secret) != 32 || !bytes.Equal(secret, secrets[0]) {
			t.Errorf("the secrets are %x", secrets)
		}
	}
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	url := database(t)
	role := fmt.Sprintf("callvault_test_%d", os.Getpid())
	postgrestest.Execute(t, url, "CREATE ROLE "+role)
	t.Cleanup(func() { postgrestest.Execute(t, url, "DROP OWNED BY "+role+" CASCADE; DROP ROLE "+role) })
	as := url + "&options=-c%20role%3D" + role

	_, err := Open(t.Context(), as)
	if want := "CREATE SCHEMA callvault AUTHORIZATION " + role; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want … %s", err, want)
	}
	// What it says is what helps.
	postgrestest.Execute(t, url, "CREATE SCHEMA callvault AUTHORIZATION "+role)
	s, err := Open(t.Context(), as)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Calls("acme").Put(t.Context(), callvault.NewBatch([]callvault.Call{storetest.Sample{ID: "1"}.Call(t)})); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}

	_, err = Open(t.Context(), strings.Replace(url, "callvault_test_", "no_such_", 1))
	if err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("got %v of a database that is not there", err)
	}
	_, err = Open(t.Context(), url+"&options=-c%20default_transaction_read_only%3Don")
	if err == nil || !errors.Is(err, errNoWrites) {
		t.Errorf("got %v where transactions may not write", err)
	}
	_, err = Open(t.Context(), url+"&options=-c%20default_transaction_isolation%3Dserializable")
	if err == nil || !strings.Contains(err.Error(), `is "serializable"; callvault needs "read committed"`) {
		t.Errorf("got %v with another isolation", err)
	}
}

func TestSettings(t *testing.T) {
	good := settings{number: 150018, version: "15.18", encoding: "UTF8", defaultIsolation: "read committed"}
	for _, tt := range []struct {
		change func(*settings)
		want   string
	}{
		{func(*settings) {}, ""},
		{func(s *settings) { s.number, s.version = 180000, "18.0" }, ""},
		{func(s *settings) { s.number, s.version = 140011, "14.11 (Debian 14.11-1)" }, "this is PostgreSQL 14.11 (Debian 14.11-1); callvault needs 15 or later"},
		{func(s *settings) { s.encoding = "SQL_ASCII" }, "the database has the encoding SQL_ASCII"},
		{func(s *settings) { s.defaultIsolation = "repeatable read" }, `the default isolation of transactions is "repeatable read"`},
	} {
		s := good
		tt.change(&s)
		err := s.check()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)) {
			t.Errorf("%v: got %v, want %q", s, err, tt.want)
		}
	}
}

// A database without a store is left as it is by what must find one.
func TestOpenExisting(t *testing.T) {
	url := database(t)
	if s, err := OpenExisting(t.Context(), url); !errors.Is(err, errNoStore) {
		t.Fatalf("got %v, %v", s, err)
	}
	made := open(t, url)
	if there, err := yes(t.Context(), made.pool, hasSchemaSQL); err != nil || !there {
		t.Errorf("%t, %v", there, err)
	}
	s, err := OpenExisting(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
