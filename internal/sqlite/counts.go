package sqlite

import (
	"fmt"

	"github.com/callvault/callvault"
)

// A total is one statement: the two edges of a range counted call by call, and the buckets
// between them summed, each with its sign. ?1 is the company, ?2 the workspace (” for all);
// then come the signs and bounds of callvault.Pieces in their order. What is empty is not looked up.
var (
	totalSQL          = totalOf(`FROM documents WHERE company = ?1`)
	totalWorkspaceSQL = totalOf(`FROM documents INDEXED BY documents_by_workspace WHERE company = ?1 AND workspace = ?2`)
)

func totalOf(calls string) string {
	edges := `SELECT
		?3 * iif(?4 < ?5, (SELECT count(*) ` + calls + ` AND time >= ?4 AND time < ?5), 0) +
		?6 * iif(?7 < ?8, (SELECT count(*) ` + calls + ` AND time >= ?7 AND time < ?8), 0)`
	n := 9 // behind the edges
	for i := range (callvault.Pieces{}).Spans {
		edges += fmt.Sprintf(` +
		?%d * iif(?%d < ?%d, (SELECT coalesce(sum(calls), 0) FROM counts
			WHERE company = ?1 AND workspace = ?2 AND level = %d AND bucket >= ?%d AND bucket < ?%d), 0)`, n, n+1, n+2, i/2, n+1, n+2)
		n += 3
	}
	return edges
}

const (
	// SQLite makes a real of an integer sum that overflows, so digests, which are sums modulo
	// 2^64, are added by halves.
	addCountSQL = `INSERT INTO counts (company, workspace, level, bucket, calls, digest, number) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, number = max(number, excluded.number), digest =
			(((digest >> 32) + (excluded.digest >> 32) + (((digest & 0xffffffff) + (excluded.digest & 0xffffffff)) >> 32)) << 32)
			| (((digest & 0xffffffff) + (excluded.digest & 0xffffffff)) & 0xffffffff)`
)

// count is exactly how many calls q selects.
func (c *conn) count(company int64, q callvault.Query) (total int, err error) {
	return c.countBehind(company, q, new(callvault.Head))
}

// countBehind is count of a query whose first calls have been visited.
func (c *conn) countBehind(company int64, q callvault.Query, head *callvault.Head) (total int, err error) {
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
	pieces := head.Pieces(q.Range)
	n := 3
	for _, edge := range pieces.Edges {
		st.BindInt64(n, edge.Sign)
		st.BindInt64(n+1, int64(edge.From))
		st.BindInt64(n+2, int64(edge.To))
		n += 3
	}
	for _, span := range pieces.Spans {
		st.BindInt64(n, span.Sign)
		st.BindInt64(n+1, span.From)
		st.BindInt64(n+2, span.To)
		n += 3
	}
	if _, err := st.Step(); err != nil {
		return 0, explain(c.path, err)
	}
	total = pieces.Visited + st.ColumnInt(0)
	return total, st.Reset()
}

// writeCounts adds what the change has counted to the counts, in the order of their key.
func (w *change) writeCounts() error {
	wide := w.tally.Wide()
	for i, key := range wide.Keys() {
		if err := w.yield(i); err != nil {
			return err
		}
		n := wide[key]
		err := w.run(addCountSQL, w.company.id, key.Workspace.Key(), key.Level, key.Number, n.Calls, n.Digest, n.Number)
		if err != nil {
			return err
		}
	}
	return nil
}
