package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/callvault/callvault"
)

const (
	companySQL     = `SELECT company FROM companies WHERE name = ?`
	companiesSQL   = `SELECT name FROM companies ORDER BY name`
	makeCompanySQL = `INSERT INTO companies (name) VALUES (?) ON CONFLICT DO NOTHING`
)

// companyID is the row id of a company that is there. Companies are never
// removed, so what a reader found once holds; a writer may undo what it sees.
func (s *Store) companyID(c *conn, name string) (id int64, there bool, err error) {
	if id, ok := s.companies.Load(name); ok {
		return id.(int64), true, nil
	}
	n, err := c.number(companySQL, name)
	return int64(n), n != 0, err
}

// makeCompanyID is companyID, and makes the company when it is not there.
func (s *Store) makeCompanyID(c *conn, name string) (id int64, made bool, err error) {
	if err := callvault.CheckCompany(name); err != nil {
		return 0, false, err
	}
	if err := c.run(makeCompanySQL, name); err != nil {
		return 0, false, err
	}
	made = c.Changes() > 0
	id, _, err = s.companyID(c, name)
	return id, made, err
}

// Companies lists the companies by name.
func (s *Store) Companies(ctx context.Context) (names []string, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.each(func(st *sqlite.Stmt) error {
			names = append(names, st.ColumnText(0))
			return nil
		}, companiesSQL)
	})
	if err != nil {
		return nil, fmt.Errorf("list companies: %w", err)
	}
	return names, nil
}

// MakeCompany makes the company unless it is there.
func (s *Store) MakeCompany(ctx context.Context, name string) (made bool, err error) {
	err = s.write(ctx, func(c *conn) error {
		_, made, err = s.makeCompanyID(c, name)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("make company %q: %w", name, err)
	}
	return made, nil
}
