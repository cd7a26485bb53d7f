// Package page is the web page that shows a store's calls. Only it knows the calendar and the
// order of calls: the browser draws times as it gets them, by the clock of the chosen zone.
// Package manage checks the caller's rights before a request comes here.
package page

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/web"
)

// Config is what a Handler shows. Store is required.
type Config struct {
	Store callvault.Companies

	// Name is what people call the store. Callers who may see only one company's calls are not
	// shown it.
	Name string

	// Version is that of the program.
	Version string

	// Demo is the key of a demo, which the page may show; nil if the calls are not sample calls.
	Demo *gong.Credential

	// Formats are the formats of downloads.
	Formats []Format

	// API is the URL of the API's listener, for the curl command. If it is empty, the page shows none.
	API string

	// Command is the command that lists the store's calls on this machine, in words; flags
	// for the view are added. Where it is empty, and for callers who may see only one company's
	// calls, the command uses the API: they learn nothing of where the store is.
	Command []string

	// Mirror reads how a company's mirror stands. If it is nil, no company has one.
	Mirror ReadMirror

	// Now is the clock that "today" depends on; nil is time.Now.
	Now func() time.Time

	// Log gets the errors that no client has caused. If it is nil, nothing is logged.
	Log *slog.Logger
}

// Format is a file format.
type Format struct {
	Name        string                                                `json:"name"`      // for people
	Extension   string                                                `json:"extension"` // without a dot; names it in requests too
	ContentType string                                                `json:"-"`
	HasNames    bool                                                  `json:"-"` // of hosts and workspaces
	New         func(io.Writer, callvault.EntryNames) (Writer, error) `json:"-"`
}

// Writer writes a file of calls: Write adds a call's document, Close completes the
// file.
type Writer interface {
	Write(document []byte) error
	Close() error
}

// Formats are the formats of downloads. Open makes the writer of an extension.
func Formats(open func(w io.Writer, extension string, names callvault.EntryNames) (Writer, error)) (formats []Format) {
	for _, f := range []Format{
		{Name: "CSV", Extension: "csv", ContentType: "text/csv; charset=utf-8", HasNames: true},
		{Name: "NDJSON", Extension: "ndjson", ContentType: "application/x-ndjson"},
		{Name: "Parquet", Extension: "parquet", ContentType: "application/vnd.apache.parquet", HasNames: true},
	} {
		f.New = func(w io.Writer, names callvault.EntryNames) (Writer, error) { return open(w, f.Extension, names) }
		formats = append(formats, f)
	}
	return formats
}

// Handler serves the page. It is safe for concurrent use.
type Handler struct {
	Config
	assets    map[string]http.Handler
	routes    map[string]route
	reads     *web.Turns
	downloads *web.Turns // each weighs 1
}

// route answers a request that may see one company's calls, or with an empty company
// every company's.
type route func(w http.ResponseWriter, r *http.Request, company string) error

// How much runs at the same time. The page must leave the store to the clients of the API;
// SQLite has at least four readers.
const (
	maxReads     = 2 // with those of downloads
	maxDownloads = 4 // half of them for one company

	// maxHeld is how many bytes of answers may wait for their clients.
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
	assets, err := newAssets()
	if err != nil {
		return nil, err
	}
	h := &Handler{
		Config:    config,
		assets:    assets,
		reads:     web.NewTurns(maxReads, maxHeld),
		downloads: web.NewTurns(1, maxDownloads),
	}
	h.routes = map[string]route{
		"/api/site":     h.ask(h.site),
		"/api/view":     h.ask(h.look),
		"/api/call":     h.ask(h.call),
		"/api/latest":   h.ask(h.latest),
		"/api/outside":  h.ask(h.outside),
		"/api/range":    h.ask(h.written),
		"/api/mirror":   h.ask(h.mirror),
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

// policy lets the page load files of its own listener only, forbids frames, and forbids
// making HTML or scripts from strings.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
