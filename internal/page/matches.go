package page

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/callvault/callvault"
)

// matches is how many calls of a company match a search.
func (v *view) matches(ctx context.Context, within callvault.Range) (int, error) {
	q := callvault.Query{Range: within}
	if len(v.where.Terms) == 0 {
		return v.calls.Count(ctx, q)
	}
	found, err := v.calls.View(ctx, callvault.ViewQuery{Query: q, Filter: v.filter})
	return found.Figures.Calls, err
}

// outsideWithin is how long calls are counted outside of a range: nobody has asked for that.
const outsideWithin = 2 * time.Second

// outside is what a search finds outside the range of its view.
type outside struct {
	Calls *int `json:"calls"` // null if they are too many to be counted within outsideWithin
}

// outside is asked for after the view, because it walks over all calls however short the range is.
func (h *Handler) outside(r *http.Request, keyCompany string) (any, error) {
	v, err := h.view(r, keyCompany)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), outsideWithin)
	defer cancel()
	found, err := v.calls.View(ctx, callvault.ViewQuery{
		Query: callvault.Query{Range: callvault.AllTime}, Filter: v.filter, Earlier: v.query.Range,
	})
	if ctx.Err() != nil && r.Context().Err() == nil {
		return outside{}, nil
	}
	return outside{new(found.Figures.Calls - found.Earlier.Calls)}, err
}

// latest tells whether a view has changed. Calls are counted only if the company's number is not
// the one in parameter number, because an open page asks every few seconds.
type latest struct {
	Number int64 `json:"number"` // of the company's last change
	Calls  *int  `json:"calls,omitempty"`
}

// latest counts the calls that match in the range of the view and in the one that the page
// shows, in parameter shown: the two differ when a day has begun since.
func (h *Handler) latest(r *http.Request, keyCompany string) (any, error) {
	v, err := h.place(r, keyCompany)
	if err != nil {
		return nil, err
	}
	var l latest
	parameters := r.URL.Query()
	if l.Number, err = v.calls.Latest(r.Context()); err != nil || parameters.Get("number") == strconv.FormatInt(l.Number, 10) {
		return l, err
	}
	if err := v.parse(r, h); err != nil {
		return nil, err
	}
	within := v.query.Range
	from, to, _ := strings.Cut(parameters.Get("shown"), "/")
	if shown, err := time.Parse(time.RFC3339Nano, from); err == nil {
		within.From = min(within.From, callvault.CeilTime(shown))
	}
	if shown, err := time.Parse(time.RFC3339Nano, to); err == nil {
		within.To = max(within.To, callvault.CeilTime(shown))
	}
	l.Calls = new(int)
	*l.Calls, err = v.matches(r.Context(), within)
	return l, err
}
