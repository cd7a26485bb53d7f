package sqlite

import (
	"fmt"

	"github.com/callvault/callvault"
)

// Without statistics SQLite would filter a workspace out of the clustered table, so its index
// is named; and joined, since SQLite skips what an index has and the table has not.
const (
	placeSQL       = `SELECT time, id, workspace, number, checksum`
	ofCompanySQL   = ` FROM documents WHERE company = ?1`
	rowSQL         = placeSQL + `, document` + ofCompanySQL
	forwardSQL     = ` AND time < ?5 ORDER BY time, id LIMIT ?6`
	backwardSQL    = ` AND time >= ?5 ORDER BY time DESC, id DESC LIMIT ?6`
	placeOfSpace   = `SELECT i.time, i.id, d.workspace, d.number, d.checksum`
	ofWorkspaceSQL = ` FROM documents AS i INDEXED BY documents_by_workspace
		LEFT JOIN documents AS d ON d.company = i.company AND d.time = i.time AND d.id = i.id
		WHERE i.company = ?1 AND i.workspace = ?2`
	rowOfSpaceSQL   = placeOfSpace + `, d.document` + ofWorkspaceSQL
	forwardOfSpace  = ` AND i.time < ?5 ORDER BY i.time, i.id LIMIT ?6`
	backwardOfSpace = ` AND i.time >= ?5 ORDER BY i.time DESC, i.id DESC LIMIT ?6`
)

// way is the queries of scans in a direction, through a company's calls or a workspace's.
type way struct {
	rows  string // calls from a time on
	exact string // calls behind a position
}

// A search by time and id together is also a filter of each row that comes then. It hides
// rows that stand in the wrong place, which the counts tell: see scan.
var (
	forward = way{
		rowSQL + ` AND time >= ?3` + forwardSQL,
		rowSQL + ` AND (time, id) > (?3, ?4)` + forwardSQL,
	}
	backward = way{
		rowSQL + ` AND time < ?3` + backwardSQL,
		rowSQL + ` AND (time, id) < (?3, ?4)` + backwardSQL,
	}
	forwardInWorkspace = way{
		rowOfSpaceSQL + ` AND i.time >= ?3` + forwardOfSpace,
		rowOfSpaceSQL + ` AND (i.time, i.id) > (?3, ?4)` + forwardOfSpace,
	}
	backwardInWorkspace = way{
		rowOfSpaceSQL + ` AND i.time < ?3` + backwardOfSpace,
		rowOfSpaceSQL + ` AND (i.time, i.id) < (?3, ?4)` + backwardOfSpace,
	}
)

// scan visits the calls of a query behind a position, and verifies each row and their order.
// A leaf page that is a copy of another one hides calls, with every row sound: so a scan that
// comes to the end compares their number with those that are counted.
type scan struct {
	*conn
	of       company
	verifier callvault.Verifier
	from     callvault.Position // where it begins
	total    int                // of the calls that stand there, or uncounted
	way      *way
}

const uncounted = -1

func newScan(c *conn, of company, q callvault.Query, from callvault.Position, back bool) *scan {
	s := &scan{conn: c, of: of, from: from, total: uncounted}
	s.verifier = callvault.Verifier{Company: of.name, Query: q, At: from, Back: back}
	switch isWhole := q.Workspace.IsZero(); {
	case isWhole && back:
		s.way = &backward
	case back:
		s.way = &backwardInWorkspace
	case isWhole:
		s.way = &forward
	default:
		s.way = &forwardInWorkspace
	}
	return s
}

// run visits up to limit calls, all when it is negative.
func (s *scan) run(limit int, visit func(callvault.Record) error) error {
	if s.verifier.Query.IsEmpty() || limit == 0 {
		return nil
	}
	visited, tied := 0, 0 // tied are those of the time of from
	var r row
	err := s.rows(limit, func(st *stmt) error {
		if s.readRow(st, &r); r.Document == nil {
			return &callvault.DamageError{Company: s.of.name, ID: r.ID, Problem: "its document is missing"}
		}
		if err := s.verifier.Verify(&r.Record, r.kept); err != nil {
			return err
		}
		if visited++; r.Time == s.from.Time {
			tied++
		}
		return visit(r.Record)
	})
	counted := s.total
	switch {
	case err != nil:
		return err
	case visited == limit && (counted == uncounted || counted >= visited):
		return nil
	case counted == uncounted:
		if counted, err = s.countBehind(tied); err != nil {
			return err
		}
	}
	if visited != counted {
		return &callvault.DamageError{Company: s.of.name, Problem: fmt.Sprintf("%d calls counted, but %d found", counted, visited)}
	}
	return nil
}

// rows visits the rows of the way.
func (s *scan) rows(limit int, visit func(*stmt) error) error {
	q, query := &s.verifier.Query, s.way.exact
	if s.from.ID.IsZero() {
		query = s.way.rows
	}
	bound := q.To
	if s.verifier.Back {
		bound = q.From
	}
	return s.each(visit, query, s.of.id, q.Workspace.Key(), int64(s.from.Time), s.from.ID.Key(), int64(bound), limit)
}

// countBehind is how many calls are counted from where the scan begins on. Of its time the
// position may divide the calls: those that were visited are taken for all.
func (s *scan) countBehind(tied int) (int, error) {
	q := s.verifier.Query
	switch {
	case s.verifier.Back:
		q.To = min(q.To, s.from.Time)
	case s.from.ID.IsZero():
		q.From, tied = max(q.From, s.from.Time), 0
	default:
		q.From = max(q.From, s.from.Time+1)
	}
	counted, err := s.count(s.of.id, q)
	return counted + tied, err
}
