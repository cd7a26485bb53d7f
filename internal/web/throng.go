package web

import (
	"container/list"
	"net/netip"
	"sync"
)

// throng holds a limited number of connections without a key. When one more joins, the
// address with the most connections loses the one that has waited longest for a whole
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

// join adds a connection. If another one must be closed for it, join removes that and
// returns it; otherwise it returns nil.
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

// worst is the member to close first. If several addresses have the most, it is the one
// that has waited longest, so that a new connection is not closed before idle ones.
func (t *throng) worst() (worst *conn) {
	for e := t.members.Front(); e != nil; e = e.Next() {
		if c := e.Value.(*conn); worst == nil || t.origins[c.from] > t.origins[worst.from] {
			worst = c
		}
	}
	return worst
}

func (t *throng) leave(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(c)
}

// renew records that a connection has sent a whole header.
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
