package api

import (
	"strconv"
	"sync"

	"github.com/callvault/callvault"
)

const (
	// usualPage is what a new buffer has room for: a hundred usual calls.
	usualPage = 96 << 10

	// maxKept is the largest buffer that is kept from one answer to the next. A
	// page of a thousand usual calls is smaller; one of large documents is not
	// worth the memory.
	maxKept = 1 << 20
)

// pageBody is the body of a page as it is made. The head comes first on the wire, but is
// known last, because of the total.
type pageBody struct {
	head, calls []byte
	visit       func(document []byte) error // add, bound once
}

// pageBodies keeps buffers from one answer to the next.
var pageBodies = sync.Pool{New: func() any {
	b := &pageBody{calls: make([]byte, 0, usualPage)}
	b.visit = b.add
	return b
}}

// newPageBody returns an empty body. Release gives it back.
func newPageBody() *pageBody {
	b := pageBodies.Get().(*pageBody)
	b.head, b.calls = b.head[:0], b.calls[:0]
	return b
}

// release ends the use of the body.
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

// finish completes the body: the keys in the contract's order, and the cursor to
// the next page if there is one.
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
