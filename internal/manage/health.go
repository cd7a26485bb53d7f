package manage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/web"
)

// readyWithin is how long the store may take to answer. Probes give up soon: those of
// Kubernetes after 1 second by default.
const readyWithin = 900 * time.Millisecond

// Why a server is not ready.
var (
	errStarting = errors.New("starting: the store is being opened")
	errStopping = errors.New("stopping: the last requests are ending")
	errNoStore  = errors.New("the store can't be read; the log says why")
	errReplaced = errors.New("the store was replaced while it was open; start serve again")
)

// live always answers ok, because a restart would repair nothing else.
func (h *Handler) live(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") }

// ready answers 200 when the API can answer: the store is open, its schema is up to
// date, and the server is not stopping. Otherwise it answers 503 and says why. Details
// of the store go to the log alone.
func (h *Handler) ready(w http.ResponseWriter, _ *http.Request) {
	identity, err := h.readiness()
	w.Header().Set(web.StoreHeader, identity)
	if err != nil {
		say(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	say(w, http.StatusOK, "ok")
}

// readiness returns the identity of the store that answers requests. All probes that
// come while the store is asked share its answer, and so take one connection of it.
func (h *Handler) readiness() (identity string, err error) {
	s := h.site.Load()
	switch {
	case s == nil:
		return "", errStarting
	case h.stopped.Load():
		return "", errStopping
	}
	h.mu.Lock()
	a := h.asking
	if a != nil {
		h.mu.Unlock()
		<-a.done
		return a.identity, a.err
	}
	a = &answer{done: make(chan struct{})}
	h.asking = a
	h.mu.Unlock()
	a.identity, a.err = s.identify()
	h.mu.Lock()
	h.asking = nil
	h.mu.Unlock()
	close(a.done)
	return a.identity, a.err
}

// answer is the store's identity, or the error of asking for it.
type answer struct {
	done     chan struct{} // closed when it is there
	identity string
	err      error
}

// identify asks the store for its identity, which is the smallest read.
func (s *site) identify() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	identity, err := s.Store.Identity(ctx)
	if err == nil {
		return identity, nil
	}
	s.Log.Warn("not ready", "error", err)
	if errors.Is(err, callvault.ErrReplaced) {
		return "", errReplaced
	}
	return "", errNoStore
}

// say answers with a line that must not be cached.
func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
