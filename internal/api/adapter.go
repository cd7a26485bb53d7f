package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/callvault/callvault/internal/web"
)

// storeWithin is how long a request may wait for the store in all: for its key, its quota,
// its turn and its page. An engine may take another second to give up, so that a client has
// an answer within five.
const storeWithin = 4 * time.Second

// statusClientGone stands only in the log, if the client disconnected before its
// answer.
const statusClientGone = 499

// ServeHTTP answers, counts and logs every request. Only here an error becomes an
// answer. If the client has disconnected, it breaks the connection, because net/http
// would send an empty 200 for a handler that wrote nothing.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, request: r, id: h.newID(), start: h.config.Now(), trace: traceID(r.Header)}
	x.set(0, "X-Traceid", x.id)
	x.set(1, "Vary", "Accept-Encoding")
	h.metrics.inFlight.Inc()
	defer h.metrics.inFlight.Dec()
	err := h.serve(x)
	if err != nil {
		if failed := x.fail(err); failed != nil {
			err = errors.Join(err, failed)
		}
	}
	took := h.config.Now().Sub(x.start)
	h.metrics.count(x, took)
	h.record(x, took, err)
	if x.status == statusClientGone {
		panic(http.ErrAbortHandler)
	}
}

// errPanic is a panic of a handler.
var errPanic = errors.New("panic")

// serve answers a request or returns an error. It turns a panic into an error.
func (h *Handler) serve(x *exchange) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, v, debug.Stack())
		}
	}()
	ctx := x.request.Context()
	found, unmatched := h.match(x)
	if found != nil && found.scope == anybody {
		x.route = found
		return found.handle(ctx, x)
	}
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	if x.key, err = h.keys.Authenticate(ctx, x.request.Header["Authorization"]); err != nil {
		return err
	}
	web.Known(ctx)
	if err := h.limits.Take(ctx, x.key.Company); err != nil {
		return err
	}
	if unmatched != nil {
		return unmatched
	}
	x.route = found
	if !x.key.Allows(found.scope) {
		return noPermission(found.scope)
	}
	return found.handle(ctx, x)
}

// fail answers with an error, unless the client is gone or the answer has begun. It
// returns the error of sending.
func (x *exchange) fail(err error) error {
	if x.request.Context().Err() != nil {
		x.status = statusClientGone
		return nil
	}
	if x.status != 0 {
		return nil
	}
	told := toClient(err)
	for name, values := range told.header {
		x.Header()[name] = values
	}
	return x.send(told.status, errorBody(x.id, told.texts))
}

// record writes the line of a request. It names no secret and nothing of the query: a
// cursor is a capability of its company, and the rest is the company's business. It cuts
// the method, because a client may send anything.
func (h *Handler) record(x *exchange, took time.Duration, err error) {
	level := slog.LevelInfo
	if x.status == http.StatusInternalServerError || errors.Is(err, errPanic) {
		level = slog.LevelError
	}
	log, ctx := h.config.Log.Handler(), x.request.Context()
	if x.key == nil || x.status == http.StatusUnauthorized { // strangers can cause it
		log = h.spare
	}
	if !log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 10)
	attrs = append(attrs, slog.String("request_id", x.id))
	if x.key != nil {
		attrs = append(attrs, slog.String("company", x.key.Company), slog.String("key", x.key.ID))
	}
	attrs = append(attrs, slog.String("method", x.request.Method[:min(len(x.request.Method), 16)]))
	if x.route != nil {
		attrs = append(attrs, slog.String("route", x.route.path))
	}
	attrs = append(attrs,
		slog.Int("status", x.status),
		slog.Int("bytes", x.bytes),
		slog.Float64("duration", took.Round(time.Microsecond).Seconds())) // as Prometheus has it
	if x.trace != "" {
		attrs = append(attrs, slog.String("trace_id", x.trace))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	r := slog.NewRecord(time.Now(), level, "request", 0) // a Logger would look for its caller
	r.AddAttrs(attrs...)
	_ = log.Handle(ctx, r)
}

// newRequestID makes the id of a request, within the 18 to 20 characters seen on the wire.
// It names a request in a log and guards nothing, so it need not be secret.
func newRequestID() string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	var id [requestIDLength]byte
	var random uint64
	for i := range id {
		if i%12 == 0 { // a uint64 has 12 random digits of base 36
			random = rand.Uint64()
		}
		id[i] = digits[random%uint64(len(digits))]
		random /= uint64(len(digits))
	}
	return string(id[:])
}

const requestIDLength = 19
