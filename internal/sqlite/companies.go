package sqlite

import (
	"context"

	"github.com/callvault/callvault"
)

const (
	companySQL      = `SELECT company FROM companies WHERE name = ?`
	companiesSQL    = `SELECT name FROM companies ORDER BY name`
	allCompaniesSQL = `SELECT company, name FROM companies ORDER BY name`
	makeCompanySQL  = `INSERT INTO companies (name) VALUES (?) ON CONFLICT DO NOTHING`

	timelinesSQL      = `SELECT id, number FROM timelines WHERE company = ? ORDER BY number`
	clearTimelinesSQL = `DELETE FROM timelines WHERE company = ?`
	addTimelineSQL    = `INSERT INTO timelines (company, number, id) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET id = excluded.id`
	forkSQL           = `UPDATE companies SET fork = 1 WHERE company = ?`
	forkAllSQL        = `UPDATE companies SET fork = 1`
)

// company is a company that is there.
type company struct {
	id   int64
	name string
}

// companyOf is a company that is there. Companies are never removed, so what a
// reader found once holds; a writer may undo what it sees.
func (s *Store) companyOf(c *conn, name string) (of company, there bool, err error) {
	if id, ok := s.companies.Load(name); ok {
		return company{id.(int64), name}, true, nil
	}
	id, err := c.number(companySQL, name)
	return company{id, name}, id != 0, err
}

// makeCompany is companyOf, and makes the company when it is not there.
func (s *Store) makeCompany(c *conn, name string) (of company, made bool, err error) {
	if err := callvault.CheckCompany(name); err != nil {
		return company{}, false, err
	}
	if err := c.run(makeCompanySQL, name); err != nil {
		return company{}, false, err
	}
	made = c.changed() > 0
	of, _, err = s.companyOf(c, name)
	if err == nil && made {
		err = c.addTimeline(of.id, callvault.NewTimeline(0))
	}
	return of, made, err
}

// writeTo is write for a company, which it makes when it is not there.
func (s *Store) writeTo(ctx context.Context, name string, f func(c *conn, of company) error) error {
	return s.write(ctx, s.making(name, f))
}

// making is f for a company, which it makes when it is not there.
func (s *Store) making(name string, f func(c *conn, of company) error) func(*conn) error {
	return func(c *conn) error {
		of, _, err := s.makeCompany(c, name)
		if err != nil {
			return err
		}
		return f(c, of)
	}
}

// writeUnmirrored is writeTo for what a company's mirror alone may write, if it has one.
func (s *Store) writeUnmirrored(ctx context.Context, name string, f func(c *conn, of company) error) error {
	return s.writeTo(ctx, name, func(c *conn, of company) error {
		if err := c.refuseMirrored(of); err != nil {
			return err
		}
		return f(c, of)
	})
}

// writeIn is write for a company, unless it is not there.
func (s *Store) writeIn(ctx context.Context, name string, f func(c *conn, of company) error) error {
	return s.write(ctx, func(c *conn) error {
		of, there, err := s.companyOf(c, name)
		if err != nil || !there {
			return err
		}
		return f(c, of)
	})
}

// Companies lists the companies by name.
func (s view) Companies(ctx context.Context) (names []string, err error) {
	err = s.read(ctx, func(c *conn) error {
		names, err = c.texts(companiesSQL)
		return err
	})
	return names, callvault.Doing(err, "list companies")
}

// MakeCompany makes the company unless it is there.
func (s *Store) MakeCompany(ctx context.Context, name string) (made bool, err error) {
	err = s.write(ctx, func(c *conn) error {
		_, made, err = s.makeCompany(c, name)
		return err
	})
	return made, callvault.Doing(err, "make company %q", name)
}

// Adopt gives a company the timelines of the one that it is a copy of.
func (s *Store) Adopt(ctx context.Context, name string, timelines []callvault.Timeline) error {
	err := s.writeTo(ctx, name, func(c *conn, of company) error {
		if err := c.run(clearTimelinesSQL, of.id); err != nil {
			return err
		}
		for _, t := range timelines {
			if err := c.addTimeline(of.id, t); err != nil {
				return err
			}
		}
		return c.run(forkSQL, of.id)
	})
	return callvault.Doing(err, "adopt the timelines of company %q", name)
}

// Fork makes the next change of every company begin a timeline.
func (s *Store) Fork(ctx context.Context) error {
	return callvault.Doing(s.write(ctx, func(c *conn) error { return c.run(forkAllSQL) }), "begin a new timeline in %s", s.path)
}

func (c *conn) timelines(company int64) (timelines []callvault.Timeline, err error) {
	err = c.each(func(st *stmt) error {
		t := callvault.Timeline{From: st.ColumnInt64(1)}
		st.ColumnBytes(0, t.ID[:])
		timelines = append(timelines, t)
		return nil
	}, timelinesSQL, company)
	return timelines, err
}

// addTimeline replaces one that begins at the same number: nothing was written on that.
func (c *conn) addTimeline(company int64, t callvault.Timeline) error {
	return c.run(addTimelineSQL, company, t.From, t.ID[:])
}

// allCompanies are the companies by name.
func (c *conn) allCompanies() (all []company, err error) {
	err = c.each(func(st *stmt) error {
		all = append(all, company{st.ColumnInt64(0), st.ColumnText(1)})
		return nil
	}, allCompaniesSQL)
	return all, err
}
