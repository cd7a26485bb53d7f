package web

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// Secure is a listener whose connections speak TLS, for Serve. They speak
// HTTP/1.1 and not HTTP/2, whatever the config says: the time-outs of a
// connection, and that a client is cut off which does not take its page, are of
// one request at a time on a connection; and who follows a cursor asks for one
// page at a time.
func Secure(listener net.Listener, config *tls.Config) net.Listener {
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"}
	return tls.NewListener(secured{listener}, config)
}

type secured struct{ net.Listener }

func (l secured) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &securedConn{Conn: c}, nil
}

// maxHello is what a client may send before the handshake is done: TLS keeps what is
// not whole. One of today has 2 KiB.
const maxHello = 16 << 10

// securedConn is what is under TLS. It gives no more time to a client that has
// not taken something within its time. TLS would: it says goodbye before it
// closes, with five seconds of its own, and the answer that was cut off would keep
// its room for as long.
type securedConn struct {
	net.Conn
	late   atomic.Bool
	shaken atomic.Bool
	hello  int // bytes until then
}

func (c *securedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.shaken.Load() {
		if c.hello += n; c.hello > maxHello {
			return 0, errors.New("a handshake of more than 16 KiB")
		}
	}
	return n, err
}

func (c *securedConn) Write(p []byte) (int, error) {
	if c.late.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := c.Conn.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.late.Store(true)
	}
	return n, err
}

// handshake is what net/http does for a *tls.Conn, which the connection is not for it.
func (c *conn) handshake() error {
	c.SetWriteDeadline(time.Now().Add(headerWithin))
	err := c.tls.Handshake()
	if err == nil {
		c.SetWriteDeadline(time.Time{})
		if s, ok := c.under.(*securedConn); ok {
			s.shaken.Store(true)
		}
		state := c.tls.ConnectionState()
		c.state = &state
		return nil
	}
	var record tls.RecordHeaderError
	if errors.As(err, &record) && record.Conn != nil && looksLikeHTTP(record.RecordHeader) {
		io.WriteString(record.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
		record.Conn.Close()
		err = errors.New("client sent an HTTP request to an HTTPS server")
	}
	c.conns.log.Warn("TLS handshake error", "address", c.RemoteAddr().String(), "error", err)
	return err
}

// looksLikeHTTP tells whether what should begin a handshake begins a request.
func looksLikeHTTP(begin [5]byte) bool {
	switch string(begin[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}
