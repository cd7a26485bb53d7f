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
	calls := calls{s, name}
	err := calls.read(ctx, func(c *conn, of company) error {
		if q.IsEmpty() {
			return nil
		}
		spans, err := c.salvageSpans(of, q)
		if err != nil {
			return err
		}
		for _, span := range spans {
			part := callvault.Query{Range: span.Range, Workspace: q.Workspace}
			if err := c.salvage(of, part, span.calls, visit, damaged); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("salvage calls: %w", err)
	}
	return nil
}

// span is a part of a query. calls is how many are counted in it, -1 where that is not known.
type span struct {
	callvault.Range
	calls int
}

// salvageSpans cuts a query behind each finest bucket that has calls. Without counts that can
// be read it is one span.
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
	if err != nil && kindOf(err) != corrupt {
		return nil, err
	}
	return append(spans, span{callvault.Range{From: at, To: q.To}, -1}), nil
}

// salvage visits the sound calls of one span, each once.
func (c *conn) salvage(of company, q callvault.Query, counted int, visit func(callvault.Record) error, damaged func(*callvault.DamageError)) error {
	if q.IsEmpty() {
		return nil
	}
	v := callvault.Verifier{Company: of.name, Query: q, At: q.Start()}
	query, bound := scanQuery(&q, false)
	seen := make(map[callvault.ID]bool)
	met := 0
	var r row
	err := c.each(func(st *stmt) error {
		c.readRow(st, &r)
		var damage *callvault.DamageError
		errors.As(v.Verify(&r.Record, r.kept), &damage)
		switch isSound := r.Verify(of.name, r.kept) == nil && r.isIn(&q); {
		case !isSound:
			met++
			damaged(damage)
		case !seen[r.ID]: // a sound call out of order is as good as any
			met++
			seen[r.ID] = true
			return visit(r.Record)
		}
		return nil
	}, query, of.id, q.Workspace.Key(), int64(v.At.Time), v.At.ID.Key(), int64(bound), -1)
	missing := &callvault.DamageError{Company: of.name}
	switch {
	case kindOf(err) == corrupt:
		missing.Problem = fmt.Sprintf("from %s to %s not all of it can be read", q.From, q.To)
	case err != nil || counted <= met:
		return err
	default:
		missing.Problem = fmt.Sprintf("%d of the %d calls from %s to %s are missing", counted-met, counted, q.From, q.To)
	}
	damaged(missing)
	return nil
}

// isIn tells whether a row is one of a query's.
func (r *row) isIn(q *callvault.Query) bool {
	return q.From <= r.Time && r.Time < q.To && (q.Workspace.IsZero() || r.Workspace == q.Workspace)
}
