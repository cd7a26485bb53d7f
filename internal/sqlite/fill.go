package sqlite

import (
	"errors"

	"github.com/callvault/callvault"
)

const (
	schema1SQL = `SELECT d.time, d.id, d.workspace, coalesce(i.number, 0), 0, d.document
		FROM documents_before AS d LEFT JOIN ids AS i ON i.company = d.company AND i.id = d.id
		WHERE d.company = ? ORDER BY d.time, d.id`

	unsealedTombstonesSQL = `SELECT id, number FROM ids WHERE company = ? AND time IS NULL AND checksum IS NULL LIMIT ?`
	sealTombstoneSQL      = `UPDATE ids SET checksum = ?3 WHERE company = ?1 AND id = ?2`

	sealKeySQL = `UPDATE keys SET checksum = ?2 WHERE id = ?1`

	// Calls of a company that is not there would be lost. Their companies are found one by one.
	strayCompaniesSQL = `WITH RECURSIVE c (company) AS (
			SELECT min(company) FROM documents_before UNION ALL
			SELECT (SELECT min(company) FROM documents_before AS d WHERE d.company > c.company) FROM c WHERE company IS NOT NULL)
		SELECT count(*) FROM c WHERE company IS NOT NULL AND company NOT IN (SELECT company FROM companies)`

	// Indexes are made last, from rows that are there: that is a sort and no search.
	afterFillSQL = `DROP TABLE documents_before;
		CREATE INDEX documents_by_workspace ON documents (company, workspace, time, id);
		CREATE INDEX ids_by_number ON ids (company, number);
		PRAGMA legacy_alter_table = OFF;`
)

var errStray = errors.New("it has calls of companies that it does not know; restore a backup")

// fillChecksums computes what schema 2 keeps beside the rows of schema 1.
func (c *conn) fillChecksums() error {
	if stray, err := c.number(strayCompaniesSQL); err != nil {
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
		if err := c.fillCalls(co.company); err != nil {
			return err
		}
		if err := c.sealTombstones(co.company); err != nil {
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
	w := &change{conn: c, company: of, tally: make(callvault.Tally)}
	var row row
	err := c.each(func(st *stmt) error {
		c.readRow(st, &row)
		return w.insert(&row.Record)
	}, schema1SQL, of.id)
	if err != nil {
		return err
	}
	return w.writeCounts()
}

// sealTombstones gives tombstones their checksums, some at a time: a table can't be changed
// while it is read.
func (c *conn) sealTombstones(of company) error {
	for {
		var some []callvault.Record
		err := c.each(func(st *stmt) error {
			r := callvault.Record{Deleted: true, Number: st.ColumnInt64(1)}
			st.ColumnBytes(0, r.ID[:])
			some = append(some, r)
			return nil
		}, unsealedTombstonesSQL, of.id, largeBatch)
		if err != nil || len(some) == 0 {
			return err
		}
		for i := range some {
			if err := c.run(sealTombstoneSQL, of.id, some[i].ID.Key(), some[i].Checksum(of.name)); err != nil {
				return err
			}
		}
	}
}

func (c *conn) fillKeys() error {
	var keys []callvault.Key
	err := c.visitKeys(func(key *callvault.Key, _ error) error { keys = append(keys, *key); return nil })
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
