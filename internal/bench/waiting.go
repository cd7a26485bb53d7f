package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/callvault/callvault/changes"
)

const (
	// readers is how many wait for changes while pages are asked for.
	readers = 200

	// settled is the time in which they all have begun to wait.
	settled = 500 * time.Millisecond
)

// besideReaders is a row of first pages while readers wait for changes, with the same pages
// without them as its yardstick. An older program has no changes, and no such row.
func (b *bench) besideReaders(ctx context.Context, s *sample, engine string, p *program) (*row, error) {
	first := p.kinds[1]
	wait, err := waiting(ctx, p.address, first.requests[0].authorization)
	if wait == nil || err != nil {
		return nil, err
	}
	alone := b.asking(p.server, first.requests)
	beside := func(ctx context.Context) (cost, error) {
		var waiters []net.Conn
		defer func() {
			for _, c := range waiters {
				c.Close()
			}
		}()
		for range readers {
			c, err := dial(ctx, p.address)
			if err != nil {
				return cost{}, err
			}
			waiters = append(waiters, c.conn)
			if _, err := c.conn.Write(wait); err != nil {
				return cost{}, err
			}
		}
		time.Sleep(settled)
		spent, err := alone(ctx)
		for _, c := range waiters {
			c.SetReadDeadline(time.Now())
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				return cost{}, fmt.Errorf("a reader did not wait: %w", err)
			}
		}
		return spent, err
	}
	return &row{calls: s.count, name: fmt.Sprintf("%s, first pages beside %d waiting readers", engine, readers), measured: beside, yardstick: alone}, nil
}

// waiting is the request of a reader who has all changes, or nil if the program has none.
func waiting(ctx context.Context, address, authorization string) ([]byte, error) {
	c, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	for after, more := "", true; ; {
		target := fmt.Sprintf("%s?limit=%d&after=%s", changes.Path, changes.MaxLimit, after)
		if !more {
			return httpRequest("GET", target+"&wait=50", authorization, ""), nil
		}
		ask := request{bytes: httpRequest("GET", target, authorization, ""), end: []byte("}")}
		if err := c.ask(&ask); err != nil {
			if bytes.HasPrefix(c.header, []byte("HTTP/1.1 405 ")) {
				return nil, nil
			}
			return nil, err
		}
		_, end, _ := bytes.Cut(c.body, []byte(`],"next":"`))
		next, _, found := bytes.Cut(end, []byte(`"`))
		if !found {
			return nil, fmt.Errorf("no token in the answer to %q", target)
		}
		after, more = string(next), bytes.HasSuffix(c.body, []byte(`"more":true}`))
	}
}
