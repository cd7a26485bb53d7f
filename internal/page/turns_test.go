package page

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/web"
)

// gated is a store that answers one at a time, when it is told to.
type gated struct {
	callvault.Store
	mu     sync.Mutex
	order  []string // of the companies that asked
	answer chan struct{}
}

func (g *gated) Calls(company string) callvault.Calls { return &gatedCalls{store: g, company: company} }

func (g *gated) Directory(string) callvault.Directory { return directory{} }

type gatedCalls struct {
	callvault.Calls
	store   *gated
	company string
}

func (c *gatedCalls) Get(ctx context.Context, _ []callvault.ID, _ func(callvault.Record) error) error {
	return c.wait(ctx)
}

func (c *gatedCalls) Scan(ctx context.Context, _ callvault.Query, _ callvault.Position, _ int, _ func(callvault.Record) error) error {
	return c.wait(ctx)
}

func (c *gatedCalls) Latest(ctx context.Context) (int64, error) { return 0, c.wait(ctx) }

func (c *gatedCalls) Count(context.Context, callvault.Query) (int, error) { return 0, nil }

func (c *gatedCalls) wait(ctx context.Context) error {
	c.store.mu.Lock()
	c.store.order = append(c.store.order, c.company)
	c.store.mu.Unlock()
	select {
	case <-c.store.answer:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A company with many requests makes another wait for one turn, whatever they ask for,
// downloads too.
func TestCompaniesTakeTurns(t *testing.T) {
	for path, turns := range map[string]int{
		"/api/latest?number=0":                    1,
		"/api/call?id=2":                          1,
		"/api/download?range=today&format=ndjson": 2, // the first is for what a view is of
	} {
		synctest.Test(t, func(t *testing.T) {
			g := &gated{answer: make(chan struct{})}
			h := start(t, Config{Store: g}, calls{})
			var asking sync.WaitGroup
			ask := func(company, path string) {
				asking.Go(func() { getAs(h, company, path) })
				synctest.Wait()
			}
			for range 20 {
				ask("greedy", "/api/latest?number=0")
			}
			ask("modest", path)
			for range turns {
				g.answer <- struct{}{}
				synctest.Wait()
			}
			if want := append(slices.Repeat([]string{"greedy"}, maxReads+turns-1), "modest"); !slices.Equal(g.order, want) {
				t.Errorf("%s: the store was asked by %v, want %v", path, g.order, want)
			}
			close(g.answer)
			asking.Wait()
		})
	}
}

// untaken is a client that reads nothing until its connection is cut off.
type untaken struct {
	*httptest.ResponseRecorder
	cut chan struct{}
}

func (u *untaken) Write([]byte) (int, error) {
	<-u.cut
	return 0, os.ErrDeadlineExceeded
}

func (u *untaken) SetWriteDeadline(at time.Time) error {
	if at.Before(time.Now()) {
		close(u.cut)
	}
	return nil
}

// Answers that nobody reads are held up to a bound, and cut off when others of the
// company need the room.
func TestUntakenAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, Config{}, at("2026-03-04T00:00:00Z"))
		h.Store.(*store).companies["other"] = at("2026-03-04T00:00:00Z")
		h.reads = web.NewTurns(maxReads, 2*get(h, "/api/view?range=today").Body.Len())
		u := &untaken{httptest.NewRecorder(), make(chan struct{})}
		go h.Serve(u, httptest.NewRequest(http.MethodGet, "/api/view?range=today", nil), callvault.DefaultCompany)
		synctest.Wait()
		time.Sleep(takeWithin / 2) // nobody minds
		for _, c := range []struct {
			company string
			waits   time.Duration
		}{{"other", 0}, {callvault.DefaultCompany, web.PressWithin}} {
			began := time.Now()
			if w := getAs(h, c.company, "/api/view?range=today"); w.Code != http.StatusOK || time.Since(began) != c.waits {
				t.Errorf("%s: %d after %v, want %v", c.company, w.Code, time.Since(began), c.waits)
			}
		}
		<-u.cut
	})
}
