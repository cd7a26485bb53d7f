package web

import (
	"container/list"
	"net/netip"
	"sync"
)

// throng is the connections of strangers, of which there may be a number. With one more,
// the address that has most loses the connection that has waited longest for a whole
// header.
type throng struct {
	most int

	mu      sync.Mutex
	members list.List            // of *conn, the longest without a whole header first
	origins map[netip.Prefix]int // how many members have an address
}

func newThrong(most int) *throng {
	return &throng{most: max(1, most), origins: make(map[netip.Prefix]int)}
}

// join adds a connection. It returns the one that must be closed for it, or nil, and has
// taken that out.
func (t *throng) join(c *conn) (gone *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.member = t.members.PushBack(c)
	t.origins[c.from]++
	if t.members.Len() > t.most {
		gone = t.worst()
		t.drop(gone)
	}
	return gone
}

// next is the connection that must be closed before another joins, or nil.
func (t *throng) next() *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.members.Len() < t.most {
		return nil
	}
	return t.worst()
}

// worst is the member to close first. Of addresses that have as many it is the one that
// has waited longest: a newcomer must not be closed before those that do nothing.
func (t *throng) worst() (worst *conn) {
	for e := t.members.Front(); e != nil; e = e.Next() {
		if c := e.Value.(*conn); worst == nil || t.origins[c.from] > t.origins[worst.from] {
			worst = c
		}
	}
	return worst
}

// leave takes a connection out.
func (t *throng) leave(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(c)
}

// renew notes that a connection has sent a whole header.
func (t *throng) renew(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.member != nil {
		t.members.MoveToBack(c.member)
	}
}

func (t *throng) drop(c *conn) {
	if c.member == nil {
		return
	}
	t.members.Remove(c.member)
	c.member = nil
	if t.origins[c.from]--; t.origins[c.from] == 0 {
		delete(t.origins, c.from)
	}
}
