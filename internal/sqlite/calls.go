package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"github.com/callvault/callvault"
)

// One predicate serves the first page and every other: the calls after a
// position. A lower bound on time beside it would make SQLite seek by the time
// alone and walk over every call of that instant. Without statistics SQLite
// would filter a workspace out of the clustered table, so its index is named.
const (
	afterSQL = ` FROM documents
		WHERE company = ? AND (time, id) > (?, ?) AND time < ?
		ORDER BY time, id LIMIT ?`

	afterWorkspaceSQL = ` FROM documents INDEXED BY documents_by_workspace
		WHERE company = ? AND workspace = ? AND (time, id) > (?, ?) AND time < ?
		ORDER BY time, id LIMIT ?`

	scanSQL          = `SELECT time, id, document` + afterSQL
	scanWorkspaceSQL = `SELECT time, id, document` + afterWorkspaceSQL

	changesSQL = `SELECT number, id, time IS NULL FROM ids WHERE company = ? ORDER BY number`
)

// calls is one company's calls.
type calls struct {
	store   *Store
	company string
}

// Calls hands out one company's calls.
func (s *Store) Calls(company string) callvault.Calls { return calls{s, company} }

// read runs f in one read transaction, and not at all while the company is
// not there.
func (s calls) read(ctx context.Context, f func(c *conn, company int64) error) error {
	return s.store.read(ctx, func(c *conn) error {
		company, there, err := s.store.companyID(c, s.company)
		if err != nil || !there {
			return err
		}
		s.store.companies.LoadOrStore(s.company, company)
		return f(c, company)
	})
}

func (s calls) Count(ctx context.Context, q callvault.Query) (total int, err error) {
	err = s.read(ctx, func(c *conn, company int64) error {
		total, err = c.count(company, q)
		return err
	})
	return total, err
}

func (s calls) Scan(ctx context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	return s.read(ctx, func(c *conn, company int64) error {
		return c.scan(company, q, after, limit, visit)
	})
}

func (s calls) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (total int, err error) {
	err = s.read(ctx, func(c *conn, company int64) error {
		if total, err = c.count(company, q); err != nil || total == 0 {
			return err
		}
		return c.scan(company, q, q.Start(), limit, visit)
	})
	return total, err
}

func (c *conn) scan(company int64, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	if q.IsEmpty() {
		return nil
	}
	var row callvault.Record
	each := func(st *sqlite.Stmt) error {
		row.Time = callvault.Time(st.ColumnInt64(0))
		st.ColumnBytes(1, row.ID[:])
		row.Document = c.column(st, 2)
		return visit(row)
	}
	if q.Workspace.IsZero() {
		return c.each(each, scanSQL, company, int64(after.Time), after.ID.Key(), int64(q.To), int64(limit))
	}
	return c.each(each, scanWorkspaceSQL, company, q.Workspace.Key(), int64(after.Time), after.ID.Key(), int64(q.To), int64(limit))
}

func (s calls) Latest(ctx context.Context) (number int64, err error) {
	err = s.read(ctx, func(c *conn, company int64) error {
		n, err := c.number(lastNumberSQL, company)
		number = int64(n)
		return err
	})
	return number, err
}

func (s calls) Changes(ctx context.Context, visit func(callvault.Change) error) error {
	return s.read(ctx, func(c *conn, company int64) error {
		return c.each(func(st *sqlite.Stmt) error {
			change := callvault.Change{Number: st.ColumnInt64(0), Deleted: st.ColumnBool(2)}
			st.ColumnBytes(1, change.ID[:])
			return visit(change)
		}, changesSQL, company)
	})
}
