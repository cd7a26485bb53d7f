// Package manage is the operator's listener: health, metrics, profiles and the
// web page. It is for the person who runs the server, not for clients of the API.
//
// Every machine that reaches the listener may read health and metrics, which tell
// only how many calls there are. The rules for everything else are in guard.go.
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

	// Key returns the valid key that a request presents, or nil; the error says why
	// that can't be known. It is called where other machines reach the listener. A nil
	// Key lets none of them in.
	Key func(r *http.Request) (*callvault.Key, error)

	// Page serves the web page for GET and HEAD of all other paths. Callers see one
	// company's calls, or every company's on loopback, where company is empty. Nil is
	// no page.
	Page func(w http.ResponseWriter, r *http.Request, company string)

	// Metrics is served at /metrics; nil is no metrics.
	Metrics http.Handler

	// Description is served at /openapi.json and Docs, a page made from it, at
	// /docs; nil is none.
	Description, Docs http.Handler

	// Log receives errors that no client has caused. Nil is no log.
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

// site is what the listener shows once the store is open.
type site struct {
	Config
	routes   *http.ServeMux // for clients that may see calls
	profiles http.Handler
}

// New makes the handler of a listener, whose address decides whether a key is needed.
// It names the address of the API to those who ask for health.
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

// Start lets the handler show the store. It is called once, when the store is open and
// its schema up to date.
func (h *Handler) Start(config Config) error {
	if config.Store == nil {
		return errors.New("manage: no store")
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	config.Log = slog.New(web.Spare(config.Log.Handler())) // strangers cause these lines, too
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

// Stop makes /readyz say that the API takes no more requests, so that load balancers
// choose another server. Everything else goes on.
func (h *Handler) Stop() { h.stopped.Store(true) }

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.routes.ServeHTTP(w, r) }

// siteHandler answers from the open store.
type siteHandler func(s *site, w http.ResponseWriter, r *http.Request)

// started answers 503 until the store is open. A browser retries by itself.
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

// metrics collects all metrics before it sends them: few requests may collect at once,
// and a client that does not read must not keep others from it.
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

// whole keeps an answer in memory.
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
