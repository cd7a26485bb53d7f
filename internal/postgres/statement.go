package postgres

import (
	"strings"

	"github.com/callvault/callvault"
)

// One predicate serves every page: the calls after a position. With a workspace it compares the
// whole key of its index, so that no statistics lead the planner over everybody's calls.
//
// An upper bound on a row value does not end a walk along an index. So a page is read up to its
// limit or the end of its workspace, and what is beyond the range is left out. $4 is the end of
// the range, or its start when the walk goes back; $6 is the limit (NULL is none).
const (
	recordColumns = `number, checksum, time, id, workspace, document`

	pageForm = `SELECT ` + recordColumns + ` FROM callvault.documents
		WHERE company = $1 AND (time, id) {after} ($3, $5) AND time {until} $4 AND $2 = ''
		ORDER BY time{order}, id{order} LIMIT $6`

	pageWorkspaceForm = `SELECT ` + recordColumns + ` FROM (
			SELECT ` + recordColumns + ` FROM callvault.documents
			WHERE company = $1 AND (workspace, time, id) {after} ($2, $3, $5) AND workspace {within} $2
			ORDER BY workspace{order}, time{order}, id{order} LIMIT $6) AS read
		WHERE time {until} $4 ORDER BY workspace{order}, time{order}, id{order}`

	allWorkspaceForm = `SELECT ` + recordColumns + ` FROM callvault.documents
		WHERE company = $1 AND (workspace, time, id) {after} ($2, $3, $5) AND (workspace, time) {until} ($2, $4)
		ORDER BY workspace{order}, time{order}, id{order} LIMIT $6`
)

var (
	forth = strings.NewReplacer("{after}", ">", "{until}", "<", "{within}", "<=", "{order}", "")
	back  = strings.NewReplacer("{after}", "<", "{until}", ">=", "{within}", ">=", "{order}", " DESC")

	pageSQL, pageBackSQL                   = forth.Replace(pageForm), back.Replace(pageForm)
	pageWorkspaceSQL, pageWorkspaceBackSQL = forth.Replace(pageWorkspaceForm), back.Replace(pageWorkspaceForm)
	allWorkspaceSQL, allWorkspaceBackSQL   = forth.Replace(allWorkspaceForm), back.Replace(allWorkspaceForm)
)

// Statement is a query with its parameters.
type Statement struct {
	SQL  string
	Args []any
}

// PageStatement selects up to limit calls of a query that stand after a position, in
// order; all of them when limit is negative. The query is not empty.
func PageStatement(company string, q callvault.Query, after callvault.Position, limit int) Statement {
	return Statement{choose(q, limit, pageSQL, pageWorkspaceSQL, allWorkspaceSQL), pageArgs(company, q, after, q.To, limit)}
}

// pageBackStatement selects those that stand before a position, last ones first.
func pageBackStatement(company string, q callvault.Query, before callvault.Position, limit int) Statement {
	return Statement{choose(q, limit, pageBackSQL, pageWorkspaceBackSQL, allWorkspaceBackSQL), pageArgs(company, q, before, q.From, limit)}
}

// choose is the statement for a query among that of all calls, a workspace's first ones,
// and a workspace's without a limit.
func choose(q callvault.Query, limit int, page, pageWorkspace, allWorkspace string) string {
	switch {
	case q.Workspace.IsZero():
		return page
	case limit < 0:
		return allWorkspace
	}
	return pageWorkspace
}

// FirstStatement selects the first calls of a query as PageStatement does, and
// the total beside each; there is a limit. Where there are no calls to show, one
// row has the total alone.
func FirstStatement(company string, q callvault.Query, limit int) Statement {
	args := append(pageArgs(company, q, q.Start(), q.To, limit), bounds(q.Range)...)
	return Statement{choose(q, 0, firstSQL, firstWorkspaceSQL, ""), args}
}

// firstIDsStatement selects the ids of the first calls of a query; all of them when limit
// is negative.
func firstIDsStatement(company string, q callvault.Query, limit int) Statement {
	page := PageStatement(company, q, q.Start(), limit)
	page.SQL = `SELECT id FROM (` + page.SQL + `) AS first`
	return page
}

// pageArgs are the parameters of a page that begins at a position and ends at a time.
func pageArgs(company string, q callvault.Query, at callvault.Position, until callvault.Time, limit int) []any {
	return []any{company, q.Workspace.Key(), int64(at.Time), int64(until), at.ID.Key(), limited(limit)}
}

// limited is a limit as SQL has it: NULL is none.
func limited(limit int) any {
	if limit < 0 {
		return nil
	}
	return int64(limit)
}
