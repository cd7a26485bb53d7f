package sqlite

import (
	"cmp"
	"maps"
	"slices"

	"github.com/callvault/callvault"
)

// A total is one statement: the two edges of a range counted call by call, and
// the buckets between them summed, each with its sign. ?1 is the company, ?2 the
// workspace (” for all), then come signs and bounds of callvault.CountParts in
// their order; bounds that hold nothing cost a look.
const (
	totalSQL = `SELECT
		?3 * (SELECT count(*) FROM documents WHERE company = ?1 AND time >= ?4 AND time < ?5) +
		?6 * (SELECT count(*) FROM documents WHERE company = ?1 AND time >= ?7 AND time < ?8) + ` + sumsSQL

	totalWorkspaceSQL = `SELECT
		?3 * (SELECT count(*) FROM documents INDEXED BY documents_by_workspace
			WHERE company = ?1 AND workspace = ?2 AND time >= ?4 AND time < ?5) +
		?6 * (SELECT count(*) FROM documents INDEXED BY documents_by_workspace
			WHERE company = ?1 AND workspace = ?2 AND time >= ?7 AND time < ?8) + ` + sumsSQL

	sumsSQL = `?9 * coalesce((SELECT sum(calls) FROM counts WHERE company = ?1 AND workspace = ?2 AND level = 0 AND bucket >= ?10 AND bucket < ?11), 0) +
		?12 * coalesce((SELECT sum(calls) FROM counts WHERE company = ?1 AND workspace = ?2 AND level = 0 AND bucket >= ?13 AND bucket < ?14), 0) +
		?15 * coalesce((SELECT sum(calls) FROM counts WHERE company = ?1 AND workspace = ?2 AND level = 1 AND bucket >= ?16 AND bucket < ?17), 0) +
		?18 * coalesce((SELECT sum(calls) FROM counts WHERE company = ?1 AND workspace = ?2 AND level = 1 AND bucket >= ?19 AND bucket < ?20), 0) +
		?21 * coalesce((SELECT sum(calls) FROM counts WHERE company = ?1 AND workspace = ?2 AND level = 2 AND bucket >= ?22 AND bucket < ?23), 0)`

	addCountSQL = `INSERT INTO counts (company, workspace, level, bucket, calls) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET calls = calls + excluded.calls`

	dropCountSQL = `DELETE FROM counts
		WHERE company = ? AND workspace = ? AND level = ? AND bucket = ? AND calls = 0`
)

// count is exactly how many calls q selects.
func (c *conn) count(company int64, q callvault.Query) (total int, err error) {
	if q.IsEmpty() {
		return 0, nil
	}
	query := totalSQL
	if !q.Workspace.IsZero() {
		query = totalWorkspaceSQL
	}
	st, err := c.stmt(query)
	if err != nil {
		return 0, err
	}
	st.BindInt64(1, company)
	st.BindText(2, q.Workspace.Key())
	parts := q.CountParts()
	n := 3
	for _, edge := range parts.Edges {
		st.BindInt64(n, edge.Sign)
		st.BindInt64(n+1, int64(edge.From))
		st.BindInt64(n+2, int64(edge.To))
		n += 3
	}
	for _, span := range parts.Spans {
		st.BindInt64(n, span.Sign)
		st.BindInt64(n+1, span.From)
		st.BindInt64(n+2, span.To)
		n += 3
	}
	if _, err := st.Step(); err != nil {
		return 0, explain(c.path, err)
	}
	total = st.ColumnInt(0)
	return total, st.Reset()
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
