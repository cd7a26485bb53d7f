package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/callvault/callvault"
)

// One predicate serves the first page and every other: the calls after a
// position. A lower bound on time beside it would make SQLite seek by the time
// alone and walk over every call of that instant. Without statistics SQLite
// would filter a workspace out of the clustered table, so its index is named.
const (
	rowSQL         = `SELECT time, id, workspace, number, checksum, document`
	ofCompanySQL   = ` FROM documents WHERE company = ?1`
	ofWorkspaceSQL = ` FROM documents INDEXED BY documents_by_workspace WHERE company = ?1 AND workspace = ?2`
	afterSQL       = ` AND (time, id) > (?3, ?4) AND time < ?5 ORDER BY time, id LIMIT ?6`
	beforeSQL      = ` AND (time, id) < (?3, ?4) AND time >= ?5 ORDER BY time DESC, id DESC LIMIT ?6`

	scanSQL              = rowSQL + ofCompanySQL + afterSQL
	scanWorkspaceSQL     = rowSQL + ofWorkspaceSQL + afterSQL
	scanBackSQL          = rowSQL + ofCompanySQL + beforeSQL
	scanBackWorkspaceSQL = rowSQL + ofWorkspaceSQL + beforeSQL

	nextWorkspaceSQL = `SELECT workspace FROM counts WHERE company = ? AND workspace > ? LIMIT 1`
	hasCallsSQL      = `SELECT EXISTS (SELECT 1 FROM counts WHERE company = ? AND workspace = ? AND level = 2 AND calls > 0)`
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
func (s calls) read(ctx context.Context, f func(c *conn, of company) error) error {
	return s.store.read(ctx, func(c *conn) error {
		of, there, err := s.store.companyOf(c, s.company)
		if err != nil || !there {
			return err
		}
		s.store.companies.LoadOrStore(s.company, of.id)
		return f(c, of)
	})
}

func (s calls) Count(ctx context.Context, q callvault.Query) (total int, err error) {
	err = s.read(ctx, func(c *conn, of company) error {
		total, err = c.count(of.id, q)
		return err
	})
	return total, err
}

func (s calls) Get(ctx context.Context, ids []callvault.ID, visit func(callvault.Record) error) error {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, callvault.ID.Compare)
	return s.read(ctx, func(c *conn, of company) error {
		for _, id := range slices.Compact(ids) {
			r, there, err := c.find(of, id)
			if err != nil {
				return err
			}
			if !there || r.Deleted {
				continue
			}
			if err := r.verify(of); err != nil {
				return err
			}
			if err := visit(r.Record); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s calls) Scan(ctx context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	return s.read(ctx, func(c *conn, of company) error {
		return c.scan(&callvault.Verifier{Company: of.name, Query: q, At: after}, of, limit, visit)
	})
}

func (s calls) ScanBack(ctx context.Context, q callvault.Query, before callvault.Position, limit int, visit func(callvault.Record) error) error {
	return s.read(ctx, func(c *conn, of company) error {
		return c.scan(&callvault.Verifier{Company: of.name, Query: q, At: before, Back: true}, of, limit, visit)
	})
}

// First also compares what it visits with what is counted: the range of a leaf page that
// stands in another's place has fewer calls, or none.
func (s calls) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (total int, err error) {
	err = s.read(ctx, func(c *conn, of company) error {
		if total, err = c.count(of.id, q); err != nil {
			return err
		}
		visited := 0
		err := c.scan(&callvault.Verifier{Company: of.name, Query: q, At: q.Start()}, of, limit, func(r callvault.Record) error {
			visited++
			return visit(r)
		})
		if err != nil || visited == total || limit >= 0 && visited == limit && visited < total {
			return err
		}
		return &callvault.DamageError{Company: of.name, Problem: fmt.Sprintf("%d calls are counted, and %d are there", total, visited)}
	})
	return total, err
}

// scan visits the calls that follow the verifier's position.
func (c *conn) scan(v *callvault.Verifier, of company, limit int, visit func(callvault.Record) error) error {
	if v.Query.IsEmpty() {
		return nil
	}
	query, bound := scanQuery(&v.Query, v.Back)
	var r row
	return c.each(func(st *stmt) error {
		c.readRow(st, &r)
		if err := v.Verify(&r.Record, r.kept); err != nil {
			return err
		}
		return visit(r.Record)
	}, query, of.id, v.Query.Workspace.Key(), int64(v.At.Time), v.At.ID.Key(), int64(bound), limit)
}

// scanQuery is the query of a scan, and the time that it ends at.
func scanQuery(q *callvault.Query, back bool) (query string, bound callvault.Time) {
	switch isWhole := q.Workspace.IsZero(); {
	case isWhole && back:
		return scanBackSQL, q.From
	case back:
		return scanBackWorkspaceSQL, q.From
	case isWhole:
		return scanSQL, q.To
	}
	return scanWorkspaceSQL, q.To
}

func (s calls) Workspaces(ctx context.Context) (workspaces []callvault.ID, err error) {
	err = s.read(ctx, func(c *conn, of company) error {
		for last := ""; ; {
			next := ""
			err := c.each(func(st *stmt) error { next = st.ColumnText(0); return nil }, nextWorkspaceSQL, of.id, last)
			if err != nil || next == "" {
				return err
			}
			if has, err := c.number(hasCallsSQL, of.id, next); err != nil {
				return err
			} else if has == 1 {
				workspaces = append(workspaces, callvault.ID([]byte(next)))
			}
			last = next
		}
	})
	return workspaces, err
}

func (s calls) Latest(ctx context.Context) (number int64, err error) {
	err = s.read(ctx, func(c *conn, of company) error {
		number, err = c.number(lastNumberSQL, of.id)
		return err
	})
	return number, err
}

func (s calls) Changes(ctx context.Context, after int64, limit int, visit func(callvault.Record) error) error {
	return s.read(ctx, func(c *conn, of company) error { return c.visitChanges(of, after, limit, visit) })
}

func (s calls) Timelines(ctx context.Context) (timelines []callvault.Timeline, err error) {
	err = s.read(ctx, func(c *conn, of company) error {
		timelines, err = c.timelines(of.id)
		return err
	})
	return timelines, err
}
