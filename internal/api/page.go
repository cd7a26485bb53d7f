package api

import (
	"strconv"
	"sync"

	"github.com/callvault/callvault"
)

const (
	// usualPage is the capacity of a new buffer: a hundred calls of usual size.
	usualPage = 96 << 10

	// maxKept is the largest buffer that is kept for later answers. It fits a page
	// of a thousand usual calls; larger pages are rare.
	maxKept = 1 << 20
)

// pageBody collects the body of a page. The head is sent first but made last, because
// it has the total.
type pageBody struct {
	head, calls []byte
	visit       func(document []byte) error // add, bound once
}

// pageBodies keeps buffers for later answers.
var pageBodies = sync.Pool{New: func() any {
	b := &pageBody{calls: make([]byte, 0, usualPage)}
	b.visit = b.add
	return b
}}

// newPageBody returns an empty body; release returns it to the pool.
func newPageBody() *pageBody {
	b := pageBodies.Get().(*pageBody)
	b.head, b.calls = b.head[:0], b.calls[:0]
	return b
}

// release returns the body to the pool, unless it is too large.
func (b *pageBody) release() {
	if cap(b.calls) <= maxKept {
		pageBodies.Put(b)
	}
}

// add copies a document.
func (b *pageBody) add(document []byte) error {
	if len(b.calls) > 0 {
		b.calls = append(b.calls, ',')
	}
	b.calls = append(b.calls, document...)
	return nil
}

// finish writes the head, with the keys in the contract's order and the cursor of the
// next page, if there is one.
func (b *pageBody) finish(requestID string, page callvault.Page, next *cursor, cursors *sealer) {
	h := append(b.head, `{"requestId":"`...)
	h = append(h, requestID...)
	h = append(h, `","records":{"totalRecords":`...)
	h = strconv.AppendInt(h, int64(page.Total), 10)
	h = append(h, `,"currentPageSize":`...)
	h = strconv.AppendInt(h, int64(page.Size), 10)
	h = append(h, `,"currentPageNumber":`...)
	h = strconv.AppendInt(h, int64(page.Number), 10)
	if page.More {
		h = append(h, `,"cursor":"`...)
		h = cursors.append(h, next)
		h = append(h, '"')
	}
	b.head = append(h, `},"calls":[`...)
	b.calls = append(b.calls, `]}`...)
}
