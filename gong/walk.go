package gong

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"
)

// Calls walks through all calls of a query, page after page, in the server's
// order: by their date, ascending. A cursor that expires on the way (Gong's live
// an hour) does not end the walk: it goes on from the last call that was met,
// and repeats and misses none.
//
// A call that breaks the contract comes as an error that is a *CallError, and
// the walk goes on behind it. Every other error is the last thing that comes:
// those of ListCalls.
func (c *Client) Calls(ctx context.Context, q ListCallsQuery) iter.Seq2[Call, error] {
	return func(yield func(Call, error) bool) {
		for p, err := range c.Pages(ctx, q) {
			if err != nil {
				yield(Call{}, err)
				return
			}
			for _, call := range p.Calls {
				if !yield(call.Call, call.Err) {
					return
				}
			}
		}
	}
}

// Page is a page of a walk. Its records are those of the server's answer; its
// calls are those that no page before it had.
type Page struct {
	RequestID string
	Records   Records
	Calls     []PageCall
}

// PageCall is a call, or what is wrong with it.
type PageCall struct {
	Call Call
	Err  error
}

// Pages is Calls by the page, for those who want to know how many there are.
func (c *Client) Pages(ctx context.Context, q ListCallsQuery) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		w := walk{client: c, query: q}
		for !w.over {
			p, err := w.next(ctx)
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// walk is how far a walk has come.
type walk struct {
	client *Client
	query  ListCallsQuery
	cursor string
	over   bool

	// To go on after a cursor has expired: the second of the latest date that was
	// met, and the ids of all calls from then on. Calls that come in another order
	// leave no place to go on from.
	second    int64
	recent    map[string]bool
	disorder  bool
	advancing bool // a new call was met since the walk began, or began anew
}

// next asks for the next page.
func (w *walk) next(ctx context.Context) (*Page, error) {
	p, err := w.client.page(ctx, w.query, w.cursor)
	if w.cursor != "" && isExpired(err) {
		if !w.advancing || w.disorder {
			return nil, err
		}
		w.advancing = false
		if second := time.Unix(w.second, 0); second.After(w.query.From) {
			w.query.From = second
		}
		p, err = w.client.page(ctx, w.query, "")
	}
	if err != nil {
		return nil, err
	}
	page := &Page{RequestID: p.RequestID, Records: p.Records, Calls: make([]PageCall, 0, len(p.Calls))}
	for i, document := range p.Calls {
		call, err := ParseCall(document)
		if err != nil {
			err = fmt.Errorf("gong: call %d of the answer to request %s: %w", i+1, p.RequestID, err)
			page.Calls = append(page.Calls, PageCall{Err: err})
			continue
		}
		if w.isNew(&call) {
			page.Calls = append(page.Calls, PageCall{Call: call})
		}
	}
	w.cursor = p.Records.Cursor
	w.over = w.cursor == ""
	return page, nil
}

// isNew tells whether a call was not met before, and remembers it.
func (w *walk) isNew(call *Call) bool {
	date := call.Date()
	if date.IsZero() {
		w.disorder = true
		return true
	}
	second := date.Instant().Unix()
	switch {
	case w.recent == nil || second > w.second:
		w.second, w.recent = second, make(map[string]bool)
	case second < w.second:
		w.disorder = true
	case w.recent[call.ID]:
		return false
	}
	w.recent[call.ID] = true
	w.advancing = true
	return true
}

// isExpired tells whether a server does not take a cursor any more. Beside the
// words for one that is too old there are those for one that it does not know:
// its secret may have changed.
func isExpired(err error) bool {
	refusal := (*Error)(nil)
	if !errors.As(err, &refusal) || refusal.Status < http.StatusBadRequest || refusal.Status >= http.StatusInternalServerError {
		return false
	}
	return refusal.says("cursor has expired") || refusal.says("failed to verify cursor")
}
