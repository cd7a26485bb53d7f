package web

import (
	"bytes"
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// All connections without a key together may use an eighth of the memory.
const (
	strangersPart = 8
	usualMemory   = 1 << 30 // without a limit of memory
	leastMemory   = 32 << 20

	// A connection costs its buffers, and three bytes for each byte of a header beyond
	// the buffer for it, which has 4 KiB.
	plainCost = 16<<10 + 3*(maxHeader-4<<10)
	tlsCost   = 32<<10 + plainCost

	// graceWithin is the time that a new connection has to send a header before it may be
	// closed to make room. Until then the listener accepts no further connection.
	graceWithin = 100 * time.Millisecond
	gracePause  = 10 * time.Millisecond
)

// conns is a listener that limits the memory of connections without a key.
type conns struct {
	net.Listener
	log       *slog.Logger
	strangers *throng
}

// newConns bounds the connections of a listener within a limit of memory.
func newConns(listener net.Listener, memory int64, log *slog.Logger) *conns {
	cost := plainCost
	if _, ok := listener.(secure); ok {
		cost = tlsCost
	}
	return &conns{listener, log, newThrong(int(min(memory, usualMemory)) / strangersPart / cost)}
}

func (l *conns) Accept() (net.Conn, error) {
	for c := l.strangers.next(); c != nil && !c.hadTime(); c = l.strangers.next() {
		time.Sleep(gracePause)
	}
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: accepted, under: accepted, conns: l, from: origin64(accepted.RemoteAddr()), accepted: time.Now()}
	if t, ok := accepted.(*tls.Conn); ok {
		c.tls, c.under = t, t.NetConn()
	}
	c.lasts, c.end = context.WithCancel(context.Background())
	c.sends, c.shut = context.WithCancel(c.lasts)
	if gone := l.strangers.join(c); gone != nil {
		gone.under.Close() // without the goodbye of TLS
		l.log.Warn("a connection was closed to make room for others", "address", gone.RemoteAddr().String())
	}
	return c, nil
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

// conn is a client's connection. A Read returns bytes of one header, so that each header
// is measured as it arrives, or bytes of one body.
type conn struct {
	net.Conn          // TCP, or TLS
	under    net.Conn // the TCP connection
	conns    *conns
	from     netip.Prefix
	accepted time.Time
	begun    atomic.Bool // net/http has read from it

	lasts context.Context // ends with the connection
	end   context.CancelFunc
	sends context.Context // ends with the last byte that the client sends
	shut  context.CancelFunc

	known  atomic.Bool
	member *list.Element // of the throng, which guards it; nil for a known client

	// The fields below belong to Read, which net/http never calls twice at a time.
	tls    *tls.Conn // nil without TLS, and after the handshake
	header header
	body   int64  // bytes that are still to come of the request's body, which is not measured
	rest   []byte // bytes that belong to a later Read
}

// hadTime reports whether the connection has had its time to send a header, and whether
// net/http has tried to read it, which may take longer on a busy machine.
func (c *conn) hadTime() bool { return c.begun.Load() && time.Since(c.accepted) >= graceWithin }

func (c *conn) Read(p []byte) (int, error) {
	c.begun.Store(true)
	if c.tls != nil {
		if err := c.handshake(); err != nil {
			return 0, io.EOF // it was logged
		}
		c.tls = nil
	}
	if c.header.lines > maxLines+1 { // the request line is one, too
		return endless(p)
	}
	if c.body > 0 {
		n, err := c.fill(p[:min(int64(len(p)), c.body)])
		c.body -= int64(n)
		return n, err
	}
	n, err := c.fill(p)
	own, whole := c.header.take(p[:n])
	if c.header.lines > maxLines+1 {
		return endless(p)
	}
	if whole {
		c.header = header{}
		if !c.known.Load() {
			c.conns.strangers.renew(c)
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
	if err == io.EOF {
		c.shut()
	}
	var timeout net.Error
	if err != nil && err != io.EOF && !(errors.As(err, &timeout) && timeout.Timeout()) {
		c.end()
	}
	return n, err
}

// endless fills p as a header without an end would, which net/http answers with 431.
func endless(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
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
	c.end()
	c.conns.strangers.leave(c)
	return c.Conn.Close()
}

// header counts the lines of a request's header as it arrives.
type header struct {
	lines int  // complete ones, with the request line
	line  int  // bytes so far of the current line
	first byte // of the current line
}

// take counts bytes that have arrived. It returns how many belong to the header, and
// whether the header ends there, with an empty line.
func (h *header) take(p []byte) (n int, whole bool) {
	for n < len(p) {
		i := bytes.IndexByte(p[n:], '\n')
		line := p[n:]
		if i >= 0 {
			line = line[:i]
		}
		if h.line == 0 && len(line) > 0 {
			h.first = line[0]
		}
		h.line += len(line)
		if i < 0 {
			return len(p), false
		}
		n += i + 1
		if h.line == 0 || h.line == 1 && h.first == '\r' {
			return n, true
		}
		h.lines++
		h.line = 0
	}
	return n, false
}
