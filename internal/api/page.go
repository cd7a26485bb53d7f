package api

import (
	"strconv"
	"sync"

	"github.com/callvault/callvault"
)

const (
	// headroom is kept free before the documents of a page for what stands
	// before them on the wire but is known after them: the total and the cursor.
	headroom = maxCursor + 256

	// usualPage is what a new buffer has room for: a hundred usual calls.
	usualPage = 96 << 10

	// maxKept is the largest buffer that is kept from one answer to the next. A
	// page of a thousand usual calls is smaller; one of large documents is not
	// worth the memory.
	maxKept = 1 << 20
)

// pageBody is the body of a page in the making, in one buffer: the documents
// are copied behind the headroom as they come, and the head is put right
// before them in the end.
type pageBody struct {
	buf   []byte
	head  []byte
	visit func(document []byte) error // add, bound once
}

// pageBodies keeps buffers from one answer to the next.
var pageBodies = sync.Pool{New: func() any {
	b := &pageBody{buf: make([]byte, 0, headroom+usualPage), head: make([]byte, 0, headroom)}
	b.visit = b.add
	return b
}}

// newPageBody returns an empty body. Release gives it back.
func newPageBody() *pageBody {
	b := pageBodies.Get().(*pageBody)
	b.buf = b.buf[:headroom]
	return b
}

// release ends the use of the body and of what finish returned.
func (b *pageBody) release() {
	if cap(b.buf) <= headroom+maxKept {
		pageBodies.Put(b)
	}
}

// add copies a document.
func (b *pageBody) add(document []byte) error {
	if len(b.buf) > headroom {
		b.buf = append(b.buf, ',')
	}
	b.buf = append(b.buf, document...)
	return nil
}

// finish returns the body: the keys in the contract's order, and the cursor to
// the next page if there is one.
func (b *pageBody) finish(requestID string, page callvault.Page, next *cursor, cursors *sealer) []byte {
	h := append(b.head[:0], `{"requestId":"`...)
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
	h = append(h, `},"calls":[`...)
	b.head = h
	b.buf = append(b.buf, `]}`...)
	body := b.buf[headroom-len(h):]
	copy(body, h)
	return body
}
