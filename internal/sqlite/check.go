package sqlite

import (
	"cmp"
	"context"
	"fmt"

	"github.com/callvault/callvault"
)

const (
	walkSQL = `SELECT d.time, d.id, d.workspace, d.number, d.checksum, d.document, i.number IS d.number AND i.time IS d.time AND i.checksum IS NULL
		FROM documents AS d LEFT JOIN ids AS i ON i.company = d.company AND i.id = d.id
		WHERE d.company = ? ORDER BY d.time, d.id`

	tombstonesSQL = `SELECT id, number, checksum FROM ids WHERE company = ? AND time IS NULL`

	keptCountsSQL = `SELECT workspace, level, bucket, calls, digest, number FROM counts WHERE company = ?`
)

// laws are what holds between the tables of a company beside what the walk shows, each a
// query of what breaks it.
var laws = []struct{ query, text string }{
	{`SELECT ltrim(id, '0') FROM ids AS i WHERE i.company = ? AND i.time IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM documents AS d WHERE d.company = i.company AND d.time = i.time AND d.id = i.id)`, callvault.CallIsGone},
	{`SELECT number, count(*) FROM ids INDEXED BY ids_by_number
		WHERE company = ? GROUP BY number HAVING count(*) > 1`, callvault.NumberShared},
	{`SELECT number, latest FROM companies JOIN (SELECT max(number) AS latest FROM ids WHERE company = ?1)
		WHERE company = ?1 AND number < latest`, callvault.LatestIsLow},
	{`SELECT ltrim(id, '0') FROM apart AS a WHERE a.company = ?1 AND a.kind <> 3
		AND NOT EXISTS (SELECT 1 FROM ids AS i WHERE i.company = ?1 AND i.id = a.id AND i.time = a.here)`, callvault.ApartIsGone},
	{`SELECT ltrim(id, '0') FROM apart AS a WHERE a.company = ?1 AND a.kind = 3
		AND EXISTS (SELECT 1 FROM ids AS i WHERE i.company = ?1 AND i.id = a.id AND i.time IS NOT NULL)`, callvault.WithheldIsThere},
	{`SELECT count(*) FROM apart WHERE company = ?1
		AND NOT EXISTS (SELECT 1 FROM mirrors WHERE company = ?1 AND upstream <> '') HAVING count(*) > 0`, callvault.ApartOfNobody},
}

// Check verifies every row, and compares what is kept beside the calls with the calls.
func (s *Store) Check(ctx context.Context, report func(difference string)) error {
	return callvault.Doing(s.read(ctx, func(c *conn) error { return c.check(report) }), "check %s", s.path)
}

func (c *conn) check(report func(difference string)) error {
	if err := c.checkStructure(report); err != nil {
		return err
	}
	companies, err := c.allCompanies()
	if err != nil {
		return err
	}
	for _, of := range companies {
		tell := func(difference string) { report("company " + of.name + ": " + difference) }
		if err := callvault.CheckRows(of.name, companyRows{c, of}, tell); err != nil {
			return err
		}
	}
	damaged, err := c.damagedKeys()
	for _, damage := range damaged {
		report(fmt.Sprintf("company %s: key %s is damaged", damage.Company, damage.Key))
	}
	return err
}

// checkStructure reports what SQLite finds wrong with the file.
func (c *conn) checkStructure(report func(difference string)) error {
	return c.each(func(st *stmt) error {
		if text := st.ColumnText(0); text != "ok" {
			report("SQLite: " + text)
		}
		return nil
	}, "PRAGMA integrity_check")
}

// companyRows is a callvault.CompanyRows.
type companyRows struct {
	*conn
	of company
}

func (c companyRows) Examine(e *callvault.Examination) error {
	var r row
	err := c.each(func(st *stmt) error {
		c.readRow(st, &r)
		if st.ColumnInt(6) == 0 {
			e.Report(fmt.Sprintf(callvault.IDMisleads, r.ID))
		}
		return e.Call(&r.Record, r.kept, st.ColumnText(1), e.Verifier.Verify(&r.Record, r.kept))
	}, walkSQL, c.of.id)
	if err != nil {
		return err
	}
	err = c.each(func(st *stmt) error {
		r := row{Record: callvault.Record{Number: st.ColumnInt64(1), Deleted: true}, kept: st.ColumnInt64(2)}
		st.ColumnBytes(0, r.ID[:])
		return e.Tombstone(st.ColumnText(0), r.verify(c.of))
	}, tombstonesSQL, c.of.id)
	if err != nil {
		return err
	}
	if err := cmp.Or(c.examineEntries(e), c.examineValues(e)); err != nil {
		return err
	}
	err = c.each(func(st *stmt) error {
		key := callvault.CountKey{Bucket: callvault.Bucket{Level: st.ColumnInt(1), Number: st.ColumnInt64(2)}}
		st.ColumnBytes(0, key.Workspace[:])
		e.Kept(key, callvault.Counted{Calls: st.ColumnInt(3), Digest: st.ColumnInt64(4), Number: st.ColumnInt64(5)})
		return nil
	}, keptCountsSQL, c.of.id)
	if err != nil {
		return err
	}
	return cmp.Or(c.keptNames(e), c.examineFacts(e))
}

func (c companyRows) Contradictions(report func(difference string)) error {
	for _, law := range laws {
		err := c.each(func(st *stmt) error {
			columns := []any{st.ColumnText(0), st.ColumnText(1)}
			report(fmt.Sprintf(law.text, columns[:st.ColumnCount()]...))
			return nil
		}, law.query, c.of.id)
		if err != nil {
			return err
		}
	}
	return nil
}

// examineValues shows the values of a mirror to an examination.
func (c companyRows) examineValues(e *callvault.Examination) error {
	return c.each(func(st *stmt) error {
		key := st.ColumnText(0)
		return e.Value(key, callvault.VerifyValue(c.of.name, key, c.column(st, 2), st.ColumnInt64(1)))
	}, allValuesSQL, c.of.id)
}
