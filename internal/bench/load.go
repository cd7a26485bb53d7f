package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// leastCalls is the least store whose second workspace has walks of two pages.
const leastCalls = 3000

// request is what is sent, and what is expected.
type request struct {
	target, authorization string

	bytes  []byte
	page   callvault.PageQuery // what it asks for
	expect []byte              // must stand in the beginning of the answer
	end    []byte              // is how the answer ends
}

// newRequest is a GET with credentials of Basic.
func newRequest(target, authorization string, page callvault.PageQuery) request {
	return request{
		target:        target,
		authorization: authorization,
		bytes:         httpRequest("GET", target, authorization, ""),
		page:          page,
		expect:        fmt.Appendf(nil, `"totalRecords":%d,"currentPageSize":%d,"currentPageNumber":%d`, page.Total, page.Size, page.Number),
		end:           []byte("]}"),
	}
}

func httpRequest(method, target, authorization, body string) []byte {
	length := ""
	if body != "" {
		length = fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: application/json\r\nAuthorization: %s\r\n%s\r\n%s",
		method, target, authorization, length, body)
}

// detailed asks for the same first page by POST /v2/calls/extensive.
func (r request) detailed() request {
	body := fmt.Sprintf(`{"filter":{"fromDateTime":%q,"toDateTime":%q}}`, r.page.From, r.page.To)
	r.bytes = httpRequest("POST", gong.Path+"/extensive", r.authorization, body)
	return r
}

// ofCall asks for one call.
func (r request) ofCall(id string) request {
	r.bytes = httpRequest("GET", gong.Path+"/"+id, r.authorization, "")
	r.expect, r.end = fmt.Appendf(nil, `"call":{"id":%q`, id), []byte("}}")
	return r
}

// compressed is the same request by a client that takes gzip.
func (r request) compressed() request {
	head := bytes.TrimSuffix(r.bytes, []byte("\r\n"))
	r.bytes = fmt.Appendf(nil, "%sAccept-Encoding: gzip\r\n\r\n", head)
	r.expect, r.end = []byte("\x1f\x8b\x08"), nil // the magic number
	return r
}

// asker makes requests for the calls of a store, of all or of a workspace.
type asker struct {
	*rand.Rand
	workspace
	authorization string
}

// first asks for the first page of some range with at least so many calls.
func (a *asker) first(least int) request {
	var q callvault.Query
	var total int
	for total < least {
		ends := []callvault.Time{a.moments[a.IntN(len(a.moments))], a.moments[a.IntN(len(a.moments))]}
		q = callvault.Query{Range: callvault.Range{From: min(ends[0], ends[1]), To: max(ends[0], ends[1])}, Workspace: a.id}
		total = a.before(q.To) - a.before(q.From)
	}
	values := url.Values{"fromDateTime": {q.From.String()}, "toDateTime": {q.To.String()}}
	if !a.id.IsZero() {
		values.Set("workspaceId", a.id.String())
	}
	return newRequest(gong.Path+"?"+values.Encode(), a.authorization, callvault.PageQuery{Query: q, Size: gong.PageSize, Total: total})
}

// before is how many calls begin before a time.
func (a *asker) before(t callvault.Time) int {
	n, _ := slices.BinarySearch(a.moments, t)
	return n
}

// laters are second pages, each of a walk of its own, that nobody has asked for, and the id of
// the first call of each walk. A page has a cursor that the server handed out, and the
// parameters of its walk beside it, as most clients repeat them.
func (a *asker) laters(ctx context.Context, address string, variety int) (requests []request, ids []string, err error) {
	c, err := dial(ctx, address)
	if err != nil {
		return nil, nil, err
	}
	defer c.conn.Close()
	for len(requests) < variety {
		first := a.first(2 * gong.PageSize)
		if err := c.ask(&first); err != nil {
			return nil, nil, err
		}
		cursor, id := between(c.body, `"cursor":"`), between(c.body, `"calls":[{"id":"`)
		if cursor == "" || id == "" {
			return nil, nil, fmt.Errorf("no cursor in the answer to %q", first.bytes)
		}
		page := first.page
		page.Number++
		// To within an instant, where the page before it ends.
		page.After = callvault.Position{Time: a.moments[a.before(page.From)+page.Size-1]}
		requests, ids = append(requests, newRequest(first.target+"&cursor="+cursor, a.authorization, page)), append(ids, id)
	}
	return requests, ids, nil
}

// between is what follows a text until the next quotation mark.
func between(body []byte, text string) string {
	_, after, _ := bytes.Cut(body, []byte(text))
	value, _, _ := bytes.Cut(after, []byte(`"`))
	return string(value)
}

const (
	// connections that ask at the same time.
	connections = 16

	// answerWithin is when a server is given up.
	answerWithin = 30 * time.Second
)

// client speaks just enough HTTP/1.1 to ask and to check the answer. With that of
// net/http it would be the load that is measured.
type client struct {
	conn         net.Conn
	in           *bufio.Reader
	header, body []byte // of the last answer
}

func dial(ctx context.Context, address string) (*client, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReader(conn)}, nil
}

// ask sends a request, reads the answer and checks that it is the page.
func (c *client) ask(r *request) error {
	c.conn.SetDeadline(time.Now().Add(answerWithin))
	if _, err := c.conn.Write(r.bytes); err != nil {
		return err
	}
	length := -1
	c.header = c.header[:0]
	for line := []byte(nil); len(line) != len("\r\n"); {
		var err error
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return err
		}
		c.header = append(c.header, line...)
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
	if !bytes.HasPrefix(c.header, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("answered %q to %q", c.header, r.bytes)
	}
	if length < 0 {
		return errors.New("an answer without a length")
	}
	c.body = slices.Grow(c.body[:0], length)[:length]
	if _, err := io.ReadFull(c.in, c.body); err != nil {
		return err
	}
	head := c.body[:min(length, 1<<10)] // has everything before the calls
	if !bytes.Contains(head, r.expect) || !bytes.HasSuffix(c.body, r.end) {
		return fmt.Errorf("no page with %q in the answer %q to %q", r.expect, head, r.bytes)
	}
	return nil
}

// pages are requests of a kind. Each is sent once before any is sent again.
type pages struct {
	requests []request
	sent     atomic.Int64
}

func (p *pages) next() *request { return &p.requests[int(p.sent.Add(1)-1)%len(p.requests)] }

// load sends requests over all connections for as long as it is told.
func (p *pages) load(ctx context.Context, address string, span time.Duration) (cost, error) {
	clients := make([]*client, connections)
	for i := range clients {
		c, err := dial(ctx, address)
		if err != nil {
			return cost{}, err
		}
		defer c.conn.Close()
		clients[i] = c
	}
	c, err := together(ctx, span, func(i int, _ *rand.Rand) error { return clients[i].ask(p.next()) })
	c.distinct = len(p.requests)
	return c, err
}

// together has as many ask as there are connections, each at least once and then
// again and again, with its number and chances of its own.
func together(ctx context.Context, span time.Duration, ask func(i int, r *rand.Rand) error) (cost, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var answers atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for i := range connections {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			for once := true; once || time.Since(begun) < span && ctx.Err() == nil; once = false {
				if err := ask(i, r); err != nil {
					fail(err)
					return
				}
				answers.Add(1)
			}
		})
	}
	all.Wait()
	return cost{done: int(answers.Load()), took: time.Since(begun)}, context.Cause(ctx)
}
