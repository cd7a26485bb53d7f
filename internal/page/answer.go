package page

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// readWithin is what all reads of one answer may take.
const readWithin = 10 * time.Second

// reading bounds how many requests read from the store at a time, and for how long.
func (h *Handler) reading(next route) route {
	return func(w http.ResponseWriter, r *http.Request, company string) error {
		ctx, cancel := context.WithTimeout(r.Context(), readWithin)
		defer cancel()
		select {
		case h.reads <- struct{}{}:
			defer func() { <-h.reads }()
		case <-ctx.Done():
			return fmt.Errorf("wait for other reads: %w", ctx.Err())
		}
		return next(w, r.WithContext(ctx), company)
	}
}

// refusal is an error that the client can act on.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return e.text }

func refusef(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// fail answers with an error. Causes are for the log.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var refused *refusal
	switch {
	case r.Context().Err() != nil: // nobody is there to be told
		return
	case errors.As(err, &refused):
	case errors.Is(err, context.DeadlineExceeded):
		h.Log.Warn("the store did not answer the page in time", "path", r.URL.Path, "error", err)
		refused = &refusal{http.StatusServiceUnavailable, "the store did not answer in time"}
	default:
		h.Log.Error("the page can't be shown", "path", r.URL.Path, "error", err)
		refused = &refusal{http.StatusServiceUnavailable, "the store can't be read; the log says why"}
	}
	// What was set for an answer that did not come to be.
	w.Header().Del("Content-Disposition")
	send(w, refused.status, struct {
		Error string `json:"error"`
	}{refused.text})
}

// send answers with JSON that is true only now. An error is the client's leaving.
func send(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // documents stay as they are
	encoder.Encode(v)
	return nil
}
