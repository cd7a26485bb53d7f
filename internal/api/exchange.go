package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/callvault/callvault"
)

// exchange is one request being answered: what a handler reads and where it writes, and
// what the log will say.
type exchange struct {
	http.ResponseWriter
	request *http.Request

	id     string // of the request
	start  time.Time
	trace  string         // the id of the trace that the request belongs to; empty for none
	key    *callvault.Key // also if it was refused; nil while unknown
	path   string         // of the route that has the request's path; empty for none
	object callvault.ID   // in the path, where the route has one
	route  *route         // nil until the request is let in

	status int // as sent, or 499; 0 before that
	bytes  int // of the body

	// The values of the headers that every answer has: kept here, they cost no
	// allocation of their own.
	values [5]string
}

// set sets a header, named in its canonical form, to the value in a slot.
func (x *exchange) set(slot int, header, value string) {
	x.values[slot] = value
	x.Header()[header] = x.values[slot : slot+1 : slot+1]
}

// WriteHeader sends the status, which the log will name.
func (x *exchange) WriteHeader(status int) {
	x.status = status
	x.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body, which the log will count.
func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	n, err := x.ResponseWriter.Write(p)
	x.bytes += n
	return n, err
}

// send sends the whole answer: a status and a JSON body in parts, compressed if the
// client accepts that and the body is large enough.
func (x *exchange) send(status int, body ...[]byte) error {
	length := 0
	for _, part := range body {
		length += len(part)
	}
	if length > minGzip && acceptsGzip(x.request.Header["Accept-Encoding"]) {
		z := compressors.Get().(*compressor)
		defer compressors.Put(z)
		body = z.compress(body)
		length = len(body[0])
		x.set(2, "Content-Encoding", "gzip")
	}
	x.set(3, "Content-Type", "application/json;charset=UTF-8")
	x.set(4, "Content-Length", strconv.Itoa(length))
	x.WriteHeader(status)
	if x.request.Method == http.MethodHead {
		return nil
	}
	for _, part := range body {
		if _, err := x.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// hurry stops waiting for the rest of the request's body, from any goroutine.
func (x *exchange) hurry() {
	// A writer that knows no deadlines is a test's.
	_ = http.NewResponseController(x.ResponseWriter).SetReadDeadline(time.Unix(1, 0))
}

// cutOff stops sending the answer, from any goroutine. The connection can't be used
// after that.
func (x *exchange) cutOff() {
	// A writer that knows no deadlines is a test's.
	_ = http.NewResponseController(x.ResponseWriter).SetWriteDeadline(time.Unix(1, 0))
}
