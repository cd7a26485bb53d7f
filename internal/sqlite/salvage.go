package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/callvault/callvault"
)

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
