package page

import (
	"context"
	"math"
	"net/http"
	"slices"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/when"
)

const (
	// maxBars is how many bars a chart may have, unless they are years. A count takes less
	// than a tenth of a millisecond on SQLite.
	maxBars = 400

	// stretch is how many units are counted together first, to skip those without calls.
	stretch = 100
)

// units are the lengths that a bar can have, the shortest first, each with its seconds and
// with the most bars that it is chosen for by default.
var units = [...]struct {
	when.Unit
	seconds int64
	few     int64
}{
	{when.Hour, 3600, 72},
	{when.Day, 86400, 124},
	{when.Week, 7 * 86400, 130},
	{when.Month, 30 * 86400, 240},
	{when.Year, 365 * 86400, math.MaxInt32}, // dates have four digits
}

// summary is the counts of a view.
type summary struct {
	Company string      `json:"company"`
	Zone    string      `json:"zone"`
	From    string      `json:"from"` // like every time here, RFC 3339 by the zone's clock
	To      string      `json:"to"`
	Total   int         `json:"total"`
	Unit    when.Unit   `json:"unit"`  // of a bar
	Units   []when.Unit `json:"units"` // that can be chosen
	Bars    []bar       `json:"bars"`  // without gaps, up to To
	Curl    string      `json:"curl,omitempty"`
	Command string      `json:"command,omitempty"`
}

type bar struct {
	From  string `json:"from"`
	Count int    `json:"count"`
}

// summary counts the calls of a view by the unit in parameter by, or by another one if
// that would make too many bars. The total is the sum of the bars, so they never differ.
func (h *Handler) summary(r *http.Request, keyCompany string) (any, error) {
	v, err := h.view(r, keyCompany)
	if err != nil {
		return nil, err
	}
	s := summary{
		Company: v.company,
		Zone:    v.span.From.Location().String(),
		From:    shown(v.span.From),
		To:      shown(v.span.To),
		Curl:    h.curl(r, v),
		Command: h.command(r, keyCompany, v),
	}
	s.Unit, s.Units = unitsOf(v.span, when.Unit(r.URL.Query().Get("by")))
	if s.Bars, err = v.bars(r.Context(), s.Unit); err != nil {
		return nil, err
	}
	for _, b := range s.Bars {
		s.Total += b.Count
	}
	return s, nil
}

// unitsOf are the units that fit a range, and the one to show. The longest is
// about as long as the range.
func unitsOf(span when.Span, wish when.Unit) (meant when.Unit, fitting []when.Unit) {
	seconds := span.To.Unix() - span.From.Unix()
	for _, u := range units {
		tooMany := u.Unit != when.Year && seconds > (maxBars-2)*u.seconds // the first and the last may be cut short
		tooFew := seconds < u.seconds*9/10                                // a day may have 23 hours, a month 28 days
		if tooMany || tooFew && len(fitting) > 0 {
			continue
		}
		fitting = append(fitting, u.Unit)
		if meant == "" && seconds <= u.few*u.seconds {
			meant = u.Unit
		}
	}
	if slices.Contains(fitting, wish) {
		meant = wish
	}
	return meant, fitting
}

// bars counts the calls of each unit. One call of a wrong year makes a range of
// centuries: where a stretch of units has none, they are not counted one by one.
func (v *view) bars(ctx context.Context, unit when.Unit) (bars []bar, err error) {
	q := callvault.Query{Workspace: v.query.Workspace}
	for spans := range slices.Chunk(slices.Collect(v.span.By(unit)), stretch) {
		q.Range = rangeOf(when.Span{From: spans[0].From, To: spans[len(spans)-1].To})
		together, err := v.calls.Count(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, span := range spans {
			b := bar{From: shown(span.From)}
			q.Range = rangeOf(span)
			if together > 0 {
				b.Count, err = v.calls.Count(ctx, q)
			}
			if err != nil {
				return nil, err
			}
			bars = append(bars, b)
		}
	}
	return bars, nil
}
