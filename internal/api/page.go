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
	place, err := h.bodies.Enter(ctx, x.key.Company)
	if err != nil {
		return fmt.Errorf("wait for the company's turn: %w", err)
	}
	defer place.Leave()
	body := newPageBody(l.write)
	defer body.release()
	page, err := callvault.ListPage(ctx, l.calls, l.PageQuery, body.visit)
	if err != nil {
		return fmt.Errorf("list calls: %w", err)
	}
	if page.Total == 0 && page.Number == 0 {
		return refuse(http.StatusNotFound, gong.NoCallsFound, "no calls in the range")
	}
	return h.finishPage(x, place, body, &l.walk, page, l.array)
}

// finishPage answers with a page whose documents the body has.
func (h *Handler) finishPage(x *exchange, place *web.Place, body *pageBody, w *walk, page callvault.Page, array string) error {
	head := append(body.head, `{"requestId":"`...)
	head = append(head, x.id...)
	head = appendNumber(head, `","records":{"totalRecords":`, int64(page.Total))
	head = appendNumber(head, `,"currentPageSize":`, int64(page.Size))
	head = appendNumber(head, `,"currentPageNumber":`, int64(page.Number))
	if page.More {
		w.Number, w.After, w.Total = page.Number+1, page.Last, page.Total
		head = append(head, `,"cursor":"`...)
		head = append(w.appendCursor(head, h.cursors), '"')
	}
	head = append(head, `},"`...)
	head = append(head, array...)
	body.head = append(head, `":[`...)
	body.calls = append(body.calls, `]}`...)
	place.Weigh(len(body.head)+len(body.calls), x.cutOff)
	return x.send(http.StatusOK, body.head, body.calls)
}

// sendBody answers with a body that has no pages: what is between the request's id and what
// the body has, and what is behind that.
func (x *exchange) sendBody(place *web.Place, body *pageBody, before, behind string) error {
	body.head = append(body.head, `{"requestId":"`...)
	body.head = append(body.head, x.id...)
	body.head = append(body.head, before...)
	body.calls = append(body.calls, behind...)
	place.Weigh(len(body.head)+len(body.calls), x.cutOff)
	return x.send(http.StatusOK, body.head, body.calls)
}

// pageBody collects the body of a page. The head is sent first but made last, because
// it has the total.
type pageBody struct {
	head, calls []byte
	write       writer
	visit       func(document []byte) error // add, bound once
}

// pageBodies keeps buffers for later answers.
var pageBodies = sync.Pool{New: func() any {
	b := &pageBody{calls: make([]byte, 0, usualPage)}
	b.visit = b.add
	return b
}}

// newPageBody returns an empty body; release returns it to the pool.
func newPageBody(write writer) *pageBody {
	b := pageBodies.Get().(*pageBody)
	b.head, b.calls, b.write = b.head[:0], b.calls[:0], write
	return b
}

// release returns the body to the pool, unless it is too large.
func (b *pageBody) release() {
	b.write = nil
	if cap(b.calls) <= maxKept {
		pageBodies.Put(b)
	}
}

// add writes a call.
func (b *pageBody) add(document []byte) error {
	if len(b.calls) > 0 {
		b.calls = append(b.calls, ',')
	}
	b.calls = b.write(b.calls, document)
	return nil
}
