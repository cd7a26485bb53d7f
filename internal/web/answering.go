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
	r.Trailer = nil // unused, and one line can hold thousands of names
	// The context of net/http ends when the client closes its half, though it may still
	// read. This one ends with the connection.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer context.AfterFunc(c.lasts, cancel)()
	defer cancel()
	a.Handler.ServeHTTP(w, r.WithContext(ctx))
}

// connKey is the key of a context's value for the connection of a request.
type connKey struct{}

// Known marks a request's connection as authenticated: it no longer counts against the
// limit for clients without a key.
func Known(ctx context.Context) {
	if c, ok := ctx.Value(connKey{}).(*conn); ok && !c.known.Swap(true) {
		c.conns.strangers.leave(c)
	}
}
