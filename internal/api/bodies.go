package api

import (
	"context"
	"runtime"
	"sync"
	"time"
)

const (
	// maxHeld is how many bytes of pages may wait for their clients to take them
	// before no further page is read; those that are being read then come on top. A
	// page of usual calls fits the buffers of its connection and waits for nobody;
	// this is for pages of large documents and clients that do not read.
	maxHeld = 64 << 20

	// heldPart is which part of a small memory, such as a container's, they may have.
	heldPart = 6

	// pressWithin is what a client may take over its page while others wait for
	// the room: who does not read must not keep the rest from reading. After two
	// such spans, which are less than storeWithin, no page is in the way that was
	// there when somebody began to wait.
	pressWithin = 1500 * time.Millisecond

	// Pages that are read at once, two to a processor within these bounds: what
	// they will weigh is known only when they have been read.
	leastBuilders = 4
	mostBuilders  = 16

	// builderShare is the room that allows one more page to be read at once.
	builderShare = maxHeld / mostBuilders
)

// heldWithin is how many bytes of pages a process may hold that has so many bytes of
// memory.
func heldWithin(memory int64) int { return int(min(maxHeld, memory/heldPart)) }

// bodies bounds the memory of pages. A page enters before it is read, says what
// it weighs when it has been, and leaves when it was sent. One company may have
// half of the room: its clients that do not read keep no other company waiting.
type bodies struct {
	builders gate // as many as read at once

	mu      sync.Mutex
	all     *room
	rooms   map[string]*room // of each company that has or wants a page
	sending map[*place]struct{}
	cuts    int // pages that were cut off
}

// room is some bytes for pages, guarded by the mutex of its bodies.
type room struct {
	limit int
	held  int           // bytes of the pages that are being sent
	users int           // places that are for it
	freed chan struct{} // closed when some bytes were let go; nil when nobody waits
}

func newBodies(limit int) *bodies {
	n := min(max(2*runtime.GOMAXPROCS(0), leastBuilders), mostBuilders)
	n = min(n, limit/builderShare+1)
	return &bodies{builders: make(gate, n), all: &room{limit: limit}, rooms: make(map[string]*room), sending: make(map[*place]struct{})}
}

// place is one page's among the bodies.
type place struct {
	bodies  *bodies
	company string
	own     *room // of the company
	size    int
	since   time.Time // when it began to be sent; zero before that
	cut     func()    // ends the sending; nil once it was called
}

// enter waits until a page of a company may be read. When that takes long, the
// pages in the way that have been with their clients for as long are cut off.
func (b *bodies) enter(ctx context.Context, company string) (*place, error) {
	p := b.place(company)
	if err := p.build(ctx); err != nil {
		p.forget()
		return nil, err
	}
	return p, nil
}

// build waits for room before it takes a builder's place from anybody else, and
// gives that up when others were faster.
func (p *place) build(ctx context.Context) error {
	b := p.bodies
	var press <-chan time.Time // nil until it has to wait
	for {
		r, freed := b.full(p.own)
		if r == nil {
			if err := b.builders.enter(ctx); err != nil {
				return err
			}
			if r, _ = b.full(p.own); r == nil {
				return nil
			}
			b.builders.leave()
			continue
		}
		if press == nil {
			ticker := time.NewTicker(pressWithin)
			defer ticker.Stop()
			press = ticker.C
		}
		select {
		case <-freed:
		case now := <-press:
			b.cutLate(r, now)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// full returns the room that is full, a company's own or the one for all, and
// what is closed when something in it is let go; nil when there is room in both.
func (b *bodies) full(own *room) (*room, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range []*room{own, b.all} {
		if r.held < r.limit {
			continue
		}
		if r.freed == nil {
			r.freed = make(chan struct{})
		}
		return r, r.freed
	}
	return nil, nil
}

// cutLate ends the sending of the pages in a room whose clients have taken too
// long.
func (b *bodies) cutLate(r *room, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for p := range b.sending {
		if (r == b.all || r == p.own) && p.cut != nil && now.Sub(p.since) >= pressWithin {
			p.cut()
			p.cut = nil
			b.cuts++
		}
	}
}

// held is how many bytes of pages are being sent, and cutOff how many pages were
// cut off until now.
func (b *bodies) held() (bytes, cutOff int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.held, b.cuts
}

// place makes a place for a page of a company.
func (b *bodies) place(company string) *place {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.rooms[company]
	if own == nil {
		own = &room{limit: b.all.limit / 2}
		b.rooms[company] = own
	}
	own.users++
	return &place{bodies: b, company: company, own: own}
}

// forget gives up a place that is not in use.
func (p *place) forget() {
	b := p.bodies
	b.mu.Lock()
	defer b.mu.Unlock()
	p.own.users--
	if p.own.users == 0 {
		delete(b.rooms, p.company)
	}
}

// weigh says how many bytes the page has and how its sending is ended, and lets
// another one be read. Cut is not called once the page has left.
func (p *place) weigh(size int, cut func()) {
	b := p.bodies
	b.mu.Lock()
	p.size, p.since, p.cut = size, time.Now(), cut
	b.sending[p] = struct{}{}
	b.all.add(size)
	p.own.add(size)
	b.mu.Unlock()
	b.builders.leave()
}

// leave is the end of the page.
func (p *place) leave() {
	b := p.bodies
	defer p.forget()
	if p.since.IsZero() {
		b.builders.leave()
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sending, p)
	b.all.add(-p.size)
	p.own.add(-p.size)
}

// add changes what is held, and wakes those who wait for less.
func (r *room) add(size int) {
	r.held += size
	if size < 0 && r.freed != nil {
		close(r.freed)
		r.freed = nil
	}
}
