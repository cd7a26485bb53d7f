package bulk

import (
	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/spool"
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
	most   int // calls
	calls  []callvault.Call
	chunks [][]byte
	chunk  int     // the one that is being filled
	places []Place // what is acknowledged when the records are kept

	files []string     // of the calls
	spots []spool.Spot // of the calls, as they came

	entries map[callvault.Kind][]callvault.Entry
	size    int // bytes of their documents
}

// add keeps a call. The error is of the call.
func (p *pending) add(c *gong.Call, file string, r *Record) error {
	call, err := callvault.AppendCall(p.room(), c)
	if err != nil {
		return err
	}
	if last := len(p.files) - 1; last < 0 || p.files[last] != file {
		p.files = append(p.files, file)
	}
	p.keep(call, spool.Spot{ID: call.ID, File: int32(len(p.files) - 1), Line: r.Line, Number: r.Number})
	return nil
}

// room is a chunk with room for a document, which must not move once it is there.
func (p *pending) room() []byte {
	if len(p.chunks) > 0 && chunkSize-len(p.chunks[p.chunk]) < callvault.MaxDocument {
		p.chunk++
	}
	if p.chunk == len(p.chunks) {
		p.chunks = append(p.chunks, make([]byte, 0, chunkSize))
	}
	return p.chunks[p.chunk]
}

// keep keeps a call whose document was appended to the chunk that has room.
func (p *pending) keep(c callvault.Call, s spool.Spot) {
	chunk := p.chunks[p.chunk]
	p.chunks[p.chunk] = chunk[:len(chunk)+len(c.Document)]
	p.calls = append(p.calls, c)
	p.spots = append(p.spots, s)
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
func (p *pending) reached(at Place) { p.places = reached(p.places, at) }

// reached is the last places of files with one more.
func reached(places []Place, at Place) []Place {
	if last := len(places) - 1; last >= 0 && places[last].File == at.File {
		places[last].Line = at.Line
		return places
	}
	return append(places, at)
}

// isEmpty tells whether there is nothing to put and nothing to acknowledge.
func (p *pending) isEmpty() bool {
	return len(p.calls) == 0 && len(p.entries) == 0 && len(p.places) == 0
}

func (p *pending) isFull() bool {
	return len(p.calls) >= p.most || (p.chunk+1)*chunkSize+p.size >= maxBytes
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
