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
	page, err := callvault.ListPage(ctx, h.store.Calls(x.key.Company), walk.PageQuery, body.visit)
	if err != nil {
		return fmt.Errorf("list calls: %w", err)
	}
	if page.Size == 0 && page.Number == 0 {
		return refuse(http.StatusNotFound, gong.NoCallsFound, "no calls in the range")
	}
	var next *cursor
	if page.More {
		next = &cursor{
			last:    page.Last,
			total:   page.Total,
			number:  page.Number,
			size:    walk.Size,
			expires: walk.expires,
			company: x.key.Company,
			query:   walk.Query,
		}
	}
	whole := body.finish(x.id, page, next, h.cursors)
	place.Weigh(len(whole), x.cutOff)
	return x.send(http.StatusOK, whole)
}

// walk is the page that a request asks for, and the end of the cursors that
// lead from page to page, in seconds since 1970.
type walk struct {
	callvault.PageQuery
	expires int64
}

// parseListCalls reads the query of GET /v2/calls. It finds every problem there
// is, one to a parameter, and names all of them in one error.
func (h *Handler) parseListCalls(x *exchange) (walk, error) {
	var p parameters
	p.parse(x.request.URL.RawQuery)
	w := walk{
		PageQuery: callvault.PageQuery{Query: callvault.Query{Range: callvault.AllTime}, Size: h.pageSize},
		expires:   x.start.Add(cursorLife).Unix(),
	}
	if text := p.value(cursorParameter); text != "" {
		c, err := h.openCursor(text, x)
		if err != nil {
			p.refuseCursor(err)
		} else {
			w.resume(c)
		}
	}
	from, fromSent := p.time(fromParameter)
	to, toSent := p.time(toParameter)
	if h.dates == RequireDates && !p.sent(cursorParameter) {
		p.require(fromParameter)
		p.require(toParameter)
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
	if empty && p.sound(toParameter) {
		p.refuse(fromParameter, gong.FromBeforeTo)
	}
	if workspace, sent := p.id(workspaceParameter); sent {
		if w.Number > 0 && workspace != w.Workspace {
			p.refuseCursor(errCursorWorkspace)
		}
		w.Workspace = workspace
	}
	return w, p.err()
}

// openCursor opens a cursor that the caller sent, if it is the caller's and in
// time. Whose it is comes first: a stranger does not learn when it expires.
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

// resume goes on after the page that a cursor stands for.
func (w *walk) resume(c cursor) {
	w.Query = c.query
	w.Size = c.size
	w.Number = c.number + 1
	w.After = c.last
	w.Total = c.total
	w.expires = c.expires
}
