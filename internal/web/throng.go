package web

import (
	"container/list"
	"net/netip"
	"sync"
)

// throng bounds what connections cost together. When they cost too much, the address
// that costs most loses the connection that has waited longest for a whole header.
type throng struct {
	limit int

	mu      sync.Mutex
	cost    int
	members list.List             // the longest without a whole header first
	origins map[netip.Prefix]*int // what the members from one address cost
}

// member is a connection that may be in a throng.
type member struct {
	conn    *conn
	cost    int  // 0 when it is not in the throng
	gone    bool // for good
	origin  *int
	element *list.Element
}

func newThrong(limit int) *throng {
	return &throng{limit: limit, origins: make(map[netip.Prefix]*int)}
}

// set changes what a member costs; a cost of 0 takes it out. It returns the connections
// that must be closed; it has taken them out.
func (w *throng) set(m *member, cost int) (gone []*conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.gone {
		return nil
	}
	w.put(m, cost)
	for w.cost > w.limit {
		last := w.worst()
		w.put(last, 0)
		last.gone = true
		gone = append(gone, last.conn)
	}
	return gone
}

// next is the connection that must be closed before another of this cost joins, or nil.
func (w *throng) next(cost int) *conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cost == 0 || w.cost+cost <= w.limit {
		return nil
	}
	return w.worst().conn
}

// worst is the member to close first. Of addresses that cost the same it is the one
// that has waited longest: a newcomer must not be closed before those that do nothing.
func (w *throng) worst() (worst *member) {
	for e := w.members.Front(); e != nil; e = e.Next() {
		if m := e.Value.(*member); worst == nil || *m.origin > *worst.origin {
			worst = m
		}
	}
	return worst
}

// leave takes a member out for good.
func (w *throng) leave(m *member) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.put(m, 0)
	m.gone = true
}

// renew notes that a member has sent a whole header.
func (w *throng) renew(m *member) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.cost > 0 {
		w.members.MoveToBack(m.element)
	}
}

func (w *throng) put(m *member, cost int) {
	if cost == m.cost {
		return
	}
	if m.cost == 0 {
		if m.origin = w.origins[m.conn.from]; m.origin == nil {
			m.origin = new(int)
			w.origins[m.conn.from] = m.origin
		}
		m.element = w.members.PushBack(m)
	}
	w.cost += cost - m.cost
	*m.origin += cost - m.cost
	m.cost = cost
	if cost == 0 {
		w.members.Remove(m.element)
	}
	if *m.origin == 0 {
		delete(w.origins, m.conn.from)
	}
}
