package web

import (
	"context"
	"slices"
	"sync"
	"time"
)

// PressWithin is what a client may take over its answer while others wait for the
// room: who does not read must not keep the rest from being answered.
const PressWithin = 1500 * time.Millisecond

// Turns are places for answers, which bound how many are made at once and how many
// bytes of them are held until their clients have taken them. An answer enters before
// it is made, says what it weighs when it has been, and leaves when it was sent.
//
// Companies wait in queues of their own and are served in turns: between two turns of
// one company every other that can be served has at most one. While another waits, no
// company gets more than half of what is made at once; it never gets more than half of
// the bytes. A company that has been met is remembered: they are those of valid keys.
type Turns struct {
	mu        sync.Mutex
	room      int // bytes from which on no further answer is made
	held      int // bytes of the answers that are being sent
	resting   int // places where an answer could be made
	half      int // places of one company while another waits
	companies map[string]*company
	waiting   []*company // those with a queue; the first has had its turn the longest ago
	sending   map[*Place]struct{}
	cuts      int // answers that were cut off
}

// company is what a company has and wants.
type company struct {
	making int // answers
	held   int // bytes
	queue  []*Place
}

// NewTurns makes places for so many answers that are made at once, within a room of so
// many bytes for those that are sent.
func NewTurns(atOnce, room int) *Turns {
	return &Turns{room: room, resting: atOnce, half: max(1, atOnce/2), companies: map[string]*company{}, sending: map[*Place]struct{}{}}
}

// Place is an answer's among the others.
type Place struct {
	turns   *Turns
	company *company
	turn    chan struct{} // closed when its turn has come; nil when it did not wait
	size    int
	since   time.Time // when it began to be sent; zero before that
	cut     func()    // ends the sending; nil when it can't be ended or was
}

// Enter waits until an answer of a company may be made. When that takes long because
// the room is full, the answers in it that have been with their clients for as long
// are cut off. It fails, and nothing is entered, when the context is done first.
func (t *Turns) Enter(ctx context.Context, name string) (*Place, error) {
	t.mu.Lock()
	c := t.companies[name]
	if c == nil {
		c = new(company)
		t.companies[name] = c
	}
	p := &Place{turns: t, company: c}
	if t.resting > 0 && t.hasRoom(c) { // then nobody waits who could go before
		t.resting--
		c.making++
		t.mu.Unlock()
		return p, nil
	}
	p.turn = make(chan struct{})
	if c.queue = append(c.queue, p); len(c.queue) == 1 {
		t.waiting = append(t.waiting, c)
	}
	t.mu.Unlock()
	if err := p.wait(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// wait waits for the turn of a place in a queue.
func (p *Place) wait(ctx context.Context) error {
	press := time.NewTicker(PressWithin)
	defer press.Stop()
	for {
		select {
		case <-p.turn:
			return nil
		case now := <-press.C:
			p.turns.press(p.company, now)
		case <-ctx.Done():
			p.turns.giveUp(p)
			return ctx.Err()
		}
	}
}

// giveUp takes a place out of its queue, or passes on the turn that has come meanwhile.
func (t *Turns) giveUp(p *Place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := p.company
	i := slices.Index(c.queue, p)
	if i < 0 {
		t.made(c)
		return
	}
	if c.queue = slices.Delete(c.queue, i, i+1); len(c.queue) == 0 {
		t.waiting = slices.DeleteFunc(t.waiting, func(other *company) bool { return other == c })
	}
}

// press ends the sending of the answers in the room that is full, a company's own or
// the one for all, whose clients have taken too long.
func (t *Turns) press(c *company, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.hasRoom(c) {
		return
	}
	own := c.held >= t.room/2
	for p := range t.sending {
		if (!own || p.company == c) && p.cut != nil && now.Sub(p.since) >= PressWithin {
			p.cut()
			p.cut = nil
			t.cuts++
		}
	}
}

// Weigh says how many bytes the answer has and how its sending is ended, nil where it
// can't be, and lets another one be made. Cut is not called once the answer has left.
func (p *Place) Weigh(size int, cut func()) {
	t := p.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	p.size, p.since, p.cut = size, time.Now(), cut
	t.sending[p] = struct{}{}
	t.held += size
	p.company.held += size
	t.made(p.company)
}

// Leave is the end of the answer.
func (p *Place) Leave() {
	t := p.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.since.IsZero() {
		t.made(p.company)
		return
	}
	delete(t.sending, p)
	t.held -= p.size
	p.company.held -= p.size
	t.next()
}

// made gives back a place where an answer is made.
func (t *Turns) made(c *company) {
	c.making--
	t.resting++
	t.next()
}

// next gives turns for as long as there are places and companies that may have them.
func (t *Turns) next() {
	for t.resting > 0 {
		i := t.first()
		if i < 0 {
			return
		}
		c := t.waiting[i]
		close(c.queue[0].turn)
		c.queue = slices.Delete(c.queue, 0, 1)
		t.waiting = slices.Delete(t.waiting, i, i+1)
		if len(c.queue) > 0 {
			t.waiting = append(t.waiting, c)
		}
		t.resting--
		c.making++
	}
}

// first is which of the waiting has the next turn, -1 when none may. One that has half
// of the places comes after all that have fewer.
func (t *Turns) first() int {
	may := -1
	for i, c := range t.waiting {
		switch {
		case !t.hasRoom(c):
		case c.making < t.half:
			return i
		case may < 0:
			may = i
		}
	}
	return may
}

// hasRoom tells whether an answer of a company may be made once there is a place.
func (t *Turns) hasRoom(c *company) bool { return t.held < t.room && c.held < t.room/2 }

// Held is how many bytes are being sent, and how many answers were cut off until now.
func (t *Turns) Held() (bytes, cutOff int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held, t.cuts
}

// Room is how many bytes there are from which on no further answer is made.
func (t *Turns) Room() int { return t.room }
