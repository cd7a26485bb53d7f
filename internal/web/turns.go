package web

import (
	"context"
	"slices"
	"sync"
	"time"
)

// PressWithin is how long a client may take to read its answer while others wait for
// the room: a client that does not read must not keep others from their answers.
const PressWithin = 1500 * time.Millisecond

// Turns limits how many answers are made at once, and how many bytes wait for clients to read
// them. Companies that wait take turns, and none makes more than half of the answers then; none
// ever holds more than half of the bytes. It forgets no company, so only valid keys may enter.
type Turns struct {
	mu        sync.Mutex
	room      int // the limit on held
	held      int // bytes of the answers that are being sent
	resting   int // free places
	half      int // places of one company while another waits
	companies map[string]*company
	waiting   []*company // with a queue; the least recently served first
	sending   map[*Place]struct{}
	cuts      int // answers that were cut off
}

// company is what a company uses and waits for.
type company struct {
	making int // answers that are being made
	held   int // bytes that are being sent
	queue  []*Place
}

// Place is the place of one answer.
type Place struct {
	turns   *Turns
	company *company
	turn    chan struct{} // closed when its turn has come; nil when it did not wait
	size    int
	since   time.Time // when sending began; zero before that
	cut     func()    // cuts the answer off; nil when that is impossible or was done
}

// NewTurns makes Turns with places to make so many answers at once, and a room of so
// many bytes for answers that are being sent.
func NewTurns(atOnce, room int) *Turns {
	return &Turns{room: room, resting: atOnce, half: max(1, atOnce/2), companies: map[string]*company{}, sending: map[*Place]struct{}{}}
}

// Enter waits until a company may make an answer. When the room stays full, answers
// whose clients have taken too long are cut off. It fails when the context is done
// first; then there is nothing to leave.
func (t *Turns) Enter(ctx context.Context, name string) (*Place, error) {
	p := t.enqueue(name)
	if p.turn == nil {
		return p, nil
	}
	press := time.NewTicker(PressWithin)
	defer press.Stop()
	for {
		select {
		case <-p.turn:
			return p, nil
		case now := <-press.C:
			t.press(p.company, now)
		case <-ctx.Done():
			t.giveUp(p)
			return nil, ctx.Err()
		}
	}
}

// enqueue gives a company a place, or a place in its queue.
func (t *Turns) enqueue(name string) *Place {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.companies[name]
	if c == nil {
		c = new(company)
		t.companies[name] = c
	}
	p := &Place{turns: t, company: c}
	if t.resting > 0 && t.hasRoom(c) { // then no waiting company could be served
		t.resting--
		c.making++
		return p
	}
	p.turn = make(chan struct{})
	if c.queue = append(c.queue, p); len(c.queue) == 1 {
		t.waiting = append(t.waiting, c)
	}
	return p
}

// giveUp takes a place out of its queue, or passes on a turn that has just come.
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

// press cuts off answers whose clients have taken too long: those of the company if its
// own room is full, or else all.
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

// Weigh tells how many bytes the answer has and how to cut it off, nil where that is
// impossible. It lets another answer be made. Cut is not called after Leave.
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

// Leave ends the answer.
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

// made frees a place of a company that has made its answer, or gave up.
func (t *Turns) made(c *company) {
	c.making--
	t.resting++
	t.next()
}

// next gives turns while there are free places and companies that may have them.
func (t *Turns) next() {
	for t.resting > 0 {
		i := t.first()
		if i < 0 {
			return
		}
		c := t.waiting[i]
		close(c.queue[0].turn)
		c.queue = slices.Delete(c.queue, 0, 1)
		if t.waiting = slices.Delete(t.waiting, i, i+1); len(c.queue) > 0 {
			t.waiting = append(t.waiting, c)
		}
		t.resting--
		c.making++
	}
}

// first is the index of the waiting company that has the next turn, or -1. A company
// with half of the places comes after those with fewer.
func (t *Turns) first() int {
	modest := func(c *company) bool { return t.hasRoom(c) && c.making < t.half }
	if i := slices.IndexFunc(t.waiting, modest); i >= 0 {
		return i
	}
	return slices.IndexFunc(t.waiting, t.hasRoom)
}

// hasRoom tells whether the bytes in the room allow another answer of a company.
func (t *Turns) hasRoom(c *company) bool { return t.held < t.room && c.held < t.room/2 }

// Held returns how many bytes are being sent, and how many answers were cut off so far.
func (t *Turns) Held() (bytes, cutOff int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held, t.cuts
}

// Room is how many bytes may be held before no further answer is made.
func (t *Turns) Room() int { return t.room }
