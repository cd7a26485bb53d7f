package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callvault/callvault"
)

const (
	// connections that ask at the same time.
	connections = 16

	// answerWithin is when a server is given up.
	answerWithin = 30 * time.Second

	// headLength is as much of a body as has everything before the calls.
	headLength = 1 << 10
)

// request is what is sent, and what is expected.
type request struct {
	bytes  []byte
	page   callvault.PageQuery // what it asks for
	expect []byte              // must stand in the beginning of the answer
	end    []byte              // is how the answer ends
}

// client speaks just enough HTTP/1.1 to ask and to check the answer. It costs
// a fraction of what net/http's does: with that one, it would be the load
// generator that is measured.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	head []byte // of the last answer
}

func dial(ctx context.Context, address string) (*client, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 96<<10)}, nil
}

var (
	errHeader = errors.New("an answer without a length")
	errEnd    = errors.New("an answer that does not end as a page does")
)

// ask sends a request and returns the beginning of the answer's body, which is
// valid until the next one.
func (c *client) ask(r *request) (head []byte, err error) {
	if _, err := c.conn.Write(r.bytes); err != nil {
		return nil, err
	}
	status, err := c.in.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return nil, fmt.Errorf("answered %q to %q", status, r.bytes)
	}
	length, err := c.length()
	if err != nil {
		return nil, err
	}
	if head, err = c.in.Peek(min(length, headLength)); err != nil {
		return nil, err
	}
	if !bytes.Contains(head, r.expect) {
		return nil, fmt.Errorf("no %q in the answer %q to %q", r.expect, head, r.bytes)
	}
	c.head = append(c.head[:0], head...) // what Peek returned goes with the rest
	return c.head, c.skip(length, r.end)
}

// length reads the header and returns the length of the body.
func (c *client) length() (int, error) {
	length := -1
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found {
			break
		}
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
	if length < len(pageEnd) {
		return 0, errHeader
	}
	return length, nil
}

const (
	// pageEnd is how the body of every page ends.
	pageEnd = "]}"

	// gzipMagic is how one that is compressed begins.
	gzipMagic = "\x1f\x8b\x08"
)

// skip reads the body to its end.
func (c *client) skip(length int, want []byte) error {
	if _, err := c.in.Discard(length - len(want)); err != nil {
		return err
	}
	end, err := c.in.Peek(len(want))
	if err != nil {
		return err
	}
	if !bytes.Equal(end, want) {
		return errEnd
	}
	_, err = c.in.Discard(len(want))
	return err
}

// load sends requests, chosen by chance, over all connections for as long as it
// is told, and returns how many were answered in a second.
func load(ctx context.Context, address string, requests []request, span time.Duration) (rate float64, err error) {
	clients := make([]*client, connections)
	for i := range clients {
		if clients[i], err = dial(ctx, address); err != nil {
			return 0, err
		}
		defer clients[i].conn.Close()
	}
	for _, c := range clients {
		c.conn.SetDeadline(time.Now().Add(span + answerWithin))
	}
	return together(ctx, span, func(i int, r *rand.Rand) error {
		_, err := clients[i].ask(&requests[r.IntN(len(requests))])
		return err
	})
}

// together has as many ask as there are connections, each again and again with
// its number and chances of its own, and returns how often they did in a second.
func together(ctx context.Context, span time.Duration, ask func(i int, r *rand.Rand) error) (rate float64, err error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var answers atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for i := range connections {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			n := int64(0)
			for ; time.Since(begun) < span && ctx.Err() == nil; n++ {
				if err := ask(i, r); err != nil {
					fail(err)
					return
				}
			}
			answers.Add(n)
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return float64(answers.Load()) / time.Since(begun).Seconds(), nil
}

// newRequest is a GET with credentials of Basic.
func newRequest(target, authorization string, page callvault.PageQuery) request {
	return request{
		bytes: fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: application/json\r\nAuthorization: %s\r\n\r\n",
			http.MethodGet, target, authorization),
		page:   page,
		expect: fmt.Appendf(nil, `"totalRecords":%d,"currentPageSize":%d,"currentPageNumber":%d`, page.Total, page.Size, page.Number),
		end:    []byte(pageEnd),
	}
}

// target is the path and query of a request.
func (r *request) target() string {
	line, _, _ := bytes.Cut(r.bytes, []byte(" HTTP/"))
	_, target, _ := bytes.Cut(line, []byte(" "))
	return string(target)
}
