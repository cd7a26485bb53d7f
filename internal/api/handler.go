// Package api is the HTTP API over stored calls: authentication, limits,
// routes, parameters, the cursor, errors and the request log.
//
// Every request takes the same way: it is authenticated, counted against its
// company's limit, routed, checked for the route's scope, and then handled.
// Authentication comes before what routing has to say, so a stranger cannot learn
// which routes there are; only the description of the API is for anybody. Handlers
// return errors; the one adapter, Handler.ServeHTTP, turns them into the answer and
// the request into one log line.
package api

import (
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
	"github.com/callvault/callvault/internal/web"
)

// Config is what a Handler is made of. Store is required; everything else
// may be left zero.
type Config struct {
	// Store has the calls that are served, the keys that may read them, the
	// quotas that limit the keys and the secret that signs cursors.
	Store callvault.Store

	// Log receives one line for each request, at level Info, or Error when
	// something went wrong that no client can be blamed for. Nil is no log.
	Log *slog.Logger

	// Metrics is where the metrics of requests, limits, keys and pages are
	// registered, for one Handler. Nil is nowhere.
	Metrics prometheus.Registerer

	// PageSize is the number of calls on a page, 1 to MaxPageSize; 0 means
	// gong.PageSize, the contract's. A walk keeps the size it began with.
	PageSize int

	// Dates says whether a request without a cursor must name its range.
	Dates Dates

	// Limit is what each company may ask for. The zero Limit is no limit.
	Limit Limit

	// Description serves the description of the API to GET and HEAD of
	// /openapi.json, to anybody: it needs no key and counts against no limit. Nil
	// is no such route.
	Description http.Handler

	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// NewID makes the id of a request, which the client and the log are given.
	// It must consist of characters that JSON does not escape. Nil means 19
	// random characters of [0-9a-z].
	NewID func() string
}

// MaxPageSize is the largest Config.PageSize.
const MaxPageSize = 1000

// Dates says whether fromDateTime and toDateTime may be left out.
type Dates int

// What a server can say about dates.
const (
	RequireDates  Dates = iota // as the contract is written: without them 400
	OptionalDates              // as the live service behaves: without them all of time
)

// Handler serves the API. It is safe for concurrent use.
type Handler struct {
	store    callvault.Store
	log      *slog.Logger
	spare    *slog.Logger // for lines that strangers cause
	pageSize int
	dates    Dates
	now      func() time.Time
	newID    func() string
	keys     *keyring
	limits   *limits
	cursors  *sealer
	bodies   *web.Turns
	routes   []route
	metrics  *metrics
}

// New makes a Handler from a Config. It reads the secret of cursors from the
// store. Close gives back what the Handler took.
func New(ctx context.Context, config Config) (*Handler, error) {
	if config.Store == nil {
		return nil, errors.New("api: no store")
	}
	if config.PageSize < 0 || config.PageSize > MaxPageSize {
		return nil, fmt.Errorf("page size %d: accepted are 1 to %d", config.PageSize, MaxPageSize)
	}
	secret, err := config.Store.CursorSecret(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the cursor secret: %w", err)
	}
	if len(secret) < minSecret {
		return nil, fmt.Errorf("the store's cursor secret has %d bytes, less than %d", len(secret), minSecret)
	}
	h := &Handler{
		store:    config.Store,
		log:      config.Log,
		pageSize: config.PageSize,
		dates:    config.Dates,
		now:      config.Now,
		newID:    config.NewID,
		cursors:  newSealer(secret),
		bodies:   newBodies(heldWithin(debug.SetMemoryLimit(-1)), config.Store.Pool().Max),
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.spare = slog.New(web.Spare(h.log.Handler()))
	if h.pageSize == 0 {
		h.pageSize = gong.PageSize
	}
	if h.now == nil {
		h.now = time.Now
	}
	if h.newID == nil {
		h.newID = newRequestID
	}
	h.keys = newKeyring(h.store, h.now)
	h.limits = newLimits(h.store, config.Limit, h.now, config.Metrics)
	h.routes = []route{
		{http.MethodGet, gong.Path, gong.ScopeCallsRead, h.listCalls},
	}
	if config.Description != nil {
		h.routes = append(h.routes, route{http.MethodGet, descriptionPath, anybody, func(x *exchange, r *http.Request) error {
			config.Description.ServeHTTP(x, r)
			return nil
		}})
	}
	h.metrics = newMetrics(config.Metrics, h)
	return h, nil
}

// Close gives the day quota that was drawn and not used back to the store. It
// is called when no request is under way any more; the store is left open.
func (h *Handler) Close(ctx context.Context) error { return h.limits.close(ctx) }

// storeWithin is what a request may wait for the store, all in all: for its key,
// its quota and its page, and for those before it that read theirs. A store that
// does not answer, such as a database that is cut off, would otherwise hold
// requests until writeWithin breaks their connections. An engine may take another
// second to give up, so that whoever asks has an answer within five.
const storeWithin = 4 * time.Second

// serve is the way of every request.
func (h *Handler) serve(x *exchange, r *http.Request) error {
	found, unmatched := h.match(r)
	if found != nil && found.scope == anybody {
		x.route = found
		return found.handle(x, r)
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeWithin)
	defer cancel()
	r = r.WithContext(ctx)
	key, err := h.authenticate(x, r)
	if err != nil {
		return err
	}
	web.Known(r.Context())
	if err := h.limits.take(r.Context(), key.Company); err != nil {
		return err
	}
	if unmatched != nil {
		return unmatched
	}
	x.route = found
	if !key.Allows(x.route.scope) {
		return noPermission(x.route.scope)
	}
	return x.route.handle(x, r)
}
