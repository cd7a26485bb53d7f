package gong

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"
)

// Calls walks through all calls of a query, page after page, in the server's
// order: by their date, ascending. A cursor that expires on the way (Gong's live
// an hour) does not end the walk: it goes on from the last call that was met.
// Each call comes once.
//
// A call that breaks the contract comes as an error that is a *CallError, and
// the walk goes on after it. Every other error ends the walk: a *ShortError if the
// server ended its list too early, ErrNoProgress if it leads in a circle, or an error of
// ListCalls. A walk without such an error is whole.
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

	// Missing is how many calls the list of a whole walk is short of the first page's
	// total: calls may have been deleted meanwhile, and the total of a live account
	// runs ahead of its list. It is 0 on every page but the last.
	Missing int
}

// PageCall is a call, or the error that says what is wrong with it.
type PageCall struct {
	Call Call
	Err  error
}

// Pages is Calls page by page, with the server's records.
func (c *Client) Pages(ctx context.Context, q ListCallsQuery) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		w := walk{client: c, query: q, total: unknown, calls: make(seen), cursors: make(seen)}
		for {
			p, err := w.next(ctx)
			if err == io.EOF {
				return
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// walk is the state of a walk.
type walk struct {
	client  *Client
	query   ListCallsQuery
	cursor  string
	begun   bool  // a page has come
	end     error // the end after the page that was handed out; io.EOF is a whole walk
	total   int   // of the first page
	met     int   // calls so far
	largest int   // calls on the largest page so far
	calls   seen  // ids, and calls that break the contract
	cursors seen

	// After a cursor has expired the walk begins again at the second of the latest date,
	// and the server lists the calls of that second again. In another order there is no
	// place to begin again.
	dated     bool // a call had a date
	second    int64
	inSecond  int // calls since that second began
	again     int // calls that the server still has to list again
	disorder  bool
	advancing bool // a new call came since the walk began, or began again
}

// next requests the next page.
func (w *walk) next(ctx context.Context) (*Page, error) {
	if w.end != nil {
		return nil, w.end
	}
	p, err := w.client.page(ctx, w.query, w.cursor)
	if w.cursor != "" && isExpired(err) {
		if !w.advancing || w.disorder {
			return nil, err
		}
		w.beginAgain()
		p, err = w.client.page(ctx, w.query, "")
	}
	if refusal := asError(err); refusal != nil && refusal.Status == http.StatusNotFound && w.begun {
		if isEmptyRange(err) && w.total >= 0 && w.met >= w.total {
			return nil, io.EOF
		}
		return nil, w.short("it answered 404 in place of the next page", err)
	}
	if err != nil {
		return nil, err
	}
	return w.take(p)
}

// beginAgain begins again at the second of the latest call.
func (w *walk) beginAgain() {
	w.advancing, w.again, w.cursor = false, w.inSecond, ""
	clear(w.cursors)
	if second := time.Unix(w.second, 0); second.After(w.query.From) {
		w.query.From = second
	}
}

// take takes the calls of a page, and decides whether the walk goes on.
func (w *walk) take(p *page) (*Page, error) {
	first := !w.begun
	if first {
		w.begun, w.total = true, p.total
	}
	page := &Page{RequestID: p.requestID, Records: p.records, Calls: w.fresh(p)}
	isAgain := w.again > 0 && len(p.calls) > 0
	w.again -= len(p.calls) - len(page.Calls)
	w.cursor = p.records.Cursor
	switch {
	case w.cursor == "":
		w.end = w.ending(p, first)
		if w.end == io.EOF && w.total > w.met {
			page.Missing = w.total - w.met
		}
	case len(page.Calls) == 0 && !isAgain:
		return nil, fmt.Errorf("%w: a page has a cursor, but only calls that came before", ErrNoProgress)
	case !w.cursors.add([]byte(w.cursor)):
		w.end = fmt.Errorf("%w: the server sent the same cursor again", ErrNoProgress)
	}
	w.largest = max(w.largest, len(p.calls))
	return page, nil
}

// ending tells whether a page without a cursor makes the walk whole.
func (w *walk) ending(p *page, first bool) error {
	missing := w.total - w.met
	full := len(p.calls) >= w.largest
	if first {
		// One page does not show how many calls the server puts on a page, but no total
		// of the same moment runs ahead by more than the page has.
		full = len(p.calls) >= PageSize || missing > len(p.calls)
	}
	switch {
	case w.total != unknown && missing <= 0:
		return io.EOF
	case first && len(p.calls) == 0 && missing > 0:
		return w.short("its first page is empty and has no cursor", nil)
	case !p.hasRecords && len(p.calls) > 0:
		return w.short("its last page has no records, which would say whether there are more", nil)
	case w.total != unknown && full:
		return w.short("its last page is full and has no cursor", nil)
	}
	return io.EOF
}

// short is the error of a list that ended too early.
func (w *walk) short(reason string, err error) error {
	return &ShortError{Met: w.met, Total: w.total, Reason: reason, Err: err}
}

// fresh are the calls of a page that no earlier page had.
func (w *walk) fresh(p *page) []PageCall {
	fresh := make([]PageCall, 0, len(p.calls))
	here := make(map[string]bool, len(p.calls))
	for i, document := range p.calls {
		call, err := listedCall(document)
		switch {
		case err == nil && here[call.ID]:
			err = &CallError{[]FieldError{{"id", fmt.Sprintf("%s appears on this page twice", call.ID)}}}
		case err == nil && !w.calls.add([]byte(call.ID)), err != nil && !w.calls.add(document):
			continue
		}
		w.met++
		w.inSecond++
		if err != nil {
			fresh = append(fresh, PageCall{Err: p.wrong(i, err)})
			continue
		}
		here[call.ID] = true
		w.place(&call)
		fresh = append(fresh, PageCall{Call: call})
	}
	return fresh
}

// place notes the place of a call in the order.
func (w *walk) place(call *Call) {
	w.advancing = true
	date := call.Date()
	switch second := date.Instant().Unix(); {
	case date.IsZero() || w.dated && second < w.second:
		w.disorder = true
	case !w.dated || second > w.second:
		w.dated, w.second, w.inSecond = true, second, 1
	}
}
