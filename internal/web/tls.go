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

// Secure returns a listener whose connections speak TLS and HTTP/1, whatever the config
// says. HTTP/2 is left out: the time-outs, and the cut of a client that does not read,
// need one request at a time on a connection.
func Secure(listener net.Listener, config *tls.Config) net.Listener {
	config = config.Clone()
	config.NextProtos = []string{"http/1.1", "http/1.0"} // curl -0 offers the latter alone
	return secure{tls.NewListener(secured{listener}, config)}
}

type secure struct{ net.Listener }

type secured struct{ net.Listener }

func (l secured) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &securedConn{Conn: c}, nil
}

// maxHello is how many bytes a client may send before the handshake is done: TLS keeps
// incomplete messages. Current clients send 2 KiB.
const maxHello = 16 << 10

// securedConn is the connection under TLS. After a late write it refuses all others: TLS
// would spend five more seconds on its closing alert, and the answer that was cut off would
// keep its room that long.
type securedConn struct {
	net.Conn
	late   atomic.Bool
	shaken atomic.Bool
	hello  int // bytes of the handshake
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

// HTTPSForHTTP is the answer to plain HTTP where TLS is spoken, as of net/http.
const HTTPSForHTTP = "Client sent an HTTP request to an HTTPS server."

// handshake does what net/http does with a *tls.Conn, because it does not see one here.
func (c *conn) handshake() error {
	c.SetWriteDeadline(time.Now().Add(headerWithin))
	err := c.tls.Handshake()
	if err == nil {
		c.SetWriteDeadline(time.Time{})
		if s, ok := c.under.(*securedConn); ok {
			s.shaken.Store(true)
		}
		return nil
	}
	var record tls.RecordHeaderError
	if errors.As(err, &record) && record.Conn != nil && looksLikeHTTP(record.RecordHeader) {
		io.WriteString(record.Conn, "HTTP/1.0 400 Bad Request\r\n\r\n"+HTTPSForHTTP+"\n")
		record.Conn.Close()
		err = errors.New("client sent an HTTP request to an HTTPS server")
	}
	c.conns.log.Warn("TLS handshake error", "address", c.RemoteAddr().String(), "error", err)
	return err
}

// looksLikeHTTP tells whether a client began a request in place of a handshake.
func looksLikeHTTP(begin [5]byte) bool {
	switch string(begin[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}
