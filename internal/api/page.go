package api

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/web"
)

const (
	// usualPage is the capacity of a new buffer: a hundred calls of usual size.
	usualPage = 96 << 10

	// maxKept is the largest buffer that is kept for later answers. It fits a page
	// of a thousand usual calls; larger pages are rare.
	maxKept = 1 << 20
)

// listing is a page of calls that a request asks for.
type listing struct {
	walk
	calls callvault.Reads
	array string // the name of the array that the page is
	write writer
}

// writer appends the document of a call to a body, as a route shows it.
type writer func(dst, document []byte) []byte

// sendPage answers with a page, or with 404 if there are no calls at all. Calls that are
// counted and not listed, as an upstream in tests has them, are an empty page.
func (h *Handler) sendPage(ctx context.Context, x *exchange, l *listing) error {
	body, err := h.newPageBody(ctx, x, l.write)
	if err != nil {
		return err
	}
	defer body.release()
	page, err := callvault.ListPage(ctx, l.calls, l.PageQuery, body.visit)
	if err != nil {
		return fmt.Errorf("list calls: %w", err)
	}
	if page.Total == 0 && page.Number == 0 {
		return refuse(http.StatusNotFound, gong.NoCallsFound, "no calls in the range")
	}
	return h.finishPage(x, body, &l.walk, page, l.array)
}

// finishPage answers with a page whose documents the body has.
func (h *Handler) finishPage(x *exchange, body *pageBody, w *walk, page callvault.Page, array string) error {
	head := appendNumber(body.head, `","records":{"totalRecords":`, int64(page.Total))
	head = appendNumber(head, `,"currentPageSize":`, int64(page.Size))
	head = appendNumber(head, `,"currentPageNumber":`, int64(page.Number))
	if page.More {
		w.Number, w.After, w.Total = page.Number+1, page.Last, page.Total
		head = append(head, `,"cursor":"`...)
		head = append(w.appendCursor(head, h.cursors), '"')
	}
	head = append(head, `},"`...)
	body.head = append(head, array...)
	return body.send(x, `":[`, "]}")
}

// pageBody collects the body of a page, in its company's turn. The head is sent first but made
// last, because it has the total.
type pageBody struct {
	head, calls []byte
	write       writer
	visit       func(document []byte) error // add, bound once
	place       *web.Place
}

// pageBodies keeps buffers for later answers.
var pageBodies = sync.Pool{New: func() any {
	b := &pageBody{calls: make([]byte, 0, usualPage)}
	b.visit = b.add
	return b
}}

// newPageBody waits for the company's turn and returns a body that has only the request's id.
// release ends the turn.
func (h *Handler) newPageBody(ctx context.Context, x *exchange, write writer) (*pageBody, error) {
	place, err := h.bodies.Enter(ctx, x.key.Company)
	if err != nil {
		return nil, fmt.Errorf("wait for the company's turn: %w", err)
	}
	b := pageBodies.Get().(*pageBody)
	b.head = append(append(b.head[:0], `{"requestId":"`...), x.id...)
	b.calls, b.write, b.place = b.calls[:0], write, place
	return b, nil
}

// release ends the turn and returns the body to the pool, unless it is too large.
func (b *pageBody) release() {
	b.place.Leave()
	b.write, b.place = nil, nil
	if cap(b.calls) <= maxKept {
		pageBodies.Put(b)
	}
}

// send answers with the head, the documents, and what is before and behind these.
func (b *pageBody) send(x *exchange, before, behind string) error {
	b.head = append(b.head, before...)
	b.calls = append(b.calls, behind...)
	b.place.Weigh(len(b.head)+len(b.calls), x.cutOff)
	return x.send(http.StatusOK, b.head, b.calls)
}

// add writes a call.
func (b *pageBody) add(document []byte) error {
	if len(b.calls) > 0 {
		b.calls = append(b.calls, ',')
	}
	b.calls = b.write(b.calls, document)
	return nil
}
