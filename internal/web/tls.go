package web

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
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

	latest [alertSize]byte // bytes of the handshake
}

func (c *securedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.shaken.Load() {
		kept := copy(c.latest[:], c.latest[min(n, alertSize):])
		copy(c.latest[kept:], p[max(0, n-alertSize):n])
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
		err = errors.New("the client spoke plain HTTP; give it an address with https://")
	}
	c.conns.log.Warn("TLS handshake error", "address", c.RemoteAddr().String(), "error", c.inWords(err))
	return err
}

// inWords is the error of a handshake in words that say what to do.
func (c *conn) inWords(err error) error {
	switch refusal := c.refusal(err); {
	case refusal != "":
		return fmt.Errorf("the client does not trust the certificate (%s); let it trust the CA, as docs/connecting-clients.md shows", refusal)
	case errors.Is(err, io.EOF):
		return errors.New("the client closed the connection within the handshake; if it always does, let it trust the CA")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the client did not finish the handshake within %v", headerWithin)
	}
	return err
}

// refusal is what a client said against the certificate, in the words of TLS, or empty.
// OpenSSL says it in the clear, and the error is then "bad record MAC".
func (c *conn) refusal(err error) string {
	said := ""
	if remote := (*net.OpError)(nil); errors.As(err, &remote) && remote.Op == "remote error" {
		said = remote.Err.Error()
	}
	if s, ok := c.under.(*securedConn); ok && bytes.HasPrefix(s.latest[:], []byte{21, 3}) {
		said = tls.AlertError(s.latest[alertSize-1]).Error()
	}
	for _, alert := range []tls.AlertError{42, 43, 44, 45, 46, 48} { // of certificates
		if said == alert.Error() {
			return strings.TrimPrefix(said, "tls: ")
		}
	}
	return ""
}

// alertSize is the size of an alert in the clear: the header of a record, a level and a code.
const alertSize = 7

// looksLikeHTTP tells whether a client began a request in place of a handshake.
func looksLikeHTTP(begin [5]byte) bool {
	switch string(begin[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}
