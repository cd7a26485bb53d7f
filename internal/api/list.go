package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// listCalls is GET /v2/calls: one page of the calls in a range.
func (h *Handler) listCalls(ctx context.Context, x *exchange) error {
	walk, err := h.parseListCalls(x)
	if err != nil {
		return err
	}
	place, err := h.bodies.Enter(ctx, x.key.Company)
	if err != nil {
		return fmt.Errorf("wait for the company's turn: %w", err)
	}
	defer place.Leave()
	body := newPageBody()
	defer body.release()
	page, err := callvault.ListPage(ctx, h.config.Store.Calls(x.key.Company), walk.PageQuery, body.visit)
	if err != nil {
		return fmt.Errorf("list calls: %w", err)
	}
	if page.Size == 0 && page.Number == 0 {
		return refuse(http.StatusNotFound, gong.NoCallsFound, "no calls in the range")
	}
	walk.Number, walk.After, walk.Total = page.Number+1, page.Last, page.Total
	body.finish(x.id, page, &walk, h.cursors)
	place.Weigh(len(body.head)+len(body.calls), x.cutOff)
	return x.send(http.StatusOK, body.head, body.calls)
}

// parseListCalls reads the query of GET /v2/calls. It names every
// problem in one error, one for each parameter.
func (h *Handler) parseListCalls(x *exchange) (cursor, error) {
	var p parameters
	p.parse(x.request.URL.RawQuery)
	w := cursor{
		PageQuery: callvault.PageQuery{Query: callvault.Query{Range: callvault.AllTime}, Size: h.config.PageSize},
		expires:   x.start.Add(h.config.CursorLife).Unix(),
		company:   x.key.Company,
	}
	if text := p.values[cursorParameter]; text != "" && p.problems[cursorParameter] == "" {
		c, err := h.openCursor(text, x)
		if err != nil {
			p.refuseCursor(err)
		} else {
			w = c
		}
	}
	from, fromSent := read(&p, fromParameter, parseInstant)
	to, toSent := read(&p, toParameter, parseInstant)
	if !h.config.OptionalDates && !p.sent(cursorParameter) {
		for _, which := range []int{fromParameter, toParameter} {
			if !p.sent(which) {
				p.refuse(which, parameterNames[which]+": "+gong.MustNotBeNull)
				p.advice = optionalDates
			}
		}
	}
	if fromSent {
		w.From = callvault.CeilTime(from)
	}
	if toSent {
		w.To = callvault.CeilTime(to)
	}
	empty := w.From >= w.To
	if fromSent && toSent {
		empty = !from.Before(to) // rounded, two bounds may meet that did not when sent
	}
	if empty && p.problems[toParameter] == "" {
		p.refuse(fromParameter, gong.FromBeforeTo)
	}
	if workspace, sent := read(&p, workspaceParameter, parseWorkspace); sent {
		if w.Number > 0 && workspace != w.Workspace {
			p.refuseCursor(errCursorWorkspace)
		}
		w.Workspace = workspace
	}
	return w, p.err()
}

// optionalDates is for clients that can't send both dates.
const optionalDates = "callvault serve --dates=optional allows requests without dates"

// openCursor opens a cursor that the caller sent, if it is the caller's and in time. It
// checks the company first, so that a stranger does not learn when it expires.
func (h *Handler) openCursor(text string, x *exchange) (cursor, error) {
	c, err := h.cursors.open(text)
	switch {
	case err != nil:
		return cursor{}, err
	case c.company != x.key.Company:
		return cursor{}, errCursorCompany
	case x.start.Unix() >= c.expires:
		return cursor{}, errCursorExpired
	}
	return c, nil
}
