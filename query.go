package callvault

import (
	"cmp"
	"context"
)

// Range is a half-open span of time: From <= Call.Time < To.
type Range struct {
	From, To Time
}

// AllTime is the range that holds every call.
var AllTime = Range{From: MinTime, To: MaxTime}

// Start is the position before every call of the range, so that the first
// page is asked for like any other: the calls after a position.
func (r Range) Start() Position { return Position{Time: r.From} }

// End is the position after every call of the range.
func (r Range) End() Position { return Position{Time: r.To} }

// Query says which calls are meant.
type Query struct {
	Range
	Workspace ID // only that workspace's calls; zero means every workspace
}

// Has tells whether the query selects a call.
func (q Query) Has(c *Call) bool {
	return q.From <= c.Time && c.Time < q.To && (q.Workspace.IsZero() || q.Workspace == c.Workspace)
}

// Position is a call's place in the one order there is: by time, then by id as
// a number. A Position with the zero ID stands before all calls of its time.
type Position struct {
	Time Time
	ID   ID
}

// Compare is negative, zero or positive as p stands before, at or after other.
func (p Position) Compare(other Position) int {
	if turn := cmp.Compare(p.Time, other.Time); turn != 0 {
		return turn
	}
	return p.ID.Compare(other.ID)
}

// PageQuery asks for one page of a walk through the calls of a query.
type PageQuery struct {
	Query
	Size   int      // calls to a page, at least 1
	Number int      // of the page asked for; the first is 0
	After  Position // the last call of the page before; not read for the first page
	Total  int      // what the first page counted; not read for the first page
}

// Page tells what a page held; the documents went to its visitor.
type Page struct {
	Total  int      // calls in the whole walk, counted when it began
	Number int      // the first is 0
	Size   int      // calls on this page
	Last   Position // of the last call on this page; zero on an empty page
	More   bool     // whether calls follow
}

// ListPage reads one page and hands its documents to visit in order. A
// document is valid only until visit returns; an error of visit ends the
// reading and is returned.
//
// Paging is by position: under concurrent writes no position is met twice, and
// no call that was there throughout, in one place, is missed. The total is exact
// at the moment the first page is read and is carried along by the caller.
func ListPage(ctx context.Context, calls Reads, q PageQuery, visit func(document []byte) error) (Page, error) {
	page := Page{Total: q.Total, Number: q.Number}
	each := func(r Record) error {
		if page.Size == q.Size {
			page.More = true
			return nil
		}
		page.Size++
		page.Last = r.Position()
		return visit(r.Document)
	}
	var err error
	// One call more than the page holds tells whether another page follows.
	if q.Number == 0 {
		page.Total, err = calls.First(ctx, q.Query, q.Size+1, each)
		return page, err
	}
	after := q.After
	if start := q.Start(); after.Compare(start) < 0 {
		after = start
	}
	return page, calls.Scan(ctx, q.Query, after, q.Size+1, each)
}
