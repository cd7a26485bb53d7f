package sqlite

import (
	"context"

	"github.com/callvault/callvault"
)

const (
	// One look at the index for each workspace.
	workspacesSQL = `WITH RECURSIVE w (workspace) AS (
			SELECT '' UNION ALL
			SELECT (SELECT workspace FROM counts WHERE company = ?1 AND workspace > w.workspace ORDER BY workspace LIMIT 1) FROM w WHERE w.workspace IS NOT NULL)
		SELECT workspace FROM w WHERE workspace <> '' AND EXISTS (
			SELECT 1 FROM counts AS c WHERE c.company = ?1 AND c.workspace = w.workspace AND c.level = 2 AND c.calls > 0)`

	countRecordsSQL = `SELECT count(*) FROM ids INDEXED BY ids_by_number WHERE company = ?`
)

// reads is one company's calls, to be read.
type reads struct {
	view
	company string
}

// calls is one company's calls.
type calls struct{ reads }

// Calls hands out one company's calls.
func (s *Store) Calls(company string) callvault.Calls { return calls{reads{s.view, company}} }

// ofCompany runs f in one read transaction, and not at all while the company is
// not there.
func (s reads) ofCompany(ctx context.Context, f func(c *conn, of company) error) error {
	return s.read(ctx, func(c *conn) error {
		of, there, err := s.store.companyOf(c, s.company)
		if err != nil || !there {
			return err
		}
		s.store.companies.LoadOrStore(s.company, of.id)
		return f(c, of)
	})
}

func (s reads) Count(ctx context.Context, q callvault.Query) (total int, err error) {
	err = s.ofCompany(ctx, func(c *conn, of company) error {
		total, err = c.count(of.id, q)
		return err
	})
	return total, err
}

func (s reads) Get(ctx context.Context, ids []callvault.ID, visit func(callvault.Record) error) error {
	return s.ofCompany(ctx, func(c *conn, of company) error {
		for _, id := range callvault.SortIDs(ids) {
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

func (s reads) Scan(ctx context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	return s.ofCompany(ctx, func(c *conn, of company) error {
		return newScan(c, of, q, after, false).run(limit, visit)
	})
}

func (s reads) ScanBack(ctx context.Context, q callvault.Query, before callvault.Position, limit int, visit func(callvault.Record) error) error {
	return s.ofCompany(ctx, func(c *conn, of company) error {
		return newScan(c, of, q, before, true).run(limit, visit)
	})
}

// First counts behind the calls that it visits, which so need not be counted again. Where it
// visits all calls, the scan has compared them with the counts.
func (s reads) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (total int, err error) {
	err = s.ofCompany(ctx, func(c *conn, of company) error {
		var head callvault.Head
		err := newScan(c, of, q, q.Start(), false).run(limit, func(r callvault.Record) error {
			head.Visit(r.Time)
			return visit(r)
		})
		if total = head.Visited(); err != nil || total != limit {
			return err
		}
		if total, err = c.countBehind(of.id, q, &head); err == nil && total < limit {
			err = miscounted(of, total, limit)
		}
		return err
	})
	return total, err
}

func (s reads) Workspaces(ctx context.Context) (workspaces []callvault.ID, err error) {
	err = s.ofCompany(ctx, func(c *conn, of company) error {
		return c.each(func(st *stmt) error {
			var id callvault.ID
			if st.ColumnLen(0) != len(id) {
				return &callvault.DamageError{Company: of.name, Problem: "a workspace is malformed"}
			}
			st.ColumnBytes(0, id[:])
			workspaces = append(workspaces, id)
			return nil
		}, workspacesSQL, of.id)
	})
	return workspaces, err
}

func (s reads) Latest(ctx context.Context) (number int64, err error) {
	err = s.ofCompany(ctx, func(c *conn, of company) error {
		number, err = c.number(lastNumberSQL, of.id)
		return err
	})
	return number, err
}

func (s reads) Changes(ctx context.Context, after int64, limit int, visit func(callvault.Record) error) error {
	return s.ofCompany(ctx, func(c *conn, of company) error { return c.visitChanges(of, after, limit, visit) })
}

func (s reads) CountRecords(ctx context.Context) (n int, err error) {
	err = s.ofCompany(ctx, func(c *conn, of company) error {
		records, err := c.number(countRecordsSQL, of.id)
		n = int(records)
		return err
	})
	return n, err
}

func (s reads) Timelines(ctx context.Context) (timelines []callvault.Timeline, err error) {
	err = s.ofCompany(ctx, func(c *conn, of company) error {
		timelines, err = c.timelines(of.id)
		return err
	})
	return timelines, err
}
