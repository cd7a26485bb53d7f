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

// All connections of strangers together may cost an eighth of the memory. All headers,
// also of known clients, may cost another eighth beyond the buffer that every connection
// has.
const (
	strangersPart = 8
	usualMemory   = 1 << 30 // without a limit of memory
	leastMemory   = 32 << 20

	plainCost  = 16 << 10
	tlsCost    = 48 << 10
	headerCost = 3       // bytes of memory for each byte of a header, while it is parsed
	buffered   = 4 << 10 // bytes of a header

	// graceWithin is the time that a new connection has to send a header before it may be
	// closed to make room. Until then the listener accepts no further connection.
	graceWithin = 100 * time.Millisecond
	gracePause  = 10 * time.Millisecond

	// lingerWithin is the time that a refused client has to read the reason.
	lingerWithin = 500 * time.Millisecond
	lingerBytes  = 256 << 10
)

// conns is a listener that bounds what its connections cost.
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

// close closes connections to make room.
func (l *conns) close(gone []*conn) {
	for _, c := range gone {
		c.under.Close() // without the goodbye of TLS
		l.log.Warn("a connection was closed to make room for others", "address", c.RemoteAddr().String())
	}
}

// origin64 groups addresses by client: one machine usually has a whole /64 of IPv6.
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
	prefix, _ := from.WithZone("").Prefix(bits) // it fails only for more bits than an address has
	return prefix
}

// conn is a client's connection. A Read returns bytes of one header or one body, never
// of both, so that each header is measured as it arrives.
type conn struct {
	net.Conn          // TCP, or TLS
	under    net.Conn // the TCP connection
	conns    *conns
	from     netip.Prefix
	cost     int // while it is a stranger's
	accepted time.Time
	begun    atomic.Bool // net/http has read from it

	lasts context.Context // ends with the connection
	end   context.CancelFunc
	once  sync.Once // around Close

	known    atomic.Bool
	stranger member
	large    member      // of connections with a large header
	coded    atomic.Bool // a header had a Transfer-Encoding

	// The fields below belong to Read, which net/http never calls twice at a time.
	tls     *tls.Conn // nil without TLS, and after the handshake
	state   *tls.ConnectionState
	header  header
	held    int    // bytes beyond the buffer, of the header that is read or answered
	body    int64  // bytes of the body that have not been read
	passing bool   // nothing is measured any more: this request is the last
	rest    []byte // bytes that belong to a later Read
}

// hadTime tells whether the connection has had its time to send a header, and whether
// net/http has looked for it: on a busy machine that may take longer.
func (c *conn) hadTime() bool { return c.begun.Load() && time.Since(c.accepted) >= graceWithin }

// settle counts the connection among those of strangers while it is one.
func (c *conn) settle() {
	cost := c.cost
	if c.known.Load() {
		cost = 0
	}
	c.conns.close(c.conns.strangers.set(&c.stranger, cost))
}

// expect tells the length of the request's body, negative for one in chunks. Without a
// body net/http may be reading already, so nothing is written then.
func (c *conn) expect(body int64) {
	if body > 0 {
		c.body = body
	}
	if body < 0 {
		c.passing = true
	}
}

// answered tells that a request has been answered and its header let go.
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

// fill reads from the rest, or else from the client.
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

// take measures the header and returns how many of the bytes belong to it. It is false
// when the header has too many lines.
func (c *conn) take(p []byte) (n int, ok bool) {
	n, whole := c.header.take(p)
	if c.header.lines > maxLines+1 { // the request line is one, too
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

// refuse answers a header of too many lines, and reads on for a while: to close a
// connection with unread bytes would discard the answer.
func (c *conn) refuse() error {
	const text = "431 Request Header Fields Too Large"
	c.SetDeadline(time.Now().Add(lingerWithin))
	fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n%s: more than %d lines", text, text, maxLines)
	c.CloseWrite()
	io.CopyN(io.Discard, c.Conn, lingerBytes)
	return &net.OpError{Op: "read", Net: "tcp", Err: errors.New("too many lines")} // net/http does not answer a failed read
}

func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.end()
	}
	return n, err
}

// CloseWrite is for net/http, which calls it so that a client can read the last answer.
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
