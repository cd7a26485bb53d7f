//go:build unix

package program_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// Five servers start at the same time on an empty database, and are one service.
func TestProcessesOfOneDatabase(t *testing.T) {
	t.Parallel()
	const pageSize, perDay = 7, 300
	c := program.On(t, database.Database(t))
	servers := make([]*program.Server, 5)
	var group sync.WaitGroup
	for i := range servers {
		group.Go(func() {
			servers[i] = c.Serve("--page-size", fmt.Sprint(pageSize), "--rate-limit", fmt.Sprintf("%d/day", perDay))
		})
	}
	group.Wait()
	if slices.Contains(servers, nil) {
		t.FailNow() // it has been said why
	}
	walkAround(c, servers, pageSize, fill(c, 40))
	revokeEverywhere(c, servers)
	spendEverywhere(c, servers, perDay)
	c.Must("check")
}

// walkAround asks another server for each page, with a key that is new to all.
func walkAround(c *program.CLI, servers []*program.Server, pageSize int, want []string) {
	c.T.Helper()
	k := c.Key()
	query, got := program.Everything().Encode(), []string(nil)
	for number := 0; ; number++ {
		p := servers[number%len(servers)].As(k).Page(query)
		if p.Records.CurrentPageNumber != number || p.Records.TotalRecords != len(want) {
			c.T.Errorf("page %d says %+v", number, p.Records)
		}
		got = append(got, p.Documents()...)
		if p.Records.Cursor == nil {
			break
		}
		query = program.WithCursor(program.Everything(), p)
	}
	if !slices.Equal(got, want) || len(want) <= pageSize*(len(servers)-1) {
		c.T.Errorf("a walk over %d servers had %d calls, want %d", len(servers), len(got), len(want))
	}
}

// revokeEverywhere uses a new key at every server at once, and until it stops.
func revokeEverywhere(c *program.CLI, servers []*program.Server) {
	c.T.Helper()
	k := c.Key("--company", "revoked")
	for _, s := range servers {
		if got := s.As(k).Get("").Status; got != letIn {
			c.T.Errorf("a new key is answered with %d", got)
		}
	}
	c.Must("key", "revoke", "--company", "revoked", k.AccessKey)
	revoked := time.Now()
	took := make([]time.Duration, len(servers))
	var group sync.WaitGroup
	for i, s := range servers {
		client := s.As(k)
		group.Go(func() {
			// What is asked in time may be answered late, by a busy machine.
			for asked := revoked; client.Get("").Status != shutOut; asked = time.Now() {
				if took[i] = asked.Sub(revoked); took[i] > stillGood {
					c.T.Errorf("a key is let in that was sent %v after it was revoked", took[i])
					return
				}
			}
		})
	}
	group.Wait()
	c.T.Logf("a revoked key stopped everywhere within %v", slices.Max(took).Round(time.Millisecond))
}

// spendEverywhere uses a company's day up at all servers at once.
func spendEverywhere(c *program.CLI, servers []*program.Server, perDay int) {
	c.T.Helper()
	const day = 24 * time.Hour
	today, company := time.Now().UTC().Truncate(day), "limited"
	k := c.Key("--company", company)
	spent := make([]int, len(servers))
	var group sync.WaitGroup
	for i, s := range servers {
		client := s.As(k)
		group.Go(func() {
			for status := 0; status != http.StatusTooManyRequests; {
				a, err := client.Try(client.Request(""))
				if status = a.Status; err != nil || status != letIn && status != http.StatusTooManyRequests {
					c.T.Errorf("%v, status %d %s", err, status, a.Body)
					return
				}
				if status == letIn {
					spent[i]++
				}
			}
		})
	}
	group.Wait()
	total := 0
	for _, n := range spent {
		total += n
	}
	if time.Now().UTC().Truncate(day) != today {
		c.T.Skip("midnight passed, and with it the day")
	}
	c.T.Logf("of %d requests to the day the servers answered %v", perDay, spent)
	if most := perDay; total > most || total < most-most/10 {
		c.T.Errorf("%d requests were let in, want %d", total, most)
	}
}

// Three servers hold a company to its limit by the second together, and one that
// is asked alone gives all of it.
func TestSecondOfProcesses(t *testing.T) {
	t.Parallel()
	const perSecond = 30
	c := program.On(t, database.Database(t))
	servers := make([]*program.Server, 3)
	for i := range servers {
		servers[i] = c.Serve("--rate-limit", fmt.Sprintf("%d/s", perSecond))
	}
	for name, asked := range map[string][]*program.Server{"all": servers, "alone": servers[:1]} {
		k := c.Key("--company", name)
		begun := time.Now()
		total := hurry(c, asked, k, times(200, 2000))
		took := time.Since(begun)
		t.Logf("%d a second: %s answered %d in %v", perSecond, name, total, took.Round(time.Millisecond))
		// A bucket holds a second's requests, and what is leased of it is good for
		// another second.
		if most := int(perSecond * (took.Seconds() + 2)); total > most || total < perSecond {
			t.Errorf("%s let %d requests in within %v, want %d to %d", name, total, took, perSecond, most)
		}
	}
}

// hurry asks each server so often, without a pause, and returns how many requests
// were let in.
func hurry(c *program.CLI, servers []*program.Server, k program.Key, often int) int {
	c.T.Helper()
	var letInAll atomic.Int64
	var group sync.WaitGroup
	for _, s := range servers {
		client := s.As(k)
		group.Go(func() {
			for range often {
				a, err := client.Try(client.Request(""))
				if err != nil || a.Status != letIn && a.Status != http.StatusTooManyRequests {
					c.T.Errorf("%v, status %d %s", err, a.Status, a.Body)
					return
				}
				if a.Status == letIn {
					letInAll.Add(1)
				}
			}
		})
	}
	group.Wait()
	return int(letInAll.Load())
}
