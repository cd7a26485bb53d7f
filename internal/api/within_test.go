package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault/internal/limit"
)

// hang makes every question to the store wait until whoever asks gives up.
func (s *server) hang() {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.stall = func(ctx context.Context) { <-ctx.Done() }
}

// TestAStoreThatHangsHoldsNobody: whatever a request waits for, and however many
// wait before it, it is answered with 500 in its own time.
func TestAStoreThatHangsHoldsNobody(t *testing.T) {
	for name, config := range map[string]Config{
		"keys":  {},
		"quota": {Limit: limit.Limit{PerDay: 1000}},
		"pages": {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, config)
				if name != "keys" {
					s.getAs(basicAuth("KEY", "wrong"), everything) // now the key is known
				}
				s.hang()
				var group sync.WaitGroup
				for range 50 {
					group.Go(func() {
						began := time.Now()
						w := s.get(everything)
						if waited := time.Since(began); w.Code != http.StatusInternalServerError || waited > storeWithin {
							t.Errorf("status %d after %v", w.Code, waited)
						}
					})
					time.Sleep(storeWithin / 20)
				}
				group.Wait()
				time.Sleep(storeWithin) // the draws of the quota end too
				if log := s.log.String(); strings.Count(log, "level=ERROR") != 50 || strings.Contains(log, "status=499") {
					t.Errorf("the log is %s", log)
				}
			})
		})
	}
}

// TestTheTimeIsNotTheClients: how long the answer takes on its way has nothing to
// do with the store.
func TestTheTimeIsNotTheClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{})
		s.put(t, "acme", call(t, "1", 1, ""))
		w := &slowWriter{header: make(http.Header)}
		s.ServeHTTP(w, request(everything))
		if w.status != http.StatusOK || w.size == 0 || !strings.Contains(s.log.String(), "level=INFO") {
			t.Errorf("status %d, %d bytes, log %s", w.status, w.size, s.log)
		}
	})
}

// slowWriter is a client behind a slow line.
type slowWriter struct {
	header       http.Header
	status, size int
}

func (w *slowWriter) Header() http.Header    { return w.header }
func (w *slowWriter) WriteHeader(status int) { w.status = status }

func (w *slowWriter) Write(p []byte) (int, error) {
	time.Sleep(2 * storeWithin)
	w.size += len(p)
	return len(p), nil
}
