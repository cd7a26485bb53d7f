package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

const (
	// walkPages is how many later pages are taken from one walk.
	walkPages = 5

	// leastCalls is the least store that has random walks in a workspace.
	leastCalls = 5000
)

// asker makes requests for the calls of a store, of all or of a workspace.
type asker struct {
	*rand.Rand
	moments
	workspace     callvault.ID // zero: of all
	size          int          // calls to a page
	variety       int          // requests of a kind to choose from
	authorization string
}

// first asks for the first page of a range that holds a number of calls.
func (a *asker) first(r callvault.Range, total int) request {
	query := url.Values{"fromDateTime": {r.From.String()}, "toDateTime": {r.To.String()}}
	if !a.workspace.IsZero() {
		query.Set("workspaceId", a.workspace.String())
	}
	page := callvault.PageQuery{Query: callvault.Query{Range: r, Workspace: a.workspace}, Size: a.size, Total: total}
	return newRequest(gong.Path+"?"+query.Encode(), a.authorization, page)
}

var errSpan = errors.New("found no range with so many calls")

// firsts are first pages of ranges that hold exactly total calls.
func (a *asker) firsts(total int) ([]request, error) {
	requests := make([]request, a.variety)
	for i := range requests {
		r, found := a.span(a.Rand, total)
		if !found {
			return nil, errSpan
		}
		requests[i] = a.first(r, total)
	}
	return requests, nil
}

// randomFirsts are first pages of ranges of any size that fills a page.
func (a *asker) randomFirsts() ([]request, error) {
	requests := make([]request, a.variety)
	for i := range requests {
		total := a.size + a.IntN(len(a.moments)-a.size)
		r, found := a.span(a.Rand, total)
		if !found {
			return nil, errSpan
		}
		requests[i] = a.first(r, total)
	}
	return requests, nil
}

// laters are later pages, of walks that have so many of them or more. Each has a
// cursor that the server handed out, and the parameters of its walk beside it, as
// most clients repeat them.
func (a *asker) laters(ctx context.Context, address string, walk int) ([]request, error) {
	c, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	requests := make([]request, 0, a.variety)
	for len(requests) < a.variety {
		least := (walk + 1) * a.size
		total := least + a.IntN(len(a.moments)-least+1)
		r, found := a.span(a.Rand, total)
		if !found {
			return nil, errSpan
		}
		next := a.first(r, total)
		target := next.target()
		for range walk {
			head, err := c.ask(&next)
			if err != nil {
				return nil, err
			}
			cursor, err := cursorIn(head)
			if err != nil {
				return nil, err
			}
			page := next.page
			page.Number++
			page.After = a.lastOf(page)
			next = newRequest(target+"&cursor="+cursor, a.authorization, page)
			requests = append(requests, next)
		}
	}
	return requests, nil
}

// lastOf is where the page before a later one ends, to within an instant.
func (a *asker) lastOf(page callvault.PageQuery) callvault.Position {
	first, _ := slices.BinarySearch(a.moments, page.From)
	return callvault.Position{Time: a.moments[first+page.Number*page.Size-1]}
}

// compressed are the same requests by a client that takes gzip.
func compressed(requests []request) []request {
	all := slices.Clone(requests)
	for i := range all {
		r := &all[i]
		head := bytes.TrimSuffix(r.bytes, []byte("\r\n"))
		r.bytes = fmt.Appendf(nil, "%sAccept-Encoding: gzip\r\n\r\n", head)
		r.expect, r.end = []byte(gzipMagic), nil
	}
	return all
}

// cursorIn is the cursor in the head of a page.
func cursorIn(head []byte) (string, error) {
	_, after, found := bytes.Cut(head, []byte(`"cursor":"`))
	cursor, _, closed := bytes.Cut(after, []byte(`"`))
	if !found || !closed {
		return "", fmt.Errorf("no cursor in %q", head)
	}
	return string(cursor), nil
}
