// Package api is the HTTP API over stored calls.
//
// A request is authenticated, counted against its company's limit, routed and checked for
// the route's scope; then the route's handler answers it. Authentication comes before what
// routing has to say, so a stranger can't learn which routes there are. Handlers return
// errors; one adapter, Handler.ServeHTTP, turns them into answers and requests into log
// lines.
//
// The file routes.go says how to add a route.
package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/auth"
	"github.com/callvault/callvault/internal/feed"
	"github.com/callvault/callvault/internal/limit"
	"github.com/callvault/callvault/internal/web"
)

// Store is what the API needs of a store: the calls, the keys that may read them, the
// secret that signs cursors, and the quotas that limit companies.
type Store interface {
	callvault.Companies
	callvault.Keys
	callvault.Quotas
	Pool() callvault.Pool
	Snapshot(ctx context.Context, f func(callvault.Snapshot) error) error
}

// Config is what a Handler is made of. Store is required; everything else
// may be left zero.
type Config struct {
	Store Store

	// Log receives one line for each request, at level Info, or Error when
	// something went wrong that no client has caused. If it is nil, nothing is logged.
	Log *slog.Logger

	// Metrics is where the metrics of requests, limits and pages are
	// registered, for one Handler. Nil registers none.
	Metrics prometheus.Registerer

	// PageSize is the number of calls on a page, 1 to MaxPageSize; 0 means
	// gong.PageSize, the contract's. A walk keeps the size it began with.
	PageSize int

	// CursorLife is how long a cursor lives from the first page of its walk; 0 means a
	// day. Clients that keep one in a checkpoint never recover from an expired one.
	CursorLife time.Duration

	// OptionalDates serves all of time to a request without dates, as the live service
	// does. The contract demands a range or a cursor.
	OptionalDates bool

	// EmptyTexts serves "" for the contract's texts that are null, for clients that
	// reject null.
	EmptyTexts bool

	// ReadOnly serves no route that writes: the store is a standby, or others write it.
	ReadOnly bool

	// Limit is how many requests each company may make. The zero Limit does not limit.
	Limit limit.Limit

	// Description serves the description of the API at /openapi.json, to anybody: it
	// needs no key and counts against no limit. Nil serves no description.
	Description http.Handler

	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// MaxPageSize is the largest Config.PageSize.
const MaxPageSize = 1000

// The bounds of Config.CursorLife.
const (
	MinCursorLife = time.Minute
	MaxCursorLife = 30 * 24 * time.Hour
)

// Handler serves the API. It is safe for concurrent use.
type Handler struct {
	config  Config        // completed
	spare   slog.Handler  // for lines that strangers cause
	newID   func() string // of characters that JSON does not escape
	keys    *auth.Keyring
	limits  *limit.Limits
	cursors *sealer
	feed    *feed.Feed
	inputs  *web.Turns // of requests' bodies
	bodies  *web.Turns // of pages
	uploads *web.Turns // of calls that are put
	routes  []route
	metrics *metrics

	document writer // of a call

	stopping context.Context // done when requests are no longer to wait
	stop     context.CancelFunc
}

// New makes a Handler from a Config. It reads the secret of cursors from the
// store. Close gives back what the Handler took.
func New(ctx context.Context, config Config) (*Handler, error) {
	if config.Store == nil {
		return nil, errors.New("api: no store")
	}
	if config.PageSize < 0 || config.PageSize > MaxPageSize {
		return nil, fmt.Errorf("page size %d is not between 1 and %d", config.PageSize, MaxPageSize)
	}
	config.CursorLife = cmp.Or(config.CursorLife, 24*time.Hour)
	if config.CursorLife < MinCursorLife || config.CursorLife > MaxCursorLife {
		return nil, fmt.Errorf("the life of a cursor, %v, is not between a minute and 30 days", config.CursorLife)
	}
	secret, err := config.Store.CursorSecret(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the cursor secret: %w", err)
	}
	changes, err := feed.New(ctx, config.Store)
	if err != nil {
		return nil, err
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	config.PageSize = cmp.Or(config.PageSize, gong.PageSize)
	h := &Handler{
		config:  config,
		spare:   web.Spare(config.Log.Handler()),
		newID:   newRequestID,
		keys:    auth.New(config.Store, config.Now),
		limits:  limit.New(config.Store, config.Limit, config.Now, config.Metrics),
		cursors: newSealer(secret),
		feed:    changes,
		inputs:  newInputs(debug.SetMemoryLimit(-1)),
		bodies:  newBodies(debug.SetMemoryLimit(-1), config.Store.Pool().Max),
		uploads: newUploads(),

		document: appendDocument,
	}
	h.stopping, h.stop = context.WithCancel(context.Background())
	if config.EmptyTexts {
		h.document = appendFilled
	}
	h.routes = h.table()
	h.metrics = newMetrics(config.Metrics, h)
	return h, nil
}

// Stop answers those who wait for changes, and lets nobody wait from then on: the server stops.
func (h *Handler) Stop() { h.stop() }

// Close gives the day quota that was drawn and not used back to the store. It
// is called when no request is under way any more; the store is left open.
func (h *Handler) Close(ctx context.Context) error { return h.limits.Close(ctx) }

// Key returns the valid key that a request presents, or nil if it presents none. The
// error says why that can't be known.
func (h *Handler) Key(r *http.Request) (*callvault.Key, error) {
	ctx, cancel := context.WithTimeout(r.Context(), storeWithin)
	defer cancel()
	key, err := h.keys.Authenticate(ctx, r.Header["Authorization"])
	var refused auth.Refused
	if errors.As(err, &refused) {
		return nil, nil
	}
	return key, err
}
