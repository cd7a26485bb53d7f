package api

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/web"
)

// stalled is a connection whose client reads nothing until it is told to.
type stalled struct {
	*httptest.ResponseRecorder
	writing *atomic.Int32
	read    <-chan struct{}
}

func (w stalled) Write(p []byte) (int, error) {
	w.writing.Add(1)
	defer w.writing.Add(-1)
	<-w.read
	return w.ResponseRecorder.Write(p)
}

// Clients that do not read hold no more memory than the limit and the pages that
// are read at once; when they read, or go, the others are served.
func TestClientsThatDoNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{Log: discard})
		large := call(t, "1", 1, "")
		large.Document = append(append([]byte(`{"id":"1","x":"`), bytes.Repeat([]byte("x"), 60<<10)...), `"}`...)
		s.put(t, "acme", large)
		s.Handler.bodies = web.NewTurns(leastBuilders, 200<<10)
		read := make(chan struct{})
		var writing atomic.Int32
		statuses := make(chan int, 10)
		ctx, goAway := context.WithCancel(t.Context())
		for i := range 10 {
			go func() {
				r := request(everything)
				if i == 9 {
					r = r.WithContext(ctx)
				}
				w := stalled{httptest.NewRecorder(), &writing, read}
				defer func() {
					recover() // from the abort for the client that went away
					statuses <- w.Code
				}()
				s.ServeHTTP(w, r)
			}()
		}
		synctest.Wait()
		// The first two were read before the limit was reached, and so many more
		// as had begun to be read by then.
		if n, most := writing.Load(), int32(2+leastBuilders); n < 2 || n > most {
			t.Errorf("%d pages are held, want 2 to %d", n, most)
		}
		goAway()
		synctest.Wait()
		close(read)
		synctest.Wait()
		served := 0
		for range 10 {
			if <-statuses == http.StatusOK {
				served++
			}
		}
		if served < 9 {
			t.Errorf("%d clients were served, want at least the 9 that stayed", served)
		}
		wantEmpty(t, s.Handler)
	})
}

// Clients that do not read are left alone while nobody waits for the room. Then others of
// their company wait until they are cut off, and another company does not wait at all.
func TestClientsThatDoNotReadAreCutOff(t *testing.T) {
	api := newServer(t, Config{Log: discard})
	large := call(t, "1", 1, "")
	large.Document = append(append([]byte(`{"id":"1","x":"`), bytes.Repeat([]byte("x"), 60<<10)...), `"}`...)
	api.store.AddKey(t.Context(), testKey(callvault.BasicKey, "other", "OTHER", "hush"))
	api.put(t, "acme", large)
	api.put(t, "other", large)
	serve(t, api.ServeHTTP, func(t *testing.T, s *running) {
		b := web.NewTurns(leastBuilders, 200<<10)
		api.Handler.bodies = b
		ask := func(r *http.Request) net.Conn {
			c := s.dial()
			if err := r.Write(c); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			return c
		}
		stalled := []net.Conn{ask(request(everything)), ask(request(everything))}
		time.Sleep(2 * web.PressWithin) // the bubble's time
		if held, _ := b.Held(); held < 120<<10 {
			t.Fatalf("%d bytes are held while nobody waits", held)
		}
		// More than may be read at once wait.
		for range 2 * leastBuilders {
			stalled = append(stalled, ask(request(everything)))
		}
		other := request(everything)
		other.SetBasicAuth("OTHER", "hush")
		began := time.Now()
		wantPage(t, ask(other))
		if took := time.Since(began); took != 0 {
			t.Errorf("another company waited for %v", took)
		}
		time.Sleep(web.PressWithin)
		synctest.Wait()
		for _, c := range stalled[:2] {
			wantClosed(t, c, 0)
		}
		for _, c := range stalled[2:] {
			c.Close()
		}
		wantPage(t, ask(request(everything)))
		wantEmpty(t, api.Handler)
	})
}

// wantPage reads a page to its end.
func wantPage(t *testing.T, c net.Conn) {
	t.Helper()
	defer c.Close()
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil || response.StatusCode != http.StatusOK || n != response.ContentLength {
		t.Errorf("%s with %d of %d bytes, %v", response.Status, n, response.ContentLength, err)
	}
	synctest.Wait()
}

// A page that fails leaves as it came.
func TestBodiesOfFailures(t *testing.T) {
	s := newServer(t, Config{})
	for range 3 * mostBuilders {
		wantStatus(t, s.get(everything), http.StatusNotFound)
	}
	wantEmpty(t, s.Handler)
}

// wantEmpty checks that no page is held, and that as many can be read at once as ever.
func wantEmpty(t *testing.T, h *Handler) {
	t.Helper()
	if held, _ := h.bodies.Held(); held != 0 {
		t.Errorf("%d bytes are held", held)
	}
	gone, goAway := context.WithCancel(t.Context())
	goAway() // a free place needs no waiting
	for i := range leastBuilders {
		place, err := h.bodies.Enter(gone, fmt.Sprint("company ", i))
		if err != nil {
			t.Fatalf("%d places are free: %v", i, err)
		}
		defer place.Leave()
	}
}

// The room for pages is a part of the memory that the process may have.
func TestRoomIsAPartOfTheMemory(t *testing.T) {
	for memory, want := range map[int64]int{
		math.MaxInt64: 64 << 20, // no limit
		1 << 30:       64 << 20,
		512 << 20:     64 << 20,
		128 << 20:     16 << 20,
	} {
		if got := newBodies(memory, 1).Room(); got != want {
			t.Errorf("of %d bytes %d, want %d", memory, got, want)
		}
	}
	if n := buildersWithin(8<<20, 100); n > 3 {
		t.Errorf("%d pages are read at once within 8 MiB", n)
	}
	for connections, want := range map[int]int{0: 1, 1: 1, 3: 3} { // 0 are of a store that is closed
		if n := buildersWithin(maxHeld, connections); n != want {
			t.Errorf("%d pages are read at once by %d connections", n, connections)
		}
	}
}
