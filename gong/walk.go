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
// the walk goes on behind it. Every other error is the last thing that comes: a
// *ShortError where the server ended its list before its calls, ErrNoProgress
// where it leads in a circle, or an error of ListCalls. A walk without such an
// error is whole.
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

	// Missing is, on the last page of a whole walk, how many fewer calls came than
	// the first page's total: calls may have been deleted meanwhile, and the total
	// of a live account runs ahead of its list. It is 0 on every other page.
	Missing int
}

// PageCall is a call, or what is wrong with it.
type PageCall struct {
	Call Call
	Err  error
}

// Pages is Calls by the page, for those who want to know how many there are.
func (c *Client) Pages(ctx context.Context, q ListCallsQuery) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		w := walk{client: c, query: q, total: unknown, seen: newSeen()}
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

// walk is how far a walk has come.
type walk struct {
	client  *Client
	query   ListCallsQuery
	cursor  string
	begun   bool  // a page has come
	end     error // how the walk ends once its last page was handed out; io.EOF: whole
	total   int   // of the first page
	met     int   // calls that came
	largest int   // calls on a page, at most so far
	seen    *seen

	// To go on after a cursor has expired: the second of the latest date that was
	// met, and how many calls came from then on, which a walk from that second
	// lists again. Calls in another order leave no place to go on from.
	dated     bool // there is such a date
	second    int64
	inSecond  int
	again     int // of them that are still to be listed again
	disorder  bool
	advancing bool // a new call was met since the walk began, or began again
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

// beginAgain begins at the second of the last call.
func (w *walk) beginAgain() {
	w.advancing, w.again, w.cursor = false, w.inSecond, ""
	clear(w.seen.cursors)
	if second := time.Unix(w.second, 0); second.After(w.query.From) {
		w.query.From = second
	}
}

// take takes the calls of a page, and decides whether there is to be another.
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
		return nil, fmt.Errorf("%w: a page has a cursor and no call that had not come before", ErrNoProgress)
	case !w.seen.addCursor(w.cursor):
		w.end = fmt.Errorf("%w: the server sent the same cursor again", ErrNoProgress)
	}
	w.largest = max(w.largest, len(p.calls))
	return page, nil
}

// ending tells whether a walk is whole when a page without a cursor comes.
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

// short is the error of a walk that ends too early.
func (w *walk) short(reason string, err error) error {
	return &ShortError{Met: w.met, Total: w.total, Reason: reason, Err: err}
}

// fresh are the calls of a page that no page before it had.
func (w *walk) fresh(p *page) []PageCall {
	fresh := make([]PageCall, 0, len(p.calls))
	here := make(map[string]bool, len(p.calls))
	for i, document := range p.calls {
		call, err := listedCall(document)
		switch {
		case err == nil && here[call.ID]:
			err = &CallError{[]FieldError{{"id", fmt.Sprintf("%s appears on this page twice", call.ID)}}}
		case err == nil && !w.seen.addID(call.ID), err != nil && !w.seen.addBroken(document):
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

// place remembers where in the order a call stands.
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
