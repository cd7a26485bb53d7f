package sqlite

import (
	"errors"
	"fmt"

	"github.com/callvault/callvault"
)

// Without statistics SQLite would filter a workspace out of the clustered table, so its index
// is named; and joined, since SQLite skips what an index has and the table has not.
const (
	placeSQL       = `SELECT time, id, workspace, number, checksum`
	ofCompanySQL   = ` FROM documents WHERE company = ?1`
	rowSQL         = placeSQL + `, document, sqlite_offset(time)` + ofCompanySQL
	forwardSQL     = ` AND time < ?5 ORDER BY time, id LIMIT ?6`
	backwardSQL    = ` AND time >= ?5 ORDER BY time DESC, id DESC LIMIT ?6`
	oneSQL         = `SELECT time FROM documents WHERE company = ?1 AND `
	oneOfSpaceSQL  = `SELECT time FROM documents INDEXED BY documents_by_workspace WHERE company = ?1 AND workspace = ?2 AND `
	placeOfSpace   = `SELECT i.time, i.id, d.workspace, d.number, d.checksum`
	ofWorkspaceSQL = ` FROM documents AS i INDEXED BY documents_by_workspace
		LEFT JOIN documents AS d ON d.company = i.company AND d.time = i.time AND d.id = i.id
		WHERE i.company = ?1 AND i.workspace = ?2`
	rowOfSpaceSQL   = placeOfSpace + `, d.document, sqlite_offset(i.time)` + ofWorkspaceSQL
	forwardOfSpace  = ` AND i.time < ?5 ORDER BY i.time, i.id LIMIT ?6`
	backwardOfSpace = ` AND i.time >= ?5 ORDER BY i.time DESC, i.id DESC LIMIT ?6`
)

// way is the queries of scans in a direction, through a company's calls or a workspace's.
type way struct {
	before string // the time of the call before a time
	rows   string // calls from a time on
	exact  string // calls behind a position
	offset string // where in the file a search finds the row of a call
}

// A search by time and id together is a search by both, and also a filter of each row that
// comes then: it would hide the rows of a page that stands in the wrong place.
var (
	forward = way{
		oneSQL + `time < ?3 ORDER BY time DESC LIMIT 1`,
		rowSQL + ` AND time >= ?3` + forwardSQL,
		rowSQL + ` AND (time, id) > (?3, ?4)` + forwardSQL,
		`SELECT sqlite_offset(time) FROM documents WHERE company = ?1 AND time = ?3 AND id = ?4`,
	}
	backward = way{
		oneSQL + `time > ?3 ORDER BY time LIMIT 1`,
		rowSQL + ` AND time <= ?3` + backwardSQL,
		rowSQL + ` AND (time, id) < (?3, ?4)` + backwardSQL,
		forward.offset,
	}
	forwardInWorkspace = way{
		oneOfSpaceSQL + `time < ?3 ORDER BY time DESC LIMIT 1`,
		rowOfSpaceSQL + ` AND i.time >= ?3` + forwardOfSpace,
		rowOfSpaceSQL + ` AND (i.time, i.id) > (?3, ?4)` + forwardOfSpace,
		`SELECT sqlite_offset(time) FROM documents INDEXED BY documents_by_workspace
			WHERE company = ?1 AND workspace = ?2 AND time = ?3 AND id = ?4`,
	}
	backwardInWorkspace = way{
		oneOfSpaceSQL + `time > ?3 ORDER BY time LIMIT 1`,
		rowOfSpaceSQL + ` AND i.time <= ?3` + backwardOfSpace,
		rowOfSpaceSQL + ` AND (i.time, i.id) < (?3, ?4)` + backwardOfSpace,
		forwardInWorkspace.offset,
	}
)

// scan visits the calls of a query behind a position, and verifies what it can of them: each
// row, their order, and that none is missing. A leaf page that is a copy of another one would
// hide calls and show others twice, with every row sound: so a scan begins at the call before,
// to see that the next one follows it, and looks for its last one again.
type scan struct {
	*conn
	of       company
	verifier callvault.Verifier
	from     callvault.Position // where it begins
	total    int                // of the calls that stand there, or uncounted
	way      *way

	isAnchored       bool // it began at a call before
	skipped, visited int
	tied, tiedLast   int // visited calls of the time of from, and of the last one's
	offset           int64
}

const (
	uncounted = -1

	// A scan passes over so many calls, at most, to where it begins. There are more only at
	// an instant that has more calls.
	mostSkipped = 16
)

var (
	errEnough  = errors.New("the scan has reached its limit")
	errTooMany = errors.New("too many calls are to be passed over")
)

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
	err := s.pass(limit, visit)
	switch {
	case err == errEnough && (s.total == uncounted || s.visited <= s.total):
		if !s.isAnchored {
			if err := s.verifyNumber(s.verifier.At.Time, s.visited-s.tiedLast); err != nil {
				return err
			}
		}
		return s.verifyLast()
	case err != nil && err != errEnough:
		return err
	case s.total != uncounted:
		return s.compare(s.total, s.visited)
	case s.verifier.Back:
		return s.verifyNumber(s.verifier.Query.From-1, s.visited)
	}
	return s.verifyNumber(s.verifier.Query.To, s.visited)
}

func (s *scan) pass(limit int, visit func(callvault.Record) error) error {
	start, err := s.start()
	if err != nil {
		return err
	}
	most := -1
	if limit > 0 {
		most = limit + mostSkipped
	}
	skipped := callvault.Verifier{Query: everything, At: callvault.Position{Time: callvault.MinTime}, Back: s.verifier.Back}
	if skipped.Back {
		skipped.At.Time = callvault.MaxTime
	}
	var r row
	last := callvault.MinTime
	step := func(st *stmt) error {
		readPlace(st, &r)
		if s.visited == 0 && s.isBefore(&r) {
			s.isAnchored = true
			if s.skipped++; s.skipped == mostSkipped {
				return errTooMany
			}
			return skipped.Follow(&r.Record)
		}
		if s.readDocument(st, 5, &r); r.Document == nil {
			return s.damage(r.ID, "its document is missing")
		}
		if err := s.verifier.Verify(&r.Record, r.kept); err != nil {
			return err
		}
		s.visited++
		if r.Time == s.from.Time && !s.from.ID.IsZero() {
			s.tied++
		}
		if r.Time != last {
			last, s.tiedLast = r.Time, 0
		}
		s.tiedLast++
		if err := visit(r.Record); err != nil || s.visited != limit {
			return err
		}
		s.offset = st.ColumnInt64(6)
		return errEnough
	}
	err = s.rows(s.way.rows, callvault.Position{Time: start}, most, step)
	if err == errTooMany {
		err = s.rows(s.way.exact, s.from, limit, step)
	}
	return err
}

// start is the time that the scan begins at: that of the call before, if it has no call to go
// on from.
func (s *scan) start() (start callvault.Time, err error) {
	if start = s.from.Time; s.from.ID.IsZero() {
		err = s.each(func(st *stmt) error { start = callvault.Time(st.ColumnInt64(0)); return nil },
			s.way.before, s.of.id, s.verifier.Query.Workspace.Key(), int64(s.from.Time))
	}
	return start, err
}

// isBefore tells whether a row is one that the scan passes over.
func (s *scan) isBefore(r *row) bool {
	turn := r.Position().Compare(s.from)
	return turn == 0 || (turn < 0) != s.verifier.Back
}

// rows runs a query of the way from a position on.
func (s *scan) rows(query string, at callvault.Position, limit int, visit func(*stmt) error) error {
	q := &s.verifier.Query
	bound := q.To
	if s.verifier.Back {
		bound = q.From
	}
	return s.each(visit, query, s.of.id, q.Workspace.Key(), int64(at.Time), at.ID.Key(), int64(bound), limit)
}

func (s *scan) damage(id callvault.ID, problem string) error {
	return &callvault.DamageError{Company: s.of.name, ID: id, Problem: problem}
}

// verifyLast looks for the last call again.
func (s *scan) verifyLast() error {
	at := s.verifier.At
	found, err := s.number(s.way.offset, s.of.id, s.verifier.Query.Workspace.Key(), int64(at.Time), at.ID.Key())
	if err == nil && found != s.offset {
		err = s.damage(at.ID, "its row is there twice")
	}
	return err
}

// verifyNumber compares the calls that were visited up to a time, that excluded, with those
// that are counted; but for those of the time that the scan began at, which it met in part.
func (s *scan) verifyNumber(end callvault.Time, visited int) error {
	q := s.verifier.Query
	begin := s.from.Time
	if s.verifier.Back {
		begin, end = end+1, begin
	} else if !s.from.ID.IsZero() {
		begin++
	}
	q.Range = callvault.Range{From: max(begin, q.From), To: min(end, q.To)}
	if q.IsEmpty() {
		return nil
	}
	counted, err := s.count(s.of.id, q)
	if err != nil {
		return err
	}
	return s.compare(counted, visited-s.tied)
}

func (s *scan) compare(counted, visited int) error {
	if visited == counted {
		return nil
	}
	return s.damage(callvault.ID{}, fmt.Sprintf("%d calls are counted, and %d are there", counted, visited))
}
