package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/callvault/callvault/gong"
)

// ServeHTTP answers a request, whatever happens, counts and logs it. It is the one
// place where an error becomes an answer. For a client that has gone it breaks the
// connection: net/http would send an empty 200 for a handler that wrote nothing.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := newExchange(w, h.newID(), h.now())
	h.metrics.inFlight.Inc()
	defer h.metrics.inFlight.Dec()
	x.trace = traceID(r.Header)
	err := h.serveGuarded(x, r)
	if err != nil {
		if failed := x.fail(r, err); failed != nil {
			err = errors.Join(err, failed)
		}
	}
	took := h.now().Sub(x.start)
	h.metrics.count(x, r, took)
	h.record(x, r, took, err)
	if x.status == statusClientGone {
		panic(http.ErrAbortHandler)
	}
}

// serveGuarded is serve with a panic turned into an error.
func (h *Handler) serveGuarded(x *exchange, r *http.Request) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	return h.serve(x, r)
}

// panicError is a panic of a handler.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }

// fail answers with an error, unless the client is gone or the answer has
// begun: then there is nobody to tell, or no way to. It returns what went
// wrong in telling.
func (x *exchange) fail(r *http.Request, err error) error {
	if r.Context().Err() != nil {
		x.status = statusClientGone
		return nil
	}
	if x.status != 0 {
		return nil
	}
	var answer *clientError
	if !errors.As(err, &answer) {
		answer = &clientError{status: http.StatusInternalServerError, texts: []string{gong.InternalError}}
	}
	for name, values := range answer.header {
		x.Header()[name] = values
	}
	return x.send(r, answer.status, errorBody(x.id, answer.texts))
}

// maxMethod is as much of a method as the log shows: a client may send
// anything, and no method there is has more characters.
const maxMethod = 16

// record writes the line of a request. It names no secret and nothing of the
// query: a cursor is a capability of its company, and the rest is the
// company's business.
func (h *Handler) record(x *exchange, r *http.Request, took time.Duration, err error) {
	level := slog.LevelInfo
	var panicked *panicError
	if x.status == http.StatusInternalServerError || errors.As(err, &panicked) {
		level = slog.LevelError
	}
	log := h.log
	if x.key == nil || x.status == http.StatusUnauthorized { // strangers can cause it
		log = h.spare
	}
	if !log.Enabled(r.Context(), level) {
		return
	}
	attrs := make([]slog.Attr, 0, 10)
	attrs = append(attrs, slog.String("request_id", x.id))
	if x.key != nil {
		attrs = append(attrs, slog.String("company", x.key.Company), slog.String("key", x.key.ID))
	}
	attrs = append(attrs, slog.String("method", r.Method[:min(len(r.Method), maxMethod)]))
	if x.route != nil {
		attrs = append(attrs, slog.String("route", x.route.path))
	}
	attrs = append(attrs,
		slog.Int("status", x.status),
		slog.Int("bytes", x.bytes),
		slog.Duration("duration", took.Round(time.Microsecond)))
	if x.trace != "" {
		attrs = append(attrs, slog.String("trace_id", x.trace))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	log.LogAttrs(r.Context(), level, "request", attrs...)
}
