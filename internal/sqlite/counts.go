package sqlite

import (
	"cmp"
	"maps"
	"slices"

	"github.com/callvault/callvault"
)

const (
	sumSQL = `SELECT coalesce(sum(calls), 0) FROM counts
		WHERE company = ? AND workspace = ? AND level = ? AND bucket >= ? AND bucket < ?`

	countSQL = `SELECT count(*) FROM documents
		WHERE company = ? AND time >= ? AND time < ?`

	countWorkspaceSQL = `SELECT count(*) FROM documents INDEXED BY documents_by_workspace
		WHERE company = ? AND workspace = ? AND time >= ? AND time < ?`

	addCountSQL = `INSERT INTO counts (company, workspace, level, bucket, calls) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET calls = calls + excluded.calls`

	dropCountSQL = `DELETE FROM counts
		WHERE company = ? AND workspace = ? AND level = ? AND bucket = ? AND calls = 0`
)

// count is exactly how many calls q selects.
func (c *conn) count(company int64, q callvault.Query) (total int, err error) {
	parts := q.CountParts()
	for _, edge := range parts.Edges {
		n, err := c.countEdge(company, callvault.Query{Range: edge, Workspace: q.Workspace})
		if err != nil {
			return 0, err
		}
		total += n
	}
	for _, span := range parts.Spans {
		if span.IsEmpty() {
			continue
		}
		n, err := c.number(sumSQL, company, q.Workspace.Key(), int64(span.Level), span.From, span.To)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// countEdge counts the calls themselves.
func (c *conn) countEdge(company int64, q callvault.Query) (int, error) {
	if q.IsEmpty() {
		return 0, nil
	}
	if q.Workspace.IsZero() {
		return c.number(countSQL, company, int64(q.From), int64(q.To))
	}
	return c.number(countWorkspaceSQL, company, q.Workspace.Key(), int64(q.From), int64(q.To))
}

// deltas collects how a transaction changes the counts, in finest buckets.
type deltas map[count]int

// count names a row of counts. The zero workspace is the company as a whole.
type count struct {
	workspace callvault.ID
	callvault.Bucket
}

// add counts n more calls at a time, for the company and for the workspace.
func (d deltas) add(t callvault.Time, workspace callvault.ID, n int) {
	finest := t.Buckets()[0]
	d[count{Bucket: finest}] += n
	if !workspace.IsZero() {
		d[count{workspace, finest}] += n
	}
}

// widened is what was collected in buckets of every level.
func (d deltas) widened() deltas {
	wide := make(deltas, 2*len(d))
	for b, n := range d {
		for _, bucket := range b.Start().Buckets() {
			wide[count{b.workspace, bucket}] += n
		}
	}
	return wide
}

// apply writes what was collected, in the order of the table's key.
func (d deltas) apply(c *conn, company int64) error {
	d = d.widened()
	order := slices.SortedFunc(maps.Keys(d), func(a, b count) int {
		return cmp.Or(a.workspace.Compare(b.workspace), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Number, b.Number))
	})
	for _, b := range order {
		n := d[b]
		if n == 0 {
			continue
		}
		if err := c.run(addCountSQL, company, b.workspace.Key(), int64(b.Level), b.Number, int64(n)); err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if err := c.run(dropCountSQL, company, b.workspace.Key(), int64(b.Level), b.Number); err != nil {
			return err
		}
	}
	return nil
}
