package bulk

import (
	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// The size of a batch. Calls that come in any order are put the faster the
// more of them come together; two batches are in memory at a time.
const (
	maxCalls  = 100_000
	maxBytes  = 48 << 20
	chunkSize = 1 << 20
)

// batch is calls that are put together, with the memory of their documents,
// which is used again.
type batch struct {
	calls  []callvault.Call
	chunks [][]byte
	chunk  int     // the one that is being filled
	places []Place // what is acknowledged when the calls are kept
}

// add checks a call and keeps it. The error is of the call.
func (b *batch) add(c *gong.Call) error {
	if len(b.chunks) == 0 {
		b.chunks = append(b.chunks, make([]byte, 0, chunkSize))
	}
	// A document must not move once it is there.
	if free := chunkSize - len(b.chunks[b.chunk]); free < callvault.MaxDocument {
		b.chunk++
		if b.chunk == len(b.chunks) {
			b.chunks = append(b.chunks, make([]byte, 0, chunkSize))
		}
	}
	buf := b.chunks[b.chunk]
	call, err := callvault.AppendCall(buf, c)
	if err != nil {
		return err
	}
	b.chunks[b.chunk] = buf[:len(buf)+len(call.Document)]
	b.calls = append(b.calls, call)
	return nil
}

// reached notes that every record up to a place is in this batch or in one
// before it.
func (b *batch) reached(at Place) {
	if last := len(b.places) - 1; last >= 0 && b.places[last].File == at.File {
		b.places[last].Line = at.Line
		return
	}
	b.places = append(b.places, at)
}

// isEmpty tells whether there is nothing to put and nothing to acknowledge.
func (b *batch) isEmpty() bool { return len(b.calls) == 0 && len(b.places) == 0 }

func (b *batch) isFull() bool {
	return len(b.calls) >= maxCalls || (b.chunk+1)*chunkSize >= maxBytes
}

func (b *batch) reset() {
	for i := range b.chunks {
		b.chunks[i] = b.chunks[i][:0]
	}
	b.calls, b.chunk, b.places = b.calls[:0], 0, nil
}
