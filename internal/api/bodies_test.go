package api

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// stalled is a connection whose client takes nothing until it is told to.
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
		s := newServer(t, Config{Log: discard, NewID: newRequestID})
		large := call(t, "1", 1, "")
		large.Document = append(append([]byte(`{"id":"1","x":"`), bytes.Repeat([]byte("x"), 60<<10)...), `"}`...)
		s.put(t, "acme", large)
		s.Handler.bodies = newBodies(100 << 10)
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
				s.ServeHTTP(w, r)
				statuses <- w.Code
			}()
		}
		synctest.Wait()
		// The first two were read before the limit was reached, and so many more
		// as had begun to be read by then.
		if n, most := writing.Load(), int32(2+cap(s.Handler.bodies.builders)); n < 2 || n > most {
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
		if s.Handler.bodies.held != 0 || len(s.Handler.bodies.builders) != 0 {
			t.Errorf("%+v is left", s.Handler.bodies)
		}
	})
}

// Clients that do not read keep the others waiting for so long and no longer, and
// are not disturbed while nobody waits.
func TestClientsThatDoNotReadAreCutOff(t *testing.T) {
	api := newServer(t, Config{Log: discard, NewID: newRequestID})
	large := call(t, "1", 1, "")
	large.Document = append(append([]byte(`{"id":"1","x":"`), bytes.Repeat([]byte("x"), 60<<10)...), `"}`...)
	api.put(t, "acme", large)
	serve(t, api.ServeHTTP, func(t *testing.T, s *running) {
		api.Handler.bodies = newBodies(100 << 10)
		ask := func() net.Conn {
			c := s.dial()
			if err := request(everything).Write(c); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			return c
		}
		stalled := []net.Conn{ask(), ask()}
		time.Sleep(2 * pressWithin) // the bubble's time
		if held := api.Handler.bodies.held; held < 120<<10 {
			t.Fatalf("%d bytes are held while nobody waits", held)
		}
		began := time.Now()
		reader := ask()
		defer reader.Close()
		response, err := http.ReadResponse(bufio.NewReader(reader), nil)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, response.Body)
		if err != nil || n != response.ContentLength || time.Since(began) != pressWithin {
			t.Errorf("got %d of %d bytes after %v, %v", n, response.ContentLength, time.Since(began), err)
		}
		for _, c := range stalled {
			wantClosed(t, c, 0)
		}
		synctest.Wait()
		if held := api.Handler.bodies.held; held != 0 {
			t.Errorf("%d bytes are held in the end", held)
		}
	})
}

// A page that fails leaves as it came.
func TestBodiesOfFailures(t *testing.T) {
	s := newServer(t, Config{})
	for range 3 * mostBuilders {
		wantStatus(t, s.get(everything), http.StatusNotFound)
	}
	if len(s.Handler.bodies.builders) != 0 {
		t.Errorf("%d places are taken", len(s.Handler.bodies.builders))
	}
}
