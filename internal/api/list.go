package api

import (
	"context"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// listCalls is GET /v2/calls: one page of the calls in a range.
func (h *Handler) listCalls(ctx context.Context, x *exchange) error {
	p := parameters{names: &queryNames}
	p.parse(x.request.URL.RawQuery)
	w := h.readWalk(x, &p, nil)
	if err := p.err(); err != nil {
		return err
	}
	return h.sendPage(ctx, x, &listing{w, h.config.Store.Calls(x.key.Company), "calls", h.document})
}

// readWalk reads the parameters of a page of calls, from a query or a body. Chosen are the
// calls that a body chooses among, nil for those of a query.
func (h *Handler) readWalk(x *exchange, p *parameters, among *chosen) walk {
	w := h.beginWalk(x, p, walk{chosen: among.digest()})
	if !h.config.OptionalDates && !p.sent(cursorParameter) && !among.hasIDs() {
		for _, which := range []int{fromParameter, toParameter} {
			if !p.sent(which) {
				p.refuse(which, p.names[which]+": "+gong.MustNotBeNull)
				p.advice = optionalDates
			}
		}
	}
	readRange(p, &w.Range)
	if workspace, sent := read(p, workspaceParameter, parseID); sent {
		if w.Number > 0 && workspace != w.Workspace {
			p.refuseCursor(errCursorWorkspace)
		}
		w.Workspace = workspace
	}
	return w
}

// beginWalk is the walk that a request begins, or the one that its cursor continues.
func (h *Handler) beginWalk(x *exchange, p *parameters, w walk) walk {
	w.Range, w.Size = callvault.AllTime, h.config.PageSize
	w.expires, w.company = x.start.Add(h.config.CursorLife).Unix(), x.key.Company
	text := p.values[cursorParameter]
	if text == "" || p.problems[cursorParameter] != "" {
		return w
	}
	opened, err := h.continueWalk(text, x, &w)
	if err != nil {
		p.refuseCursor(err)
		return w
	}
	return opened
}

// readRange reads the dates that were sent into a range.
func readRange(p *parameters, r *callvault.Range) {
	from, fromSent := read(p, fromParameter, parseInstant)
	to, toSent := read(p, toParameter, parseInstant)
	if fromSent {
		r.From = callvault.CeilTime(from)
	}
	if toSent {
		r.To = callvault.CeilTime(to)
	}
	empty := r.From >= r.To
	if fromSent && toSent {
		empty = !from.Before(to) // rounded, two bounds may meet that did not when sent
	}
	if empty && p.problems[toParameter] == "" {
		p.refuse(fromParameter, p.names[fromParameter]+": "+gong.MustBeBefore(p.names[toParameter]))
	}
}

// optionalDates is for clients that can't send both dates.
const optionalDates = "callvault serve --dates=optional allows requests without dates"

// continueWalk opens a cursor that the caller sent, if it is the caller's, of the same
// resource and choice, and in time. It checks the company first, so that a stranger does not
// learn when it expires.
func (h *Handler) continueWalk(text string, x *exchange, begun *walk) (walk, error) {
	w, err := openWalk(h.cursors, text)
	switch {
	case err != nil:
		return walk{}, err
	case w.company != x.key.Company:
		return walk{}, errCursorCompany
	case w.isOfUsers != begun.isOfUsers || w.chosen != begun.chosen:
		return walk{}, errCursorRoute
	case x.start.Unix() >= w.expires:
		return walk{}, errCursorExpired
	}
	return w, nil
}
