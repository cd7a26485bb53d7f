package web

import (
	"container/heap"
	"container/list"
	"net/netip"
	"sync"
)

// throng bounds what connections cost together. When it costs too much, the address
// that costs most loses the connection that has been longest without a whole header.
type throng struct {
	limit int

	mu      sync.Mutex
	cost    int
	origins map[netip.Prefix]*origin
	most    origins
}

// origin is the members from one address.
type origin struct {
	from    netip.Prefix
	cost    int
	members list.List // the one longest without a whole header first
	place   int       // in the heap
}

// member is a connection in a throng, or not yet or no longer in it.
type member struct {
	conn    *conn
	cost    int
	gone    bool          // for good
	origin  *origin       // nil when it is not in it
	element *list.Element // of the origin's members
}

func newThrong(limit int) *throng {
	return &throng{limit: limit, origins: make(map[netip.Prefix]*origin)}
}

// set changes what a member costs; without a cost it is not in the throng. It returns
// the connections that have to go, which have left already.
func (w *throng) set(m *member, cost int) (gone []*conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.gone {
		return nil
	}
	w.put(m, cost)
	for w.cost > w.limit && len(w.most) > 0 {
		first := w.most[0].members.Front().Value.(*member)
		w.put(first, 0)
		first.gone = true
		gone = append(gone, first.conn)
	}
	return gone
}

// next is the connection that has to go when another one of so much cost comes; nil when
// none has to.
func (w *throng) next(cost int) *conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cost+cost <= w.limit || len(w.most) == 0 {
		return nil
	}
	return w.most[0].members.Front().Value.(*member).conn
}

// leave is the end of a member.
func (w *throng) leave(m *member) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.put(m, 0)
	m.gone = true
}

// renew says that a member has sent a whole header.
func (w *throng) renew(m *member) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.origin != nil {
		m.origin.members.MoveToBack(m.element)
	}
}

func (w *throng) put(m *member, cost int) {
	if cost == m.cost {
		return
	}
	if m.origin == nil {
		m.origin = w.origin(m.conn.from)
		m.element = m.origin.members.PushBack(m)
	}
	o := m.origin
	w.cost += cost - m.cost
	o.cost += cost - m.cost
	m.cost = cost
	if cost == 0 {
		o.members.Remove(m.element)
		m.origin, m.element = nil, nil
	}
	if o.members.Len() == 0 {
		heap.Remove(&w.most, o.place)
		delete(w.origins, o.from)
		return
	}
	heap.Fix(&w.most, o.place)
}

func (w *throng) origin(from netip.Prefix) *origin {
	o := w.origins[from]
	if o == nil {
		o = &origin{from: from}
		w.origins[from] = o
		heap.Push(&w.most, o)
	}
	return o
}

// origins is a heap, the one that costs most first.
type origins []*origin

func (h origins) Len() int           { return len(h) }
func (h origins) Less(i, j int) bool { return h[i].cost > h[j].cost }
func (h origins) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *origins) Push(x any) {
	o := x.(*origin)
	o.place = len(*h)
	*h = append(*h, o)
}

func (h *origins) Pop() any {
	last := len(*h) - 1
	o := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return o
}
