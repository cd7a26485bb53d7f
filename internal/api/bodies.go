package api

import (
	"context"
	"runtime"
	"sync"
	"time"
)

const (
	// maxHeld is how many bytes of pages may wait for their clients to take them
	// before no further page is read. A page of usual calls fits the buffers of
	// its connection and waits for nobody; this is for pages of large documents
	// and clients that do not read.
	maxHeld = 64 << 20

	// pressWithin is what a client may take over its page while others wait for
	// the room: who does not read must not keep the rest from reading.
	pressWithin = 5 * time.Second

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

	mu      sync.Mutex
	sending map[*place]struct{}
	held    int           // bytes of the pages that are being sent
	freed   chan struct{} // closed when some were let go; nil when nobody waits
}

func newBodies(limit int) *bodies {
	n := min(max(2*runtime.GOMAXPROCS(0), leastBuilders), mostBuilders)
	return &bodies{limit: limit, builders: make(gate, n), sending: make(map[*place]struct{})}
}

// place is one page's among the bodies.
type place struct {
	bodies *bodies
	size   int
	since  time.Time // when it began to be sent; zero before that
	cut    func()    // ends the sending
}

// enter waits until a page may be read. When that takes long, the pages that have
// been with their clients for as long are cut off.
func (b *bodies) enter(ctx context.Context) (*place, error) {
	if err := b.builders.enter(ctx); err != nil {
		return nil, err
	}
	press := time.NewTicker(pressWithin)
	defer press.Stop()
	for {
		freed := b.full()
		if freed == nil {
			return &place{bodies: b}, nil
		}
		select {
		case <-freed:
		case now := <-press.C:
			b.cutLate(now)
		case <-ctx.Done():
			b.builders.leave()
			return nil, ctx.Err()
		}
	}
}

// cutLate ends the sending of the pages whose clients have taken too long.
func (b *bodies) cutLate(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for p := range b.sending {
		if now.Sub(p.since) >= pressWithin {
			p.cut()
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

// weigh says how many bytes the page has and how its sending is ended, and lets
// another one be read. Cut is not called once the page has left.
func (p *place) weigh(size int, cut func()) {
	b := p.bodies
	b.mu.Lock()
	p.size, p.since, p.cut = size, time.Now(), cut
	b.held += size
	b.sending[p] = struct{}{}
	b.mu.Unlock()
	b.builders.leave()
}

// leave is the end of the page.
func (p *place) leave() {
	b := p.bodies
	if p.since.IsZero() {
		b.builders.leave()
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held -= p.size
	delete(b.sending, p)
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}
