package page

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callvault/callvault"
)

// rowsOnPage is how many calls a page of the table has.
const rowsOnPage = 50

// tablePage is a page of the table.
type tablePage struct {
	Before int   `json:"before"` // how many calls of the view stand before it
	Calls  []row `json:"calls"`
	More   bool  `json:"more"` // calls follow

	Names shownNames `json:"names"` // of the calls' hosts and workspaces
}

// row is a call of the table.
type row struct {
	At       string          `json:"at"`   // its position, for requests
	Time     string          `json:"time"` // RFC 3339, by the zone's clock
	Document json.RawMessage `json:"document"`

	position callvault.Position
}

// list is a page of calls: the first ones, those after the position in parameter after,
// or those before the position in parameter before, which may be "end".
func (h *Handler) list(r *http.Request, keyCompany string) (any, error) {
	v, err := h.view(r, keyCompany)
	if err != nil {
		return nil, err
	}
	parameters := r.URL.Query()
	var p tablePage
	if before := parameters.Get("before"); before != "" {
		p, err = v.pageBefore(r.Context(), before)
	} else {
		p, err = v.pageAfter(r.Context(), parameters.Get("after"))
	}
	if err != nil {
		return nil, err
	}
	var documents [][]byte
	for _, row := range p.Calls {
		documents = append(documents, row.Document)
	}
	p.Names, err = h.names(r.Context(), v.company, documents...)
	return p, err
}

func (v *view) pageAfter(ctx context.Context, text string) (p tablePage, err error) {
	p.Calls = []row{}
	after := v.query.Start()
	if text != "" {
		if after, err = parsePosition(text); err != nil {
			return p, err
		}
		if after.Compare(v.query.Start()) < 0 {
			after = v.query.Start()
		}
	}
	err = v.calls.Scan(ctx, v.query, after, rowsOnPage+1, func(r callvault.Record) error {
		if len(p.Calls) == rowsOnPage {
			p.More = true
			return nil
		}
		p.Calls = append(p.Calls, v.row(r))
		return nil
	})
	if err != nil || after == v.query.Start() {
		return p, err
	}
	if len(p.Calls) > 0 {
		after = p.Calls[0].position
	}
	p.Before, err = v.countBefore(ctx, after)
	return p, err
}

func (v *view) pageBefore(ctx context.Context, text string) (p tablePage, err error) {
	p.Calls = []row{}
	before := v.query.End()
	if text != "end" {
		if before, err = parsePosition(text); err != nil {
			return p, err
		}
		if before.Compare(v.query.End()) > 0 {
			before = v.query.End()
		}
	}
	err = v.calls.ScanBack(ctx, v.query, before, rowsOnPage, func(r callvault.Record) error {
		p.Calls = append(p.Calls, v.row(r))
		return nil
	})
	if err != nil {
		return p, err
	}
	slices.Reverse(p.Calls)
	p.More = text != "end"
	if len(p.Calls) == 0 {
		return p, nil
	}
	p.Before, err = v.countBefore(ctx, p.Calls[0].position)
	return p, err
}

// countBefore is how many calls of the view stand before a position: those before
// its time are counted, those of its time visited.
func (v *view) countBefore(ctx context.Context, before callvault.Position) (int, error) {
	q := v.query
	q.To = min(q.To, before.Time)
	n, err := v.calls.Count(ctx, q)
	if err != nil {
		return 0, err
	}
	q.Range = callvault.Range{From: max(v.query.From, before.Time), To: min(v.query.To, before.Time+1)}
	if q.IsEmpty() {
		return n, nil
	}
	err = v.calls.ScanBack(ctx, q, before, -1, func(callvault.Record) error {
		n++
		return nil
	})
	return n, err
}

func (v *view) row(r callvault.Record) row {
	return row{
		At:       formatPosition(r.Position()),
		Time:     shown(r.Time.UTC().In(v.span.From.Location())),
		Document: slices.Clone(r.Document),
		position: r.Position(),
	}
}

// shown is a time as its zone's clock shows it.
func shown(t time.Time) string { return t.Format(time.RFC3339Nano) }

// A position is written as microseconds and id, with a dot between them.
func formatPosition(p callvault.Position) string {
	return strconv.FormatInt(int64(p.Time), 10) + "." + p.ID.String()
}

func parsePosition(text string) (p callvault.Position, err error) {
	micros, digits, _ := strings.Cut(text, ".")
	t, timeErr := strconv.ParseInt(micros, 10, 64)
	id, idErr := callvault.ParseID(digits)
	if timeErr != nil || idErr != nil || callvault.Time(t) >= callvault.CallTimes.To || callvault.Time(t) < callvault.CallTimes.From {
		return p, refusef(http.StatusBadRequest, "%.60q is not a position of a call", text)
	}
	return callvault.Position{Time: callvault.Time(t), ID: id}, nil
}
