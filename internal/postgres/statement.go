package postgres

import "github.com/callvault/callvault"

// Statement is a query with its parameters.
type Statement struct {
	SQL  string
	Args []any
}

// PageStatement selects time, id and document of up to limit calls of a query
// that stand after a position, in order; all of them when limit is negative. The
// query is not empty.
func PageStatement(company string, q callvault.Query, after callvault.Position, limit int) Statement {
	s := Statement{pageSQL, pageArgs(company, q, after, limit)}
	if !q.Workspace.IsZero() {
		s.SQL = pageWorkspaceSQL
		if limit < 0 {
			s.SQL = allWorkspaceSQL
		}
	}
	return s
}

// FirstStatement selects the first calls of a query as PageStatement does, and
// the total beside each; there is a limit. Where there are no calls to show, one
// row has the total alone.
func FirstStatement(company string, q callvault.Query, limit int) Statement {
	s := Statement{firstSQL, append(pageArgs(company, q, q.Start(), limit), bounds(q.Range)...)}
	if !q.Workspace.IsZero() {
		s.SQL = firstWorkspaceSQL
	}
	return s
}

// pageArgs are the parameters of a page.
func pageArgs(company string, q callvault.Query, after callvault.Position, limit int) []any {
	return []any{company, q.Workspace.Key(), int64(after.Time), int64(q.To), after.ID.Key(), limited(limit)}
}

// limited is a limit as SQL has it: NULL is none.
func limited(limit int) any {
	if limit < 0 {
		return nil
	}
	return int64(limit)
}
