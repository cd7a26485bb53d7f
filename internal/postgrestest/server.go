//go:build unix

package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Server is a database server for tests. A nil Server is none: tests that ask it
// for a database are skipped.
type Server struct {
	url  string // of the database that is there from the beginning
	stop func() error

	mu     sync.Mutex
	made   int
	unused []string // URLs of databases that are empty
}

// Start starts a server of its own, or takes the one that CALLVAULT_TEST_POSTGRES
// names. Where there is none it says so and returns nil; with CI=true that is an
// error.
func Start() (*Server, error) {
	if url := os.Getenv("CALLVAULT_TEST_POSTGRES"); url != "" {
		s := &Server{url: url}
		s.stop = s.drop
		return s, nil
	}
	if _, err := binaries(); err != nil {
		if os.Getenv("CI") == "true" {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "%v: the tests that need a server are skipped\n", err)
		return nil, nil
	}
	// What is thrown away need not outlive a loss of power.
	c, err := newCluster("fsync=off", "full_page_writes=off")
	if err == nil {
		err = c.start()
	}
	if err != nil {
		return nil, fmt.Errorf("start a PostgreSQL server: %w", errors.Join(err, c.remove()))
	}
	return &Server{url: c.url(), stop: func() error { return errors.Join(c.stop(), c.remove()) }}, nil
}

// Stop ends the server, and waits for it.
func (s *Server) Stop() error {
	if s == nil {
		return nil
	}
	return s.stop()
}

// Database is an empty database, the test's until it ends: its URL. Databases are
// emptied and used again, because to make one takes longer than most tests.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	if s == nil {
		t.Skip("no PostgreSQL server")
	}
	url := s.free(t)
	t.Cleanup(func() {
		Execute(t, url, "DROP SCHEMA IF EXISTS callvault CASCADE")
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unused = append(s.unused, url)
	})
	return url
}

func (s *Server) free(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.unused) - 1; last >= 0 {
		url := s.unused[last]
		s.unused = s.unused[:last]
		return url
	}
	url, err := s.make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// Make makes an empty database, which stays until the server stops, for those
// who are no test. It returns the URL.
func (s *Server) Make(ctx context.Context) (url string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.make(ctx)
}

func (s *Server) make(ctx context.Context) (url string, err error) {
	c, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	s.made++
	name := s.name(s.made)
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return "", err
	}
	return named(s.url, name)
}

// named is a URL with the name of another database, whatever the user, the host and
// the first one are called.
func named(server, database string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + database
	q := u.Query()
	q.Del("dbname")
	q.Del("database")
	u.RawQuery = q.Encode()
	return withParameters(u.String())
}

// withParameters is a URL that has parameters, so that a test may add others.
func withParameters(server string) (string, error) {
	u, err := url.Parse(server)
	if err == nil && u.RawQuery == "" {
		u.RawQuery = "application_name=callvault_test"
	}
	return u.String(), err
}

func (s *Server) name(n int) string { return fmt.Sprintf("callvault_test_%d_%d", os.Getpid(), n) }

// drop leaves a server that is not ours as it was.
func (s *Server) drop() error {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	for n := range s.made {
		if _, err := c.Exec(ctx, "DROP DATABASE IF EXISTS "+s.name(n+1)+" WITH (FORCE)"); err != nil {
			return err
		}
	}
	return nil
}

// Execute runs a statement on a database, past any store.
func Execute(t testing.TB, url, statement string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}
