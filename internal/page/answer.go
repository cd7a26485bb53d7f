package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/web"
)

// readWithin is how long the reads of one answer may take, including the wait for them.
const readWithin = 10 * time.Second

// question answers a request about a company's calls from the store, as JSON.
type question func(r *http.Request, company string) (answer any, err error)

// ask answers a question in its company's turn. It sends the answer after all reads: a slow
// client must not keep others from reading.
func (h *Handler) ask(q question) route {
	return func(w http.ResponseWriter, r *http.Request, company string) error {
		ctx, cancel := context.WithTimeout(r.Context(), readWithin)
		defer cancel()
		place, err := h.enter(ctx, company)
		if err != nil {
			return err
		}
		defer place.Leave()
		answer, err := q(r.WithContext(ctx), company)
		if err != nil {
			return err
		}
		body, err := encode(answer)
		if err != nil {
			return err
		}
		to := newClient(w)
		if to.giveTime() != nil { // it is gone
			panic(http.ErrAbortHandler)
		}
		place.Weigh(len(body), to.cutOff)
		send(w, http.StatusOK, body)
		return nil
	}
}

// enter waits until it is the company's turn to read.
func (h *Handler) enter(ctx context.Context, company string) (*web.Place, error) {
	place, err := h.reads.Enter(ctx, company)
	if err != nil {
		return nil, fmt.Errorf("wait for other reads: %w", err)
	}
	return place, nil
}

// read reads from the store in a company's turn, within readWithin.
func (h *Handler) read(ctx context.Context, company string, from func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	place, err := h.enter(ctx, company)
	if err != nil {
		return err
	}
	defer place.Leave()
	return from(ctx)
}

// refusal is an error that the client can act on.
type refusal struct {
	status  int
	text    string
	final   bool     // asking again can't help
	culprit *culprit // without which the rest can be shown
}

// culprit is the parameter that can't be answered, with its value, and what is left without it.
type culprit struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	instead
}

// instead is what a search could be: what is left of it, with one of some terms.
type instead struct {
	Without string   `json:"without"`
	Near    []string `json:"near,omitempty"`
}

func (e *refusal) Error() string { return e.text }

func refusef(status int, format string, args ...any) *refusal {
	return &refusal{status: status, text: fmt.Sprintf(format, args...), final: status < http.StatusInternalServerError}
}

// sentence is the text as people read it. A term of a search stays as it was typed.
func (e *refusal) sentence() string {
	text := e.text
	if e.culprit == nil || e.culprit.Name != "where" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

// blame names the culprit.
func (e *refusal) blame(name, value string) *refusal {
	e.culprit = &culprit{Name: name, Value: value}
	return e
}

// fail answers with an error. Causes are for the log.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var refused *refusal
	switch {
	case r.Context().Err() != nil: // the client has gone
		panic(http.ErrAbortHandler)
	case errors.As(err, &refused):
	case errors.Is(err, context.DeadlineExceeded):
		h.Log.Warn("the store did not answer the page in time", "path", r.URL.Path, "error", err)
		refused = &refusal{status: http.StatusServiceUnavailable, text: "the store did not answer in time"}
	default:
		h.Log.Error("the page can't be shown", "path", r.URL.Path, "error", err)
		refused = &refusal{status: http.StatusServiceUnavailable, text: "the store can't be read; the log says why"}
		if errors.Is(err, callvault.ErrReplaced) {
			refused.text, refused.final = "the store was replaced while it was open; start serve again", true
		}
	}
	// The failed answer has set it.
	w.Header().Del("Content-Disposition")
	body, err := encode(struct {
		Error   string   `json:"error"`
		Final   bool     `json:"final,omitempty"`
		Culprit *culprit `json:"culprit,omitempty"`
	}{refused.sentence(), refused.final, refused.culprit})
	if err == nil {
		send(w, refused.status, body)
	}
}

func encode(v any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // documents stay as they are
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("encode an answer: %w", err)
	}
	return body.Bytes(), nil
}

// send answers with JSON that must not be cached.
func send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // lets a client notice a truncated answer
	w.WriteHeader(status)
	w.Write(body)
}
