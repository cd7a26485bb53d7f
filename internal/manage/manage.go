// Package manage is the operator's listener: health, metrics, profiles and the web page.
// Every machine that reaches it may read health and metrics, which tell only how many calls
// there are. guard.go has the rules for everything else.
package manage

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/web"
)

// Config is what a Handler serves. Store is required; everything else may be left
// nil.
type Config struct {
	Store interface { // is asked whether it can be read
		Identity(ctx context.Context) (string, error)
	}

	// Key returns the valid key that a request presents, or nil; the error says why
	// that can't be known. Beyond loopback, a nil Key lets nobody in.
	Key func(r *http.Request) (*callvault.Key, error)

	// Page serves the web page, for all other paths. Callers see one company's calls, or
	// every company's on loopback, where company is empty.
	Page func(w http.ResponseWriter, r *http.Request, company string)

	Metrics     prometheus.Gatherer // for /metrics
	Description http.Handler        // for /openapi.json
	Docs        http.Handler        // for /docs: a page made from the description
	Log         *slog.Logger        // for errors that no client has caused
}

// Handler serves the operator's listener. It is alive from the beginning, and
// ready between Start and Stop. It is safe for concurrent use.
type Handler struct {
	local   bool // only this machine reaches the listener
	routes  http.Handler
	site    atomic.Pointer[site] // nil before Start
	stopped atomic.Bool

	mu     sync.Mutex
	asking *answer // nil when nobody asks the store
}

// site is what the listener shows once the store is open.
type site struct {
	Config
	routes            *http.ServeMux // for clients that may see calls
	metrics, profiles http.Handler
}

// New makes the handler of a listener, whose address decides whether a key is needed.
func New(address net.Addr) *Handler {
	h := &Handler{local: web.IsLoopback(address)}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /livez", h.live)
	routes.HandleFunc("GET /readyz", h.ready)
	routes.HandleFunc("GET /metrics", h.started(func(s *site) http.Handler { return s.metrics }))
	routes.HandleFunc("/debug/pprof/", h.started(func(s *site) http.Handler { return h.letIn(s, callvault.ScopeProfilesRead, s.profiles) }))
	routes.HandleFunc("/", h.started(func(s *site) http.Handler { return h.letIn(s, gong.ScopeCallsRead, s.routes) }))
	h.routes = h.fromHere(bounded(routes))
	return h
}

// drainWithin is short, because only the operator waits for these answers.
const drainWithin = 2 * time.Second

// Serve answers at a listener until end is called, which lets requests under way end.
func (h *Handler) Serve(listener net.Listener, log *slog.Logger) (end func()) {
	serving, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err := web.Server{Handler: h, Log: log, DrainWithin: drainWithin}.Serve(serving, listener)
		if err != nil && !errors.Is(err, web.ErrCutOff) {
			log.Error("the operator's listener ended", "error", err)
		}
	}()
	return func() { stop(); <-ended }
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
	s := &site{config, http.NewServeMux(), http.NotFoundHandler(), newProfiles()}
	if config.Metrics != nil {
		s.metrics = newMetrics(config.Metrics, config.Log)
	}
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

// started answers 503 until the store is open. A browser retries by itself.
func (h *Handler) started(next func(s *site) http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := h.site.Load()
		if s == nil {
			w.Header().Set("Refresh", "1")
			http.Error(w, errStarting.Error(), http.StatusServiceUnavailable)
			return
		}
		next(s).ServeHTTP(w, r)
	}
}

// newMetrics shows metrics in the form that a client asks for. Metrics that can't be
// read are left out and logged.
func newMetrics(metrics prometheus.Gatherer, log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(prometheus.GathererFunc(oneByOne(metrics.Gather)), promhttp.HandlerOpts{
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandling: promhttp.ContinueOnError,
	})
}

// oneByOne lets one scrape at a time collect metrics, because each reads the store. A
// client that does not read its answer keeps nobody from the next.
func oneByOne[M any](gather func() (M, error)) func() (M, error) {
	turn := make(chan struct{}, 1)
	return func() (M, error) {
		turn <- struct{}{}
		defer func() { <-turn }()
		return gather()
	}
}
