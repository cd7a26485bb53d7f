package web

import (
	"context"
	"net/http"
)

// answering passes every request from net/http to the handler.
type answering struct{ http.Handler }

func (a answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connKey{}).(*conn)
	// What follows a body may be smuggled, where a message has two lengths (RFC 9112, 6.1).
	// No request here needs a body, or HTTP/1.0, which ignores one of the lengths.
	if r.ContentLength != 0 || !r.ProtoAtLeast(1, 1) {
		w.Header().Set("Connection", "close")
	}
	if r.ContentLength != 0 { // without a body net/http may be in Read
		c.passing = true
	}
	r.Trailer = nil // nobody reads it, and a line holds thousands of names
	ctx, cancel := context.WithCancel(lasting{c.lasts, r.Context()})
	defer cancel()
	r = r.WithContext(ctx)
	a.Handler.ServeHTTP(w, r)
}

// connKey is the key of a context's value for the connection of a request.
type connKey struct{}

// Known marks the connection of a request as that of an authenticated client: it no
// longer counts among those of strangers.
func Known(ctx context.Context) {
	if c, ok := ctx.Value(connKey{}).(*conn); ok && !c.known.Swap(true) {
		c.conns.strangers.leave(c)
	}
}

// lasting is the context of a request that ends with its connection. The context of
// net/http ends when the client closes its half, though the client may still read.
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
