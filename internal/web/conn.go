package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// What connections of strangers may cost, all together: an eighth of the memory, and as
// much again for what their headers have beyond the buffer that a connection has
// anyway. Known clients are bounded by their headers alone.
const (
	strangersPart = 8
	usualMemory   = 1 << 30 // where there is no limit

	plainCost  = 16 << 10
	tlsCost    = 48 << 10
	headerCost = 3       // bytes of memory for one of a header, while it is taken apart
	buffered   = 4 << 10 // bytes of a header

	// graceWithin is what a new connection is given to send a header before it may be
	// closed to make room. Until then further ones wait to be accepted.
	graceWithin = 100 * time.Millisecond
	gracePause  = 10 * time.Millisecond

	// lingerWithin is how long who is refused may take to read why.
	lingerWithin = 500 * time.Millisecond
	lingerBytes  = 256 << 10
)

// conns is a listener that knows what its connections cost.
type conns struct {
	net.Listener
	log       *slog.Logger
	strangers *throng
	headers   *throng
}

// newConns bounds the connections of a listener within a limit of memory.
func newConns(listener net.Listener, memory int64, log *slog.Logger) *conns {
	room := int(min(memory, usualMemory)) / strangersPart
	return &conns{listener, log, newThrong(room), newThrong(room / headerCost)}
}

func (l *conns) Accept() (net.Conn, error) {
	for c := l.strangers.next(tlsCost); c != nil && !c.hadTime(); c = l.strangers.next(tlsCost) {
		time.Sleep(gracePause)
	}
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: accepted, under: accepted, conns: l, from: origin64(accepted.RemoteAddr()), cost: plainCost, accepted: time.Now()}
	if t, ok := accepted.(*tls.Conn); ok {
		c.tls, c.under, c.cost = t, t.NetConn(), tlsCost
	}
	c.stranger.conn, c.large.conn = c, c
	c.lasts, c.end = context.WithCancel(context.Background())
	c.settle()
	return c, nil
}

// close closes connections that have to go.
func (l *conns) close(gone []*conn) {
	for _, c := range gone {
		c.under.Close() // TLS would say goodbye first
		l.log.Warn("a connection was closed to make room for others", "address", c.RemoteAddr().String())
	}
}

// origin64 is whose an address is: an IPv6 network of 64 bits is one machine's.
func origin64(address net.Addr) netip.Prefix {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	from := tcp.AddrPort().Addr().Unmap()
	bits := from.BitLen()
	if from.Is6() {
		bits = 64
	}
	prefix, _ := from.WithZone("").Prefix(bits) // the bits are few enough
	return prefix
}

// conn is a client's connection. net/http reads from it up to the end of a header, then
// the body, then the next header: what is of which is so known as it arrives.
type conn struct {
	net.Conn          // TCP, or TLS
	under    net.Conn // TLS
	conns    *conns
	from     netip.Prefix
	cost     int // as a stranger's
	accepted time.Time
	begun    atomic.Bool // somebody has read from it

	lasts context.Context // ends with the connection
	end   context.CancelFunc
	once  sync.Once // around Close

	known    atomic.Bool
	stranger member
	large    member // of those with a large header
	coded    atomic.Bool

	// What is below is for who reads: one at a time.
	tls     *tls.Conn // nil without TLS, and after the handshake
	state   *tls.ConnectionState
	header  header
	held    int    // bytes of the header that is read or answered, beyond the buffer
	body    int64  // bytes of it that are to come
	passing bool   // everything is passed on: this request is the last
	rest    []byte // was read, and is not of what was asked for
}

// hadTime tells whether the connection has had its time to send a header: on a busy
// machine nobody may have looked for it yet.
func (c *conn) hadTime() bool { return c.begun.Load() && time.Since(c.accepted) >= graceWithin }

// settle counts the connection as a stranger's, or not.
func (c *conn) settle() {
	cost := c.cost
	if c.known.Load() {
		cost = 0
	}
	c.conns.close(c.conns.strangers.set(&c.stranger, cost))
}

// expect says how long the body of the request is; negative is for a length that its
// parts will tell. A request without one is being read past already.
func (c *conn) expect(body int64) {
	if body > 0 {
		c.body = body
	}
	if body < 0 {
		c.passing = true
	}
}

// answered says that nothing is left of a request.
func (c *conn) answered() {
	if c.held > 0 {
		c.held = 0
		c.conns.headers.set(&c.large, 0)
	}
}

func (c *conn) Read(p []byte) (int, error) {
	c.begun.Store(true)
	if c.tls != nil {
		if err := c.handshake(); err != nil {
			return 0, io.EOF // it was logged
		}
		c.tls = nil
	}
	n, err := c.fill(p)
	if c.passing {
		return n, err
	}
	own := int(min(int64(n), c.body))
	c.body -= int64(own)
	if own == 0 {
		var ok bool
		if own, ok = c.take(p[:n]); !ok {
			return 0, c.refuse()
		}
	}
	if own < n {
		c.rest = slices.Concat(p[own:n], c.rest)
		err = nil // it comes again behind the rest
	}
	return own, err
}

// fill reads what there is.
func (c *conn) fill(p []byte) (int, error) {
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	}
	n, err := c.Conn.Read(p)
	var timeout net.Error
	if err != nil && err != io.EOF && !(errors.As(err, &timeout) && timeout.Timeout()) {
		c.end()
	}
	return n, err
}

// take counts what is of a header, and returns how much that is. It is false when the
// header has too many lines.
func (c *conn) take(p []byte) (n int, ok bool) {
	n, whole := c.header.take(p)
	if c.header.lines > maxLines+1 { // with the request's own
		return n, false
	}
	if held := c.header.bytes - buffered; held > c.held {
		c.held = held
		c.conns.close(c.conns.headers.set(&c.large, held))
	}
	if whole {
		if c.header.coded {
			c.coded.Store(true)
		}
		c.header = header{}
		if !c.known.Load() {
			c.conns.strangers.renew(&c.stranger)
		}
	}
	return n, true
}

// refuse answers a header of too many lines, and waits a little for the client to read
// that: who closes on what was not read takes the answer back.
func (c *conn) refuse() error {
	const text = "431 Request Header Fields Too Large"
	c.SetDeadline(time.Now().Add(lingerWithin))
	fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n%s: more than %d lines", text, text, maxLines)
	c.CloseWrite()
	io.CopyN(io.Discard, c.Conn, lingerBytes)
	return &net.OpError{Op: "read", Net: "tcp", Err: errors.New("too many lines")} // which net/http does not answer
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.end()
	}
	return n, err
}

// CloseWrite is for net/http, which lets a client read its last answer.
func (c *conn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return errors.ErrUnsupported
}

func (c *conn) Close() error {
	c.once.Do(func() {
		c.end()
		c.conns.strangers.leave(&c.stranger)
		c.conns.headers.leave(&c.large)
	})
	return c.Conn.Close()
}
