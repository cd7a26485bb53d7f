package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// readWithin is what all reads of one answer may take, waiting included.
const readWithin = 10 * time.Second

// question is what a request that may see a company's calls asks of the store; the
// answer is sent as JSON.
type question func(r *http.Request, company string) (answer any, err error)

// ask answers a question. It is sent only when it was read, so that a client which
// does not take it keeps nobody from reading.
func (h *Handler) ask(q question) route {
	return func(w http.ResponseWriter, r *http.Request, company string) error {
		var answer any
		err := h.read(r.Context(), func(ctx context.Context) (err error) {
			answer, err = q(r.WithContext(ctx), company)
			return err
		})
		if err != nil {
			return err
		}
		return send(w, http.StatusOK, answer)
	}
}

// read reads from the store, once fewer than maxReads do, within readWithin.
func (h *Handler) read(ctx context.Context, from func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	select {
	case h.reads <- struct{}{}:
		defer func() { <-h.reads }()
	case <-ctx.Done():
		return fmt.Errorf("wait for other reads: %w", ctx.Err())
	}
	return from(ctx)
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

// send answers with JSON that is true only now. An error is one of the value's: a
// client that leaves is none.
func send(w http.ResponseWriter, status int, v any) error {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // documents stay as they are
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("encode an answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	newPatient(w).Write(body.Bytes())
	return nil
}
