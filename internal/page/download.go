package page

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/web"
)

// Limits of a download.
const (
	// takeWithin is how long a client may take for the next chunk.
	takeWithin = time.Minute

	// A chunk is read to its end before it is sent: a store has few readers, and a slow
	// client must not hold one. A chunk ends at either bound.
	chunkCalls = 2000
	chunkBytes = 4 << 20
)

// download sends the view as a file in the format that parameter format names by its
// extension. As on the API's pages, no call comes twice and no call that stays in its place
// is missed. A download that fails is cut off, so that no browser takes a fragment for the whole.
func (h *Handler) download(w http.ResponseWriter, r *http.Request, keyCompany string) error {
	format, err := h.format(r.URL.Query().Get("format"))
	if err != nil {
		return err
	}
	if !r.ProtoAtLeast(1, 1) { // where a file ends with the connection, a fragment looks whole
		return refusef(http.StatusHTTPVersionNotSupported, "a download needs HTTP/1.1, in which a client notices that a file was cut off")
	}
	place, err := h.begin(r.Context(), keyCompany)
	if err != nil {
		return err
	}
	defer place.Leave()
	var v view
	var names callvault.EntryNames
	var name string
	err = h.read(r.Context(), keyCompany, func(ctx context.Context) (err error) {
		if v, err = h.view(r.WithContext(ctx), keyCompany); err != nil {
			return err
		}
		if name, err = h.fileName(ctx, v); err != nil || !format.HasNames {
			return err
		}
		names, err = callvault.ReadEntryNames(ctx, h.Store.Directory(v.company))
		return err
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", format.ContentType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+"."+format.Extension+`"`)
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return nil
	}
	file, err := format.New(newClient(w), names)
	if err == nil {
		err = h.write(r.Context(), keyCompany, v, file)
	}
	if err == nil {
		err = file.Close()
	}
	if err == nil {
		return nil
	}
	if r.Context().Err() == nil {
		h.Log.Error("a download was cut off", "company", v.company, "format", format.Extension, "error", err)
	}
	panic(http.ErrAbortHandler)
}

// begin waits until a company may download another file. It gives up after readWithin,
// because a download can last for hours.
func (h *Handler) begin(ctx context.Context, company string) (*web.Place, error) {
	within, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	place, err := h.downloads.Enter(within, company)
	if err != nil {
		return nil, refusef(http.StatusServiceUnavailable, "too many downloads are running; wait for one to end")
	}
	place.Weigh(1, nil)
	return place, nil
}

func (h *Handler) format(extension string) (Format, error) {
	var known []string
	for _, f := range h.Formats {
		if f.Extension == extension {
			return f, nil
		}
		known = append(known, f.Extension)
	}
	return Format{}, refusef(http.StatusBadRequest, "format must be one of %s", strings.Join(known, ", "))
}

// fileName names the company, what the search selects, and the range by its last day, without the
// extension.
func (h *Handler) fileName(ctx context.Context, v view) (string, error) {
	selected, err := h.selected(ctx, v)
	if err != nil {
		return "", err
	}
	layout, last := "2006-01-02T150405", v.span.To
	if atMidnight(v.span.From) && atMidnight(v.span.To) {
		layout, last = time.DateOnly, v.span.To.Add(-1)
	}
	name := "calls-" + v.company + selected + "-" + v.span.From.Format(layout)
	if end := last.Format(layout); !strings.HasSuffix(name, end) {
		name += "-to-" + end
	}
	return name, nil
}

// selected is the workspace that the search asks for, if nothing else, by its name in plain
// letters or its id.
func (h *Handler) selected(ctx context.Context, v view) (string, error) {
	switch {
	case len(v.where.Terms) == 0:
		return "", nil
	case !v.isWorkspace():
		return "-filtered", nil
	}
	id := v.filter.Workspaces[0]
	names, err := h.namesOf(ctx, v.company, map[callvault.Kind][]callvault.ID{callvault.Workspaces: {id}})
	const most = 40
	plain := strings.ReplaceAll(callvault.Fold(names[callvault.Workspaces][id.String()]), " ", "-")
	if plain == "" || len(plain) > most || strings.ContainsFunc(plain, func(r rune) bool { return r > unicode.MaxASCII }) {
		plain = id.String()
	}
	return "-" + plain, err
}

func atMidnight(t time.Time) bool {
	hour, minute, second := t.Clock()
	return hour+minute+second+t.Nanosecond() == 0
}

// write writes the calls of the view in chunks, and reads each in the company's turn.
func (h *Handler) write(ctx context.Context, company string, v view, file Writer) error {
	chunk := make([][]byte, 0, chunkCalls)
	for after, isOver := v.query.Start(), false; ; {
		err := h.read(ctx, company, func(ctx context.Context) error {
			last, err := v.chunk(ctx, after, &chunk)
			after, isOver = last, last == after
			return err
		})
		if err != nil {
			return err
		}
		for _, document := range chunk {
			if err := file.Write(document); err != nil {
				return err
			}
		}
		if isOver {
			return nil
		}
	}
}

var errChunkFull = errors.New("the chunk is full")

// chunk reads documents after a position, into what was read before. It tells where it has come
// to: the same position behind the last call.
func (v *view) chunk(ctx context.Context, after callvault.Position, chunk *[][]byte) (last callvault.Position, err error) {
	*chunk, last = (*chunk)[:0], after
	bytes := 0
	err = v.calls.Scan(ctx, v.query, after, chunkCalls, func(row callvault.Record) error {
		last = row.Position()
		if !v.has(&row.Call) {
			return nil
		}
		*chunk = append(*chunk, slices.Clone(row.Document))
		if bytes += len(row.Document); bytes > chunkBytes {
			return errChunkFull
		}
		return nil
	})
	if errors.Is(err, errChunkFull) {
		err = nil
	}
	return last, err
}

// client is the receiver of an answer. It may take takeWithin for each chunk.
type client struct {
	io.Writer
	control *http.ResponseController
}

func newClient(w http.ResponseWriter) *client {
	return &client{w, http.NewResponseController(w)}
}

func (c *client) Write(b []byte) (int, error) {
	if err := c.giveTime(); err != nil {
		return 0, err
	}
	return c.Writer.Write(b)
}

// giveTime gives the client takeWithin from now on.
func (c *client) giveTime() error {
	err := c.control.SetWriteDeadline(time.Now().Add(takeWithin))
	if errors.Is(err, http.ErrNotSupported) { // a test's
		err = nil
	}
	return err
}

// cutOff ends the sending, from any goroutine. The connection can't be used after that.
func (c *client) cutOff() { _ = c.control.SetWriteDeadline(time.Unix(1, 0)) }
