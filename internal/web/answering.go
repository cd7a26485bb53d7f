package web

import (
	"context"
	"net/http"
)

// answering is the way of every request from net/http to its handler.
type answering struct{ http.Handler }

func (a answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connKey{}).(*conn)
	// A message with two lengths may be one of another's making: nothing that comes
	// after it on the connection is believed. See RFC 9112, 6.1.
	if r.ContentLength < 0 || c.coded.Load() {
		w.Header().Set("Connection", "close")
	}
	c.expect(r.ContentLength)
	r.Trailer = nil // names of what nobody reads: thousands fit a line
	ctx, cancel := context.WithCancel(lasting{c.lasts, r.Context()})
	defer cancel()
	r = r.WithContext(ctx)
	r.TLS = c.state
	a.Handler.ServeHTTP(w, r)
}

// connKey is where the context of a request has its connection.
type connKey struct{}

// Known says that whoever sent a request has shown who they are, so that their
// connection is no longer one of strangers.
func Known(ctx context.Context) {
	if c, ok := ctx.Value(connKey{}).(*conn); ok && !c.known.Swap(true) {
		c.settle()
	}
}

// lasting is the context of a request that lasts as long as its connection. The one
// of net/http ends when the client closes its half, though it may still read.
type lasting struct {
	context.Context
	values context.Context
}

func (l lasting) Value(key any) any {
	if v := l.Context.Value(key); v != nil {
		return v
	}
	return l.values.Value(key)
}
