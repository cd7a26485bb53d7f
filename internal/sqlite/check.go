package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/callvault/callvault"
)

const (
	walkSQL = `SELECT d.time, d.id, d.workspace, d.number, d.checksum, d.document, i.number, i.time
		FROM documents AS d LEFT JOIN ids AS i ON i.company = d.company AND i.id = d.id
		WHERE d.company = ? ORDER BY d.time, d.id`

	tombstonesSQL = `SELECT id, number, checksum FROM ids WHERE company = ? AND time IS NULL`

	keptCountsSQL = `SELECT workspace, level, bucket, calls, digest, number FROM counts WHERE company = ?`
)

// laws are what holds between the tables of a company, each a query of what breaks it.
var laws = []string{
	`SELECT 'call ' || id || ' is missing, but the table ids has it' FROM ids AS i
		WHERE i.company = ? AND i.time IS NOT NULL AND NOT EXISTS (SELECT 1 FROM documents AS d WHERE d.company = i.company AND d.time = i.time AND d.id = i.id)`,
	`SELECT 'number ' || number || ' belongs to ' || count(*) || ' ids' FROM ids INDEXED BY ids_by_number
		WHERE company = ? GROUP BY number HAVING count(*) > 1`,
	`SELECT 'the latest number is ' || number || ', but the table ids has ' || latest
		FROM companies JOIN (SELECT max(number) AS latest FROM ids WHERE company = ?1) WHERE company = ?1 AND number <> latest`,
}

// Check verifies every row, and compares what is kept beside the calls with the calls.
func (s *Store) Check(ctx context.Context, report func(difference string)) error {
	return callvault.Doing(s.read(ctx, func(c *conn) error { return c.check(report) }), "check %s", s.path)
}

func (c *conn) check(report func(difference string)) error {
	if err := c.checkStructure(report); err != nil {
		return err
	}
	return c.compare(report)
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

// compare reports rows that are damaged, and where the tables contradict each other.
func (c *conn) compare(report func(difference string)) error {
	companies, err := c.allCompanies()
	if err != nil {
		return err
	}
	for _, of := range companies {
		tell := func(difference string) { report("company " + of.name + ": " + difference) }
		if err := c.compareCompany(of, tell); err != nil {
			return err
		}
	}
	return c.visitKeys(func(key *callvault.Key, damage error) error {
		if damage != nil {
			report(fmt.Sprintf("company %s: key %s is damaged", key.Company, key.ID))
		}
		return nil
	})
}

func (c *conn) compareCompany(of company, report func(difference string)) error {
	tally := make(callvault.Tally)
	v := callvault.Verifier{Company: of.name, Query: everything, At: everything.Start()}
	err := c.walk(of, func(r *row, id place) error {
		tally.Add(&r.Record, r.kept)
		if damage := (*callvault.DamageError)(nil); errors.As(v.Verify(&r.Record, r.kept), &damage) {
			report(fmt.Sprintf("call %s is damaged: %s", r.ID, damage.Problem))
		}
		switch {
		case !id.there || id.time != r.Time:
			report(fmt.Sprintf("call %s is stored at %s, but the table ids does not have it there", r.ID, r.Time))
		case id.number != r.Number:
			report(fmt.Sprintf("call %s has number %d, but the table ids has %d", r.ID, r.Number, id.number))
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = c.visitTombstones(of, func(r *row) {
		if r.verify(of) != nil {
			report(fmt.Sprintf("the tombstone of call %s is damaged", r.ID))
		}
	})
	if err != nil {
		return err
	}
	for _, law := range laws {
		if err := c.each(func(st *stmt) error { report(st.ColumnText(0)); return nil }, law, of.id); err != nil {
			return err
		}
	}
	kept, err := c.keptCounts(of)
	if err == nil {
		callvault.ReportCounts(tally.CompareCounts(kept), report)
	}
	return err
}

var everything = callvault.Query{Range: callvault.AllTime}

// place is where an id says that its call stands.
type place struct {
	there  bool
	time   callvault.Time // MinTime of a tombstone
	number int64
}

// walk visits all documents of a company, with what their ids say, unverified.
func (c *conn) walk(of company, visit func(r *row, id place) error) error {
	var r row
	return c.each(func(st *stmt) error {
		c.readRow(st, &r)
		id := place{!st.ColumnIsNull(6), callvault.Time(st.ColumnInt64(7)), st.ColumnInt64(6)}
		if st.ColumnIsNull(7) {
			id.time = callvault.MinTime
		}
		return visit(&r, id)
	}, walkSQL, of.id)
}

func (c *conn) visitTombstones(of company, visit func(*row)) error {
	return c.each(func(st *stmt) error {
		r := row{Record: callvault.Record{Number: st.ColumnInt64(1), Deleted: true}, kept: st.ColumnInt64(2)}
		st.ColumnBytes(0, r.ID[:])
		visit(&r)
		return nil
	}, tombstonesSQL, of.id)
}

// keptCounts are all counts that are kept of a company.
func (c *conn) keptCounts(of company) (callvault.Tally, error) {
	kept := make(callvault.Tally)
	err := c.each(func(st *stmt) error {
		key := callvault.CountKey{Bucket: callvault.Bucket{Level: st.ColumnInt(1), Number: st.ColumnInt64(2)}}
		st.ColumnBytes(0, key.Workspace[:])
		if 0 <= key.Level && key.Level < callvault.BucketLevels {
			kept[key] = callvault.Counted{Calls: st.ColumnInt(3), Digest: st.ColumnInt64(4), Number: st.ColumnInt64(5)}
		}
		return nil
	}, keptCountsSQL, of.id)
	return kept, err
}
