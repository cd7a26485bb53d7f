package bulk

import (
	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// The size of a batch. Calls that come in any order are put the faster the more of them
// come together. Two batches are in memory at a time.
const (
	maxCalls  = 50_000
	maxBytes  = 24 << 20
	chunkSize = 1 << 20
)

// pending is calls that will be one batch, with the memory of their documents, which is
// used again, and users and workspaces, which will be a batch of each kind.
type pending struct {
	calls  []callvault.Call
	chunks [][]byte
	chunk  int     // the one that is being filled
	places []Place // what is acknowledged when the records are kept

	files []string // of the calls
	spots []spot   // of the calls, as they came

	entries map[callvault.Kind][]callvault.Entry
	size    int // bytes of their documents
}

// spot is where the record of a call stands. It has no pointers: there are as many as calls.
type spot struct {
	id           callvault.ID
	file         int32 // among the files of the batch
	line, number int
}

// add keeps a call. The error is of the call.
func (p *pending) add(c *gong.Call, file string, r *Record) error {
	if len(p.chunks) == 0 {
		p.chunks = append(p.chunks, make([]byte, 0, chunkSize))
	}
	// A document must not move once it is there.
	if free := chunkSize - len(p.chunks[p.chunk]); free < callvault.MaxDocument {
		p.chunk++
		if p.chunk == len(p.chunks) {
			p.chunks = append(p.chunks, make([]byte, 0, chunkSize))
		}
	}
	buf := p.chunks[p.chunk]
	call, err := callvault.AppendCall(buf, c)
	if err != nil {
		return err
	}
	if last := len(p.files) - 1; last < 0 || p.files[last] != file {
		p.files = append(p.files, file)
	}
	p.spots = append(p.spots, spot{call.ID, int32(len(p.files) - 1), r.Line, r.Number})
	p.chunks[p.chunk] = buf[:len(buf)+len(call.Document)]
	p.calls = append(p.calls, call)
	return nil
}

// addEntry keeps a user or a workspace.
func (p *pending) addEntry(kind callvault.Kind, e callvault.Entry) {
	if p.entries == nil {
		p.entries = make(map[callvault.Kind][]callvault.Entry)
	}
	p.entries[kind] = append(p.entries[kind], e)
	p.size += len(e.Document)
}

// reached notes that every record up to a place is in this batch or in one
// before it.
func (p *pending) reached(at Place) {
	if last := len(p.places) - 1; last >= 0 && p.places[last].File == at.File {
		p.places[last].Line = at.Line
		return
	}
	p.places = append(p.places, at)
}

// isEmpty tells whether there is nothing to put and nothing to acknowledge.
func (p *pending) isEmpty() bool {
	return len(p.calls) == 0 && len(p.entries) == 0 && len(p.places) == 0
}

func (p *pending) isFull() bool {
	return len(p.calls) >= maxCalls || (p.chunk+1)*chunkSize+p.size >= maxBytes
}

// reset empties it, and keeps its memory.
func (p *pending) reset() {
	for i := range p.chunks {
		p.chunks[i] = p.chunks[i][:0]
	}
	p.calls, p.chunk, p.places = p.calls[:0], 0, nil
	p.entries, p.size = nil, 0
	p.files, p.spots = nil, p.spots[:0]
}
