//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/postgrestest"
)

// To open a store as it is makes nothing and brings nothing up to date.
func TestOpenAsIs(t *testing.T) {
	url := database(t)
	if _, err := OpenAsIs(t.Context(), url); !errors.Is(err, errNoStore) || strings.Count(err.Error()+Advice(err), "make one") != 1 {
		t.Errorf("got %v, %q", err, Advice(err))
	}
	open(t, url)
	postgrestest.Execute(t, url, "UPDATE callvault.schema SET version = 1, usable_since = 1")
	s, err := OpenAsIs(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 2 {
		c, err := s.Condition(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c.Schema != 1 || c.Known < 2 {
			t.Errorf("got %+v", c)
		}
	}
	postgrestest.Execute(t, url, "UPDATE callvault.schema SET version = 99, usable_since = 99")
	if _, err := OpenAsIs(t.Context(), url); !errors.Is(err, callvault.ErrSchemaNewer) {
		t.Errorf("got %v", err)
	}
}

func TestCondition(t *testing.T) {
	url := database(t)
	s := open(t, url)
	c, err := s.Condition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c.Schema != c.Known || c.Standby || len(c.Missing) > 0 || c.Server == "" {
		t.Errorf("got %+v", c)
	}
	if os.Getenv("CALLVAULT_TEST_POSTGRES") == "" && (!slices.Equal(c.Lossy, []string{"fsync", "full_page_writes"}) || c.Skew.Abs() > c.RoundTrip) {
		t.Errorf("got %+v", c) // the server is on this machine, and its own settings
	}
}

// Rights that a role lacks are named.
func TestConditionOfRights(t *testing.T) {
	url := database(t)
	open(t, url)
	role := fmt.Sprintf("callvault_reader_%d", os.Getpid())
	postgrestest.Execute(t, url, "CREATE ROLE "+role+"; GRANT USAGE ON SCHEMA callvault TO "+role+
		"; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA callvault TO "+role+"; REVOKE INSERT ON callvault.documents, callvault.keys FROM "+role)
	t.Cleanup(func() { postgrestest.Execute(t, url, "DROP OWNED BY "+role+" CASCADE; DROP ROLE "+role) })
	s, err := OpenAsIs(t.Context(), url+"&options=-c%20role%3D"+role)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.Condition(t.Context())
	if want := []string{"INSERT on callvault.documents", "INSERT on callvault.keys"}; err != nil || !slices.Equal(c.Missing, want) {
		t.Errorf("got %q, %v, want %q", c.Missing, err, want)
	}
	postgrestest.Execute(t, url, "REVOKE USAGE ON SCHEMA callvault FROM "+role)
	if _, err := OpenAsIs(t.Context(), url+"&options=-c%20role%3D"+role); err == nil || !strings.HasPrefix(Advice(err), "give the role its rights") {
		t.Errorf("got %v, %q", err, Advice(err))
	}
}

// What keeps a store from being opened comes with what helps, and shows no
// password.
func TestAdvice(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := nobody.Addr().String()
	nobody.Close()
	_, err = OpenAsIs(t.Context(), "postgres://me:hush@"+address+"/calls")
	if err == nil || !strings.HasPrefix(Advice(err), "check that the server runs") || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v, %q", err, Advice(err))
	}
	f := server.Fragile(t)
	_, err = OpenAsIs(t.Context(), strings.Replace(f.URL(), "/postgres?", "/missing?", 1))
	if err == nil || !strings.HasPrefix(Advice(err), "make the database") {
		t.Errorf("got %v, %q", err, Advice(err))
	}
	_, err = OpenAsIs(t.Context(), f.URL()+"&nonsense=1")
	if err == nil || !strings.Contains(err.Error(), "nonsense") || Advice(err) != "" {
		t.Errorf("got %v, %q", err, Advice(err))
	}
	askPasswords(t, f)
	_, err = OpenAsIs(t.Context(), strings.Replace(f.URL(), "?user=callvault", "?user=callvault&password=hush", 1))
	if err == nil || !strings.HasPrefix(Advice(err), "check the role and its password") || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v, %q", err, Advice(err))
	}
}

// askPasswords makes a server let nobody in without a password.
func askPasswords(t *testing.T, f *postgrestest.Fragile) {
	t.Helper()
	f.Shutdown()
	u, err := url.Parse(f.URL())
	if err != nil {
		t.Fatal(err)
	}
	rules := filepath.Join(u.Query().Get("host"), "data", "pg_hba.conf")
	if err := os.WriteFile(rules, []byte("local all all scram-sha-256\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.Start()
}
