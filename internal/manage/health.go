package manage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/callvault/callvault"
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

// storeHeader names the identity of the open store. It is left out while the server is not
// ready.
const storeHeader = "Callvault-Store"

// APIHeader names the address of the server's API, which tells it from every other
// server on the machine.
const APIHeader = "Callvault-Listen"

// live answers as long as the process does: a restart would mend nothing else.
func (h *Handler) live(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set(APIHeader, h.api)
	say(w, http.StatusOK, "ok")
}

// ready answers 200 when the API can answer: the store is open, its schema is up to
// date, and the server is not stopping. Otherwise it answers 503 and says why. Details
// of the store go to the log alone.
func (h *Handler) ready(w http.ResponseWriter, r *http.Request) {
	store, err := h.readiness(r.Context())
	w.Header().Set(APIHeader, h.api)
	if err != nil {
		say(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	w.Header().Set(storeHeader, store)
	say(w, http.StatusOK, "ok")
}

// readiness returns the identity of the store that answers requests.
func (h *Handler) readiness(ctx context.Context) (identity string, err error) {
	s := h.site.Load()
	switch {
	case s == nil:
		return "", errStarting
	case h.stopped.Load():
		return "", errStopping
	}
	c := h.check(s)
	select {
	case <-c.done:
		return c.identity, c.err
	case <-ctx.Done():
		return "", errNoStore
	}
}

// check is a question to the store. All probes that come while it is under way share
// its answer, so that any number of them takes one connection of the store.
type check struct {
	done     chan struct{} // closed when the answer is there
	identity string
	err      error
}

// check returns the question that is under way, or asks.
func (h *Handler) check(s *site) *check {
	h.checks.Lock()
	defer h.checks.Unlock()
	if h.checking == nil {
		h.checking = &check{done: make(chan struct{})}
		go h.ask(s, h.checking)
	}
	return h.checking
}

func (h *Handler) ask(s *site, c *check) {
	identity, err := identify(context.Background(), s.Store)
	switch {
	case err == nil:
		c.identity = identity
	case errors.Is(err, callvault.ErrReplaced):
		c.err = errReplaced
	default:
		c.err = errNoStore
	}
	if err != nil {
		s.Log.Warn("not ready", "error", err)
	}
	h.checks.Lock()
	h.checking = nil
	h.checks.Unlock()
	close(c.done)
}

// identify asks the store for its identity, which is the smallest read.
func identify(ctx context.Context, store callvault.Store) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	return store.Identity(ctx)
}

// say answers with a line that must not be cached.
func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
