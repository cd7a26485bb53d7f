//go:build unix

package program_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// A company reads large pages on many connections as fast as it can. Every request of
// another company is answered after a few of those pages, because it waits for one turn
// and not for all connections. The test counts pages and no time.
func TestGreedyCompanies(t *testing.T) {
	t.Parallel()
	onBothKinds(t, func(t *testing.T, k kind) {
		c := k.empty(t)
		var large []string
		for i := range 100 {
			large = append(large, sceneCall(i, i, "7", strings.Repeat("callvault ", 2000)))
		}
		c.Put("greedy", large...)
		c.Put("default", strings.TrimSpace(records(25, 25)))
		modest, greedyKey := c.Key(), c.Key("--company", "greedy")
		server := c.Serve("--rate-limit", "off")
		greedy := takeMuch(server, greedyKey, times(60, 100))
		defer greedy.stop()
		client := server.As(modest)
		want := client.Page(program.Everything().Encode())
		asked := times(20, 300)
		before, most := greedy.answered.Load(), int64(0)
		for range asked {
			began := greedy.answered.Load()
			got := client.Page(program.Everything().Encode())
			most = max(most, greedy.answered.Load()-began)
			if !slices.Equal(got.Documents(), want.Documents()) {
				t.Fatalf("a page has %s, want %s", got.Documents(), want.Documents())
			}
		}
		pages := greedy.answered.Load() - before
		t.Logf("%d requests were answered beside %d connections of another company, which got %d pages of 2 MB meanwhile, %d at most during one request; %d of its requests failed",
			asked, greedy.connections, pages, most, greedy.failed.Load())
		// In one queue a request waits for a page of every connection.
		if pages > int64(asked*greedy.connections/2) {
			t.Errorf("%d pages of another company were answered with %d requests: that is no turn", pages, asked)
		}
		greedy.stop()
		if code := server.End(syscall.SIGTERM); code != program.ExitOK {
			t.Errorf("the server ended with %d", code)
		}
		// On a busy machine the greedy company keeps itself waiting for too long.
		for line := range strings.Lines(server.Stderr.String()) {
			if strings.Contains(line, "level=ERROR") && !strings.Contains(line, "company=greedy") {
				t.Error(line)
			}
		}
	})
}

// greedy is many connections that read page after page.
type greedy struct {
	connections      int
	answered, failed atomic.Int64
	stop             func()
}

// takeMuch begins to read on many connections, and returns when each has had an answer.
func takeMuch(server *program.Server, key program.Key, connections int) *greedy {
	g := &greedy{connections: connections}
	client := server.As(key)
	client.HTTP.Transport.(*http.Transport).MaxIdleConnsPerHost = connections
	stopped := make(chan struct{})
	var reading, begun sync.WaitGroup
	begun.Add(connections)
	for range connections {
		reading.Go(func() {
			first := sync.OnceFunc(begun.Done)
			defer first()
			for {
				select {
				case <-stopped:
					return
				default:
				}
				if err := take(client); err != nil {
					g.failed.Add(1)
				} else {
					g.answered.Add(1)
				}
				first()
			}
		})
	}
	g.stop = sync.OnceFunc(func() {
		close(stopped)
		reading.Wait()
	})
	begun.Wait()
	return g
}

// take reads a page to its end.
func take(client *program.Client) error {
	response, err := client.HTTP.Do(client.Request(program.Everything().Encode()))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if n, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK || n < 2_000_000 {
		return fmt.Errorf("%s with %d bytes, %v", response.Status, n, err)
	}
	return nil
}
