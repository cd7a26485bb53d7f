package sqlite

import (
	"context"
	"errors"
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

	// Those of a workspace without its index.
	forwardAmongAll = way{
		rowSQL + ` AND +workspace = ?2 AND time >= ?3` + forwardSQL,
		rowSQL + ` AND +workspace = ?2 AND (time, id) > (?3, ?4)` + forwardSQL,
	}
	backwardAmongAll = way{
		rowSQL + ` AND +workspace = ?2 AND time < ?3` + backwardSQL,
		rowSQL + ` AND +workspace = ?2 AND (time, id) < (?3, ?4)` + backwardSQL,
	}
)

// densitySQL tells whether a bucket has many calls of a workspace, and few others beside each.
const (
	densitySQL = `SELECT 1 FROM counts AS w CROSS JOIN counts AS c ON c.company = w.company AND c.workspace = '' AND c.level = w.level AND c.bucket = w.bucket
		WHERE w.company = ? AND w.workspace = ? AND w.level = ? AND w.bucket = ? AND w.calls >= 25 AND c.calls <= 6 * w.calls`

	densityLevel = 1 // of buckets that have some pages
)

// scan visits the calls of a query behind a position, and verifies each row and their order.
// A leaf page that is a copy of another one hides calls, with every row sound: so a scan that
// comes to the end compares their number with those that are counted.
type scan struct {
	*conn
	of       company
	verifier callvault.Verifier
	from     callvault.Position // where it begins
	way      *way
}

func newScan(c *conn, of company, q callvault.Query, from callvault.Position, back bool) *scan {
	s := &scan{conn: c, of: of, from: from}
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
	err := s.walk(limit, func(st *stmt) error {
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
	if err != nil || visited == limit {
		return err
	}
	counted, err := s.countRest(tied)
	if err == nil && visited != counted {
		err = miscounted(s.of, counted, visited)
	}
	return err
}

// miscounted is the damage that the counts tell.
func miscounted(of company, counted, found int) error {
	return &callvault.DamageError{Company: of.name, Problem: fmt.Sprintf("%d calls counted, but %d found", counted, found)}
}

// walk visits the rows of the scan. The calls of a workspace lie apart in the table. To look one
// up by the index takes as long as to read six rows that follow each other, so a bucket where
// the workspace has one in six calls or more is read from the table.
func (s *scan) walk(limit int, visit func(*stmt) error) error {
	q := &s.verifier.Query
	if q.Workspace.IsZero() {
		return s.rows(limit, visit)
	}
	rest := stretch{s.way, s.from, s.until(), limit}
	counting := func(st *stmt) error { rest.limit--; return visit(st) }
	for {
		bucket, among, end := s.bucketOf(rest.from)
		isDense, err := s.number(densitySQL, s.of.id, q.Workspace.Key(), bucket.Level, bucket.Number)
		if err != nil {
			return err
		}
		if isDense == 0 {
			return s.read(rest, visit)
		}
		part := stretch{among, rest.from, end, rest.limit}
		err = s.read(part, counting)
		rest.from = callvault.Position{Time: end}
		if err != nil || rest.limit == 0 || end == rest.until {
			return err
		}
	}
}

// bucketOf is the bucket that a walk enters at a position, the way to read it from the table,
// and the time where the walk leaves it.
func (s *scan) bucketOf(from callvault.Position) (b callvault.Bucket, among *way, end callvault.Time) {
	if !s.verifier.Back {
		b = from.Time.Buckets()[densityLevel]
		return b, &forwardAmongAll, min(s.until(), b.Start()+callvault.BucketWidth(densityLevel))
	}
	if from.ID.IsZero() {
		from.Time--
	}
	b = from.Time.Buckets()[densityLevel]
	return b, &backwardAmongAll, max(s.until(), b.Start())
}

// until is the time where the scan ends.
func (s *scan) until() callvault.Time {
	if s.verifier.Back {
		return s.verifier.Query.From
	}
	return s.verifier.Query.To
}

// stretch is rows that are read by a way, from a position until a time.
type stretch struct {
	way   *way
	from  callvault.Position
	until callvault.Time
	limit int
}

// rows visits the rows of the way.
func (s *scan) rows(limit int, visit func(*stmt) error) error {
	return s.read(stretch{s.way, s.from, s.until(), limit}, visit)
}

func (s *scan) read(p stretch, visit func(*stmt) error) error {
	query := p.way.exact
	if p.from.ID.IsZero() {
		query = p.way.rows
	}
	return s.each(visit, query, s.of.id, s.verifier.Query.Workspace.Key(), int64(p.from.Time), p.from.ID.Key(), int64(p.until), p.limit)
}

// countRest is how many calls are counted from where the scan begins on. Of its time the
// position may divide the calls: those that were visited are taken for all.
func (s *scan) countRest(tied int) (int, error) {
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

// filledSQL are the finest buckets that calls are counted in.
const filledSQL = `SELECT bucket, calls FROM counts WHERE company = ? AND workspace = ? AND level = 0 AND bucket >= ? AND bucket < ? AND calls > 0 ORDER BY bucket`

// Salvage goes from bucket to bucket, so that it comes behind what is damaged whatever that
// is, and knows from the counts what is missing.
func (s *Store) Salvage(ctx context.Context, name string, q callvault.Query, visit func(callvault.Record) error, damaged func(*callvault.DamageError)) error {
	whole := false
	err := reads{s.view, name}.ofCompany(ctx, func(c *conn, of company) error {
		if q.IsEmpty() {
			return nil
		}
		spans, err := c.salvageSpans(of, q)
		if kindOf(err) == corrupt {
			damaged(&callvault.DamageError{Company: of.name, Problem: "its counts can't be read, and calls may be missing"})
		} else if err != nil {
			return err
		}
		for _, span := range spans {
			part := callvault.Query{Range: span.Range, Workspace: q.Workspace}
			if err := c.salvage(of, part, span.calls, visit, damaged); err != nil {
				return err
			}
		}
		whole = true
		return nil
	})
	if whole && kindOf(err) == corrupt {
		return nil // at the end of the transaction SQLite repeats an error that was passed over
	}
	return callvault.Doing(err, "salvage calls")
}

// span is a part of a query. calls is how many are counted in it, -1 where that is not known.
type span struct {
	callvault.Range
	calls int
}

// salvageSpans cuts a query behind each finest bucket that has calls. If it can't read the
// counts, it returns what it has, with the rest as one span, beside the error.
func (c *conn) salvageSpans(of company, q callvault.Query) (spans []span, err error) {
	at := q.From
	within := callvault.Range{From: max(q.From, callvault.CallTimes.From), To: min(q.To, callvault.CallTimes.To)}
	first, last := within.From.Buckets()[0].Number, within.To.Buckets()[0].Number
	err = c.each(func(st *stmt) error {
		bucket := callvault.Bucket{Level: 0, Number: st.ColumnInt64(0)}
		start, end := bucket.Start(), bucket.Start()+callvault.BucketWidth(0)
		s := span{callvault.Range{From: at, To: min(end, q.To)}, st.ColumnInt(1)}
		if start < q.From || end > q.To {
			s.calls = -1 // of a part of the bucket
		}
		spans = append(spans, s)
		at = s.To
		return nil
	}, filledSQL, of.id, q.Workspace.Key(), first, last+1)
	return append(spans, span{callvault.Range{From: at, To: q.To}, -1}), err
}

// salvage visits the sound calls of one span, each once. If some are missing it looks for
// them from the other end too: a page that can't be read ends the way.
func (c *conn) salvage(of company, q callvault.Query, counted int, visit func(callvault.Record) error, damaged func(*callvault.DamageError)) error {
	if q.IsEmpty() {
		return nil
	}
	seen := make(map[callvault.ID]bool)
	unread := false
	for _, back := range []bool{false, true} {
		from := q.Start()
		if back {
			from = q.End()
		}
		scan := newScan(c, of, q, from, back)
		var r row
		err := scan.rows(-1, func(st *stmt) error {
			c.readRow(st, &r)
			if seen[r.ID] || back && r.Time == q.To { // a sound call out of order is as good as any
				return nil
			}
			seen[r.ID] = true
			if damage := r.salvage(of, &q); damage != nil {
				damaged(damage)
				return nil
			}
			return visit(r.Record)
		})
		if unread = kindOf(err) == corrupt; err != nil && !unread {
			return err
		}
		if !unread && counted <= len(seen) {
			return nil
		}
	}
	problem := fmt.Sprintf("%d of the %d calls from %s to %s are missing", counted-len(seen), counted, q.From, q.To)
	if counted <= len(seen) {
		problem = fmt.Sprintf("not everything from %s to %s can be read", q.From, q.To)
	}
	damaged(&callvault.DamageError{Company: of.name, Problem: problem})
	return nil
}

// salvage is what is wrong with a row that was found for a query; nil if nothing is.
func (r *row) salvage(of company, q *callvault.Query) *callvault.DamageError {
	var damage *callvault.DamageError
	v := callvault.Verifier{Company: of.name, Query: *q, At: q.Start()} // of one row
	switch {
	case r.Document == nil:
		return &callvault.DamageError{Company: of.name, ID: r.ID, Problem: "its document is missing"}
	case errors.As(v.Verify(&r.Record, r.kept), &damage):
		return damage
	}
	return nil
}
