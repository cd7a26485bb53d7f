package sqlite

import (
	"context"

	"github.com/callvault/callvault"
)

const (
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
	return s.read(ctx, func(c *conn, of company) error {
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

func (s calls) Scan(ctx context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	return s.read(ctx, func(c *conn, of company) error {
		return newScan(c, of, q, after, false).run(limit, visit)
	})
}

func (s calls) ScanBack(ctx context.Context, q callvault.Query, before callvault.Position, limit int, visit func(callvault.Record) error) error {
	return s.read(ctx, func(c *conn, of company) error {
		return newScan(c, of, q, before, true).run(limit, visit)
	})
}

func (s calls) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (total int, err error) {
	err = s.read(ctx, func(c *conn, of company) error {
		if total, err = c.count(of.id, q); err != nil {
			return err
		}
		scan := newScan(c, of, q, q.Start(), false)
		scan.total = total
		return scan.run(limit, visit)
	})
	return total, err
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
