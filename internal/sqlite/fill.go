package sqlite

import (
	"errors"

	"github.com/callvault/callvault"
)

const (
	schema1SQL = `SELECT d.time, d.id, d.workspace, coalesce(i.number, 0), 0, d.document
		FROM documents_before AS d LEFT JOIN ids AS i ON i.company = d.company AND i.id = d.id
		WHERE d.company = ? ORDER BY d.time, d.id`

	sealKeySQL = `UPDATE keys SET checksum = ?2 WHERE id = ?1`

	strayCallSQL = `SELECT EXISTS (SELECT 1 FROM documents_before WHERE company NOT IN (SELECT company FROM companies))`

	// Nobody followed changes before there were timelines, so nobody needs the tombstones.
	// Indexes are made last, from rows that are there: that is a sort and no search.
	afterFillSQL = `DROP TABLE documents_before;
		DELETE FROM ids WHERE time IS NULL;
		CREATE INDEX documents_by_workspace ON documents (company, workspace, time, id);
		CREATE INDEX ids_by_number ON ids (company, number);
		PRAGMA legacy_alter_table = OFF;`
)

var errStray = errors.New("it has calls of unknown companies; restore a backup")

// fillChecksums computes what schema 2 keeps beside the rows of schema 1.
func (c *conn) fillChecksums() error {
	if stray, err := c.number(strayCallSQL); err != nil {
		return err
	} else if stray > 0 {
		return errStray
	}
	companies, err := c.allCompanies()
	if err != nil {
		return err
	}
	for _, co := range companies {
		if err := c.addTimeline(co.id, callvault.NewTimeline(0)); err != nil {
			return err
		}
		if err := c.fillCalls(co); err != nil {
			return err
		}
	}
	if err := c.fillKeys(); err != nil {
		return err
	}
	return c.script(afterFillSQL)
}

// fillCalls writes a company's calls to the new table, in order, and counts them.
func (c *conn) fillCalls(of company) error {
	w := &change{conn: c, company: of, tally: make(callvault.Tally), names: callvault.NewNameTally()}
	var r row
	err := c.each(func(st *stmt) error {
		c.readRow(st, &r)
		return w.insert(&r.Record)
	}, schema1SQL, of.id)
	if err != nil {
		return err
	}
	return w.writeCounts()
}

func (c *conn) fillKeys() error {
	var keys []callvault.Key
	err := c.each(func(st *stmt) error { keys = append(keys, readKey(st)); return nil }, allKeysSQL)
	if err != nil {
		return err
	}
	for i := range keys {
		if err := c.run(sealKeySQL, keys[i].ID, keys[i].Checksum()); err != nil {
			return err
		}
	}
	return nil
}
