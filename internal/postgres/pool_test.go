//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/postgrestest"
)

// narrow is a database whose role may have so many connections: its URL.
func narrow(t *testing.T, connections int) string {
	t.Helper()
	url := database(t)
	role := fmt.Sprintf("callvault_narrow_%d_%d", os.Getpid(), connections)
	postgrestest.Execute(t, url, fmt.Sprintf("CREATE ROLE %s LOGIN CONNECTION LIMIT %d; CREATE SCHEMA callvault AUTHORIZATION %s", role, connections, role))
	t.Cleanup(func() { postgrestest.Execute(t, url, "DROP OWNED BY "+role+" CASCADE; DROP ROLE "+role) })
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	named := "user=" + config.ConnConfig.User
	if !strings.Contains(url, named) {
		t.Skip("the server of these tests is not this one's")
	}
	return strings.Replace(url, named, "user="+role, 1)
}

// Two processes that together want more connections than their role may have go on
// with those that they get.
func TestConnectionLimit(t *testing.T) {
	url := narrow(t, 3) + "&pool_max_conns=4"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stores := []*Store{open(t, url), open(t, url)}
	if _, err := stores[0].Calls("acme").Put(ctx, sample(t, 10)); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for worker := range 12 {
		group.Go(func() {
			for range 50 {
				n, err := stores[worker%2].Calls("acme").Count(ctx, callvault.Query{Range: callvault.AllTime})
				if n != 10 || err != nil {
					t.Errorf("counts %d, %v", n, err)
				}
			}
		})
	}
	group.Wait()
}

// A process that gets no connection at all is told what refuses it.
func TestNoConnectionLeft(t *testing.T) {
	url := narrow(t, 1)
	s := open(t, url)
	if _, err := s.Companies(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), url)
	if err == nil || !strings.Contains(err.Error(), "raise CONNECTION LIMIT of the role") {
		t.Errorf("got %v", err)
	}
}

// After a refusal the server is left alone for a while, and then asked again.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, full := new(pool), errors.New("full")
		if err := p.mayConnect(t.Context(), nil); err != nil {
			t.Errorf("got %v before any refusal", err)
		}
		p.refused.Store(&refusal{full, time.Now()})
		time.Sleep(growAfter - time.Nanosecond)
		if err := p.mayConnect(t.Context(), nil); err != full {
			t.Errorf("got %v just before %v", err, growAfter)
		}
		time.Sleep(time.Nanosecond)
		if err := p.mayConnect(t.Context(), nil); err != nil {
			t.Errorf("got %v after %v", err, growAfter)
		}
	})
}
