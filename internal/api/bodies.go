package api

import (
	"context"
	"runtime"
	"sync"
)

const (
	// maxHeld is how many bytes of pages may wait for their clients to take them
	// before no further page is read. A page of usual calls fits the buffers of
	// its connection and waits for nobody; this is for pages of large documents
	// and clients that do not read.
	maxHeld = 64 << 20

	// Pages that are read at once, two to a processor within these bounds: what
	// they will weigh is known only when they have been read.
	leastBuilders = 4
	mostBuilders  = 16
)

// bodies bounds the memory of pages. A page enters before it is read, says what
// it weighs when it has been, and leaves when it was sent.
type bodies struct {
	limit    int
	builders gate // as many as read at once

	mu    sync.Mutex
	held  int           // bytes of the pages that are being sent
	freed chan struct{} // closed when some were let go; nil when nobody waits
}

func newBodies(limit int) *bodies {
	n := min(max(2*runtime.GOMAXPROCS(0), leastBuilders), mostBuilders)
	return &bodies{limit: limit, builders: make(gate, n)}
}

// place is one page's among the bodies.
type place struct {
	bodies *bodies
	built  bool
	size   int
}

// enter waits until a page may be read.
func (b *bodies) enter(ctx context.Context) (place, error) {
	if err := b.builders.enter(ctx); err != nil {
		return place{}, err
	}
	for {
		freed := b.full()
		if freed == nil {
			return place{bodies: b}, nil
		}
		select {
		case <-freed:
		case <-ctx.Done():
			b.builders.leave()
			return place{}, ctx.Err()
		}
	}
}

// full returns what is closed when something is let go, or nil when there is
// room.
func (b *bodies) full() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held < b.limit {
		return nil
	}
	if b.freed == nil {
		b.freed = make(chan struct{})
	}
	return b.freed
}

// weigh says how many bytes the page has, and lets another one be read.
func (p *place) weigh(size int) {
	p.built, p.size = true, size
	p.bodies.mu.Lock()
	p.bodies.held += size
	p.bodies.mu.Unlock()
	p.bodies.builders.leave()
}

// leave is the end of the page.
func (p *place) leave() {
	if !p.built {
		p.bodies.builders.leave()
		return
	}
	b := p.bodies
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held -= p.size
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}
