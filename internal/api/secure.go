package api

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync/atomic"
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

// securedConn is what is under TLS. It gives no more time to a client that has
// not taken something within its time. TLS would: it says goodbye before it
// closes, with five seconds of its own, and the answer that was cut off would keep
// its room for as long.
type securedConn struct {
	net.Conn
	late atomic.Bool
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
