//go:build unix

package program_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// walkers are clients that walk all pages of a server, over and over. Whatever is
// broken meanwhile, every answer is the right page to the byte, or 500 and the
// envelope; who is answered with 500 asks for the same page again.
type walkers struct {
	t    testing.TB
	size int      // of a page
	want []string // the documents of a walk
	over chan struct{}
	stop func() // and waits for them

	mu      sync.Mutex
	walkers []walker
}

// walker is what a client has met so far.
type walker struct {
	pages, failures int
	slowest         time.Duration // answer
}

// walk starts so many clients, which stop by themselves with the test.
func walk(s *program.Server, k program.Key, clients, size int, want []string) *walkers {
	w := &walkers{t: s.T, size: size, want: want, over: make(chan struct{}), walkers: make([]walker, clients)}
	var group sync.WaitGroup
	for i := range clients {
		client := s.As(k)
		group.Go(func() {
			if err := w.run(client, i); err != nil {
				w.t.Error(err)
			}
		})
	}
	w.stop = sync.OnceFunc(func() { close(w.over); group.Wait() })
	w.t.Cleanup(w.stop)
	return w
}

func (w *walkers) run(client *program.Client, i int) error {
	query, number := program.Everything(), 0
	for {
		select {
		case <-w.over:
			return nil
		default:
		}
		began := time.Now()
		a, err := client.Try(client.Request(query.Encode()))
		if err != nil {
			return fmt.Errorf("page %d was not answered: %w", number, err)
		}
		w.note(i, a.Status, time.Since(began))
		if a.Status == http.StatusInternalServerError {
			program.WantErrors(w.t, a, a.Status, "An error has occurred")
			continue
		}
		cursor, err := w.check(a, number)
		if err != nil {
			return fmt.Errorf("page %d: %w: %d %s", number, err, a.Status, a.Body)
		}
		query, number = program.Everything(), number+1
		if cursor == nil {
			number = 0
		} else {
			query.Set("cursor", *cursor)
		}
	}
}

func (w *walkers) note(i, status int, took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	one := &w.walkers[i]
	one.slowest = max(one.slowest, took)
	if status == http.StatusInternalServerError {
		one.failures++
		return
	}
	one.pages++
}

// check compares a page with what it must be, and returns the cursor of the next.
func (w *walkers) check(a program.Answer, number int) (*string, error) {
	var p program.Page
	if err := json.Unmarshal([]byte(a.Body), &p); err != nil {
		return nil, err
	}
	first := number * w.size
	last := min(first+w.size, len(w.want))
	r := p.Records
	switch {
	case a.Status != http.StatusOK || a.Body != p.Bytes():
		return nil, fmt.Errorf("it is no page")
	case !slices.Equal(p.Documents(), w.want[first:last]):
		return nil, fmt.Errorf("it has not the calls %d to %d", first, last)
	case r.TotalRecords != len(w.want), r.CurrentPageSize != last-first, r.CurrentPageNumber != number, (r.Cursor != nil) != (last < len(w.want)):
		return nil, fmt.Errorf("it says the wrong things of itself")
	}
	return r.Cursor, nil
}

// await waits until each client has met so many more of something.
func (w *walkers) await(more int, of func(walker) int) {
	w.t.Helper()
	before := w.all()
	waitUntil(w.t, "every client has met what is waited for", func() bool {
		for i, now := range w.all() {
			if of(now) < of(before[i])+more {
				return w.t.Failed() // whoever failed meets nothing any more
			}
		}
		return true
	})
}

func pages(w walker) int    { return w.pages }
func failures(w walker) int { return w.failures }

// all is what the clients have met so far.
func (w *walkers) all() []walker {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.walkers)
}

// total is what they met together.
func (w *walkers) total() (sum walker) {
	for _, one := range w.all() {
		sum.pages += one.pages
		sum.failures += one.failures
		sum.slowest = max(sum.slowest, one.slowest)
	}
	return sum
}

// waitUntil looks until something is so.
func waitUntil(t testing.TB, what string, so func() bool) {
	t.Helper()
	waitFor(t, program.Patience, what, so)
}

// waitFor looks until something is so that may take longer than most.
func waitFor(t testing.TB, patience time.Duration, what string, so func() bool) {
	t.Helper()
	glances := time.NewTicker(time.Millisecond)
	defer glances.Stop()
	for deadline := time.Now().Add(patience); !so(); <-glances.C {
		if time.Now().After(deadline) {
			t.Fatalf("in vain was waited until %s", what)
		}
	}
}

// fill puts calls into a store, and returns the documents of a walk over them.
func fill(c *program.CLI, calls int) []string {
	c.T.Helper()
	c.Put("default", numbered(1, calls)...)
	return strings.Split(strings.TrimSuffix(c.Must("export"), "\n"), "\n")
}

// numbered are so many records, a minute apart, with ids from first on.
func numbered(first, calls int) []string {
	start := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	records := make([]string, calls)
	for i := range records {
		started := start.Add(time.Duration(first+i) * time.Minute).Format(time.RFC3339)
		records[i] = fmt.Sprintf(`{"id":"%d","started":"%s","title":"call %d"}`, first+i, started, first+i)
	}
	return records
}
