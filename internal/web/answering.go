package web

import (
	"context"
	"io"
	"math"
	"net/http"
	"time"
)

// answering passes every request from net/http to the handler.
type answering struct{ http.Handler }

func (a answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connKey{}).(*conn)
	// What follows a body may be smuggled if a message has two lengths (RFC 9112, 6.1).
	// net/http hides whether it has, but then the length is unknown. HTTP/1.0 ignores one.
	if r.ContentLength != 0 || !r.ProtoAtLeast(1, 1) {
		w.Header().Set("Connection", "close")
	}
	switch { // with a body, net/http is not in Read
	case r.ContentLength > 0 && r.ProtoAtLeast(1, 1):
		c.body = r.ContentLength
		r.Body = whole{r.Body, w.Header()}
	case r.ContentLength != 0: // the last request of the connection
		c.body = math.MaxInt64
	}
	r.Trailer = nil // unused, and one line can hold thousands of names
	// The context of net/http ends when the client closes its half, though it may still
	// read. This one ends with the connection.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer context.AfterFunc(c.lasts, cancel)()
	defer cancel()
	a.Handler.ServeHTTP(w, r.WithContext(ctx))
}

// whole is a body of a known length. The connection is kept for the next request if the
// handler reads it to its end before it answers.
type whole struct {
	io.ReadCloser
	answer http.Header
}

func (b whole) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.answer.Del("Connection")
	}
	return n, err
}

// Patient lets a request of this context wait until a time: the listener's time-outs count from
// then on. Its context is done when the client has sent its last byte, whether it has gone or
// still reads, and when the connection ends.
func Patient(ctx context.Context, w http.ResponseWriter, until time.Time) (sends context.Context) {
	c, ok := ctx.Value(connKey{}).(*conn)
	if !ok { // a test's
		return context.Background()
	}
	controller := http.NewResponseController(w)
	if controller.SetReadDeadline(until.Add(readWithin)) != nil || controller.SetWriteDeadline(until.Add(answerWithin)) != nil {
		c.end() // it is closed
	}
	return c.sends
}

type connKey struct{}

// Known marks a request's connection as authenticated: it no longer counts against the
// limit for clients without a key.
func Known(ctx context.Context) {
	if c, ok := ctx.Value(connKey{}).(*conn); ok && !c.known.Swap(true) {
		c.conns.strangers.leave(c)
	}
}
