// Package page is the web page that shows a store's calls: a range, a chart of how
// many there are, a table, one call's document, and the same calls as files and as
// lines for a shell.
//
// What the browser gets is plain HTML, CSS and JavaScript from the binary; nothing
// is loaded from elsewhere, which a Content-Security-Policy holds it to. Everything
// that depends on the calendar or on the order of calls is reckoned here, so that it
// is reckoned once: the browser gets times as its zone's clock shows them, with the
// offset from UTC, and draws them.
//
// Who may see what is decided before a request comes here.
package page

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/web"
)

// Config is what a Handler shows. Store is required.
type Config struct {
	// Store has the calls.
	Store callvault.Store

	// Formats are the files that calls can be had as.
	Formats []Format

	// API is the URL of the API's listener, for a line of curl; empty is no line.
	API string

	// Command is how a person on this machine lists the store's calls by the command
	// line, in words for a shell; flags of what is shown are added. Empty lists them
	// through the API.
	Command []string

	// Links are shown at the foot of the page.
	Links []Link

	// Now is the time that "today" is of; nil is the clock's.
	Now func() time.Time

	// Log is told what went wrong that no client can be blamed for. Nil is no log.
	Log *slog.Logger
}

// Format is a kind of file.
type Format struct {
	Name        string // for people
	Extension   string // without a dot; names it in requests too
	ContentType string
	New         func(io.Writer) (Writer, error)
}

// Writer writes a file of calls: Write adds a call's document, Close completes the
// file.
type Writer interface {
	Write(document []byte) error
	Close() error
}

// Link is a link to another page.
type Link struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

// Handler serves the page. It is safe for concurrent use.
type Handler struct {
	Config
	assets    *assets
	routes    map[string]route
	reads     *web.Turns
	downloads *web.Turns // each weighs 1
}

// route answers a request that may see a company's calls; of no company, it may see
// those of any.
type route func(w http.ResponseWriter, r *http.Request, company string) error

// What is done at the same time, at most: an operator's page must not take the store
// from the clients of the API. SQLite has four readers at least.
const (
	maxReads     = 2 // those of downloads included
	maxDownloads = 4 // of one company, half of them

	// maxHeld is how many bytes of answers may wait for their clients to take them.
	maxHeld = 16 << 20
)

// New makes a page.
func New(config Config) (*Handler, error) {
	if config.Store == nil {
		return nil, errors.New("page: no store")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handler{
		Config:    config,
		assets:    newAssets(),
		reads:     web.NewTurns(maxReads, maxHeld),
		downloads: web.NewTurns(1, maxDownloads),
	}
	h.routes = map[string]route{
		"/":             h.index,
		"/api/site":     h.ask(h.site),
		"/api/summary":  h.ask(h.summary),
		"/api/calls":    h.ask(h.list),
		"/api/call":     h.ask(h.document),
		"/api/download": h.download,
	}
	return h, nil
}

// Serve answers GET and HEAD. The client may see one company's calls, or with an empty
// company those of all.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request, company string) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	answer, ok := h.routes[r.URL.Path]
	if !ok {
		answer = h.asset
	}
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil { // URL.Query would leave out a filter
		h.fail(w, r, refusef(http.StatusBadRequest, "the query is malformed; write %%3B for ; and %%25 for %%"))
		return
	}
	if err := answer(w, r, company); err != nil {
		h.fail(w, r, err)
	}
}

// policy lets the page load what its own listener has, be shown in no frame, and make
// no HTML or script of a string.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
