package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

const (
	// variety is how many requests of a kind there are to choose from.
	variety = 2000

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
	authorization string
}

// first asks for the first page of a range that holds a number of calls.
func (a *asker) first(r callvault.Range, total int) request {
	query := url.Values{"fromDateTime": {r.From.String()}, "toDateTime": {r.To.String()}}
	if !a.workspace.IsZero() {
		query.Set("workspaceId", a.workspace.String())
	}
	return request{
		bytes:  newRequest(gong.Path+"?"+query.Encode(), a.authorization),
		expect: fmt.Appendf(nil, `"totalRecords":%d,"currentPageSize":%d,"currentPageNumber":0`, total, gong.PageSize),
	}
}

var errSpan = errors.New("found no range with so many calls")

// firsts are first pages of ranges that hold exactly total calls.
func (a *asker) firsts(total int) ([]request, error) {
	requests := make([]request, variety)
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
	requests := make([]request, variety)
	for i := range requests {
		total := gong.PageSize + a.IntN(len(a.moments)-gong.PageSize)
		r, found := a.span(a.Rand, total)
		if !found {
			return nil, errSpan
		}
		requests[i] = a.first(r, total)
	}
	return requests, nil
}

// laters are later pages. Each has a cursor that the server handed out, and the
// parameters of its walk beside it, as most clients repeat them.
func (a *asker) laters(ctx context.Context, address string) ([]request, error) {
	c, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	requests := make([]request, 0, variety)
	for len(requests) < variety {
		const least = (walkPages + 1) * gong.PageSize
		total := least + a.IntN(len(a.moments)-least)
		r, found := a.span(a.Rand, total)
		if !found {
			return nil, errSpan
		}
		next := a.first(r, total)
		target := next.target()
		for number := range walkPages {
			head, err := c.ask(&next)
			if err != nil {
				return nil, err
			}
			cursor, err := cursorIn(head)
			if err != nil {
				return nil, err
			}
			next = request{
				bytes:  newRequest(target+"&cursor="+cursor, a.authorization),
				expect: fmt.Appendf(nil, `"totalRecords":%d,"currentPageSize":%d,"currentPageNumber":%d`, total, gong.PageSize, number+1),
			}
			requests = append(requests, next)
		}
	}
	return requests, nil
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
