// Package manage is the operator's listener: health, metrics, profiles and the
// web page. It is for whoever runs the server, not for clients of the API.
//
// Health and metrics tell of calls only how many there are, and are for every
// machine that reaches the listener. Everything else is for who is let in: see
// guard.go.
package manage

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/web"
)

// Config is what a Handler serves. Store is required; everything else may be left
// nil.
type Config struct {
	// Store has the calls that the page shows.
	Store callvault.Store

	// Key is the valid key that a request presents, nil when there is none; the error
	// says why that can't be known. It is asked where other machines reach the
	// listener; nil lets none of them in.
	Key func(r *http.Request) (*callvault.Key, error)

	// Page serves GET and HEAD of everything that is nothing else, to who may see a
	// company's calls, or with no company those of any. Nil is no page.
	Page func(w http.ResponseWriter, r *http.Request, company string)

	// Metrics is served at /metrics; nil is no metrics.
	Metrics http.Handler

	// Description is served at /openapi.json and Docs, a page made from it, at
	// /docs; nil is none.
	Description, Docs http.Handler

	// Log is told what went wrong that no client can be blamed for. Nil is no log.
	Log *slog.Logger
}

// Handler serves the operator's listener. It is alive from the beginning, and
// ready between Start and Stop. It is safe for concurrent use.
type Handler struct {
	local   bool   // only this machine reaches the listener
	api     string // the address of the API
	routes  http.Handler
	site    atomic.Pointer[site] // nil before Start
	stopped atomic.Bool

	checks   sync.Mutex // around checking
	checking *check     // whether the store can be read; nil when nobody asks
}

// site is what there is to see once the store is open.
type site struct {
	Config
	routes   *http.ServeMux // for who may see calls
	profiles http.Handler
}

// New makes the handler of a listener, whose address decides who is let in, beside the
// address of the API.
func New(address, api net.Addr) *Handler {
	h := &Handler{local: IsLoopback(address), api: api.String()}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /livez", h.live)
	routes.HandleFunc("GET /readyz", h.ready)
	routes.HandleFunc("GET /metrics", h.started((*site).metrics))
	routes.HandleFunc("/debug/pprof/", h.started(h.letIn(callvault.ScopeProfilesRead, (*site).profile)))
	routes.HandleFunc("/", h.started(h.letIn(gong.ScopeCallsRead, (*site).guarded)))
	h.routes = h.fromHere(bounded(routes))
	return h
}

// Start lets the handler show the store, once that is open and its schema up to
// date. It is called once.
func (h *Handler) Start(config Config) error {
	if config.Store == nil {
		return errors.New("manage: no store")
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	config.Log = slog.New(web.Spare(config.Log.Handler())) // of what needs no key
	s := &site{config, http.NewServeMux(), newProfiles()}
	if config.Description != nil {
		s.routes.Handle("GET /openapi.json", config.Description)
	}
	if config.Docs != nil {
		s.routes.Handle("GET /docs", config.Docs)
	}
	if config.Page != nil {
		s.routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			company, _ := keyCompany(r.Context())
			config.Page(w, r, company)
		})
	}
	h.site.Store(s)
	return nil
}

// Stop says that the server takes no more requests of the API, so that whoever
// balances between servers chooses another one. What is shown stays.
func (h *Handler) Stop() { h.stopped.Store(true) }

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.routes.ServeHTTP(w, r) }

// siteHandler answers with what the store has.
type siteHandler func(s *site, w http.ResponseWriter, r *http.Request)

// started answers 503 until there is something to see. A browser asks again by
// itself.
func (h *Handler) started(next siteHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := h.site.Load()
		if s == nil {
			w.Header().Set("Refresh", "1")
			http.Error(w, errStarting.Error(), http.StatusServiceUnavailable)
			return
		}
		next(s, w, r)
	}
}

// metrics sends the metrics when they have been collected: few are collected at once,
// and a client that does not read must not be in the way of the next.
func (s *site) metrics(w http.ResponseWriter, r *http.Request) {
	if s.Metrics == nil {
		http.NotFound(w, r)
		return
	}
	whole := &whole{header: w.Header(), status: http.StatusOK}
	s.Metrics.ServeHTTP(whole, r)
	w.WriteHeader(whole.status)
	w.Write(whole.body.Bytes())
}

// whole is an answer in memory.
type whole struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *whole) Header() http.Header         { return w.header }
func (w *whole) WriteHeader(status int)      { w.status = status }
func (w *whole) Write(p []byte) (int, error) { return w.body.Write(p) }

func (s *site) profile(w http.ResponseWriter, r *http.Request) { s.profiles.ServeHTTP(w, r) }

func (s *site) guarded(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }
