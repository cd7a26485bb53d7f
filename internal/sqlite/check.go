package sqlite

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
)

// recounted are the counts as the calls have them. The shifts are those of
// callvault.Time.Buckets.
const recounted = `WITH levels (level, shift) AS (VALUES (0, 28), (1, 34), (2, 40)),
	actual (company, workspace, level, bucket, calls) AS (
		SELECT company, '', level, time >> shift, count(*) FROM documents, levels GROUP BY 1, 3, 4
		UNION ALL
		SELECT company, workspace, level, time >> shift, count(*) FROM documents, levels WHERE workspace <> '' GROUP BY 1, 2, 3, 4
	)`

// countsSQL are the counts that are not those of the calls.
const countsSQL = recounted + ` SELECT name, 'bucket ' || bucket || ' of level ' || level || ' of workspace ''' || workspace || ''' counts ' || kept || ' calls and has ' || calls
		FROM (
			SELECT company, workspace, level, bucket, sum(kept) AS kept, sum(calls) AS calls FROM (
				SELECT company, workspace, level, bucket, 0 AS kept, calls FROM actual
				UNION ALL SELECT company, workspace, level, bucket, calls, 0 FROM counts
			) GROUP BY 1, 2, 3, 4 HAVING sum(kept) <> sum(calls)
		) JOIN companies USING (company)`

// checks are the laws between the tables, each a query of what breaks it: the
// company, and a text.
var checks = []string{
	countsSQL,
	`SELECT name, 'call ' || id || ' stands at no place that its id knows' FROM documents AS d JOIN companies USING (company)
		WHERE NOT EXISTS (SELECT 1 FROM ids AS i WHERE i.company = d.company AND i.id = d.id AND i.time = d.time)`,
	`SELECT name, 'id ' || id || ' stands for a call that is not there' FROM ids AS i JOIN companies USING (company)
		WHERE i.time IS NOT NULL AND NOT EXISTS (SELECT 1 FROM documents AS d WHERE d.company = i.company AND d.time = i.time AND d.id = i.id)`,
	`SELECT name, 'number ' || i.number || ' is that of ' || count(*) || ' ids' FROM ids AS i JOIN companies USING (company)
		GROUP BY i.company, i.number HAVING count(*) > 1`,
	`SELECT name, 'the latest number is ' || number || ', and that of its ids ' || latest FROM companies
		JOIN (SELECT company, max(number) AS latest FROM ids GROUP BY company) USING (company) WHERE number <> latest`,
}

// Check compares what is kept beside the calls with the calls.
func (s *Store) Check(ctx context.Context, report func(difference string)) error {
	err := s.read(ctx, func(c *conn) error {
		err := c.each(func(st *sqlite.Stmt) error {
			if text := st.ColumnText(0); text != "ok" {
				report("SQLite: " + text)
			}
			return nil
		}, "PRAGMA integrity_check")
		if err != nil {
			return err
		}
		return compare(c, report)
	})
	if err != nil {
		return fmt.Errorf("check %s: %w", s.path, err)
	}
	return nil
}

// compare reports where the tables contradict each other.
func compare(c *conn, report func(difference string)) error {
	for _, query := range checks {
		err := c.each(func(st *sqlite.Stmt) error {
			report(fmt.Sprintf("company %s: %s", st.ColumnText(0), st.ColumnText(1)))
			return nil
		}, query)
		if err != nil {
			return err
		}
	}
	return nil
}

// latest is the highest number that each company has anywhere.
const latest = `WITH latest (company, number) AS MATERIALIZED (
		SELECT c.company, max(c.number, coalesce(m.number, 0)) FROM companies AS c
		LEFT JOIN (SELECT company, max(number) AS number FROM ids GROUP BY company) AS m USING (company)
	)`

const removeTwiceSQL = `DELETE FROM documents WHERE EXISTS (
	SELECT 1 FROM ids AS i JOIN documents AS d ON d.company = i.company AND d.time = i.time AND d.id = i.id
	WHERE i.company = documents.company AND i.id = documents.id AND i.time <> documents.time)`

// repairs make right what checks find, in this order, each with what it is said
// to have done. Calls are believed: ids, numbers and counts follow them. A
// change of an id takes the next number, so that whoever follows the numbers
// learns of it.
var repairs = []struct{ query, done string }{
	{removeTwiceSQL, "removed %d calls that stood twice"},
	{latest + ` INSERT INTO ids (company, id, number, time)
		SELECT d.company, d.id, l.number + row_number() OVER (PARTITION BY d.company ORDER BY d.time, d.id), d.time
		FROM documents AS d JOIN latest AS l USING (company)
		WHERE NOT EXISTS (SELECT 1 FROM ids AS i WHERE i.company = d.company AND i.id = d.id AND i.time = d.time)
		ON CONFLICT DO UPDATE SET number = excluded.number, time = excluded.time`,
		"gave %d calls their ids back"},
	{removeTwiceSQL, "removed %d calls that stood twice"},
	{latest + ` UPDATE ids SET time = NULL, number = gone.number
		FROM (SELECT i.company, i.id, l.number + row_number() OVER (PARTITION BY i.company ORDER BY i.id) AS number
			FROM ids AS i JOIN latest AS l USING (company)
			WHERE i.time IS NOT NULL
				AND NOT EXISTS (SELECT 1 FROM documents AS d WHERE d.company = i.company AND d.time = i.time AND d.id = i.id)) AS gone
		WHERE ids.company = gone.company AND ids.id = gone.id`,
		"made tombstones of %d ids whose calls are gone"},
	{latest + ` UPDATE ids SET number = again.number
		FROM (SELECT t.company, t.id, l.number + row_number() OVER (PARTITION BY t.company ORDER BY t.number, t.id) AS number
			FROM (SELECT company, id, number, row_number() OVER (PARTITION BY company, number ORDER BY id) AS place FROM ids) AS t
			JOIN latest AS l USING (company) WHERE t.place > 1) AS again
		WHERE ids.company = again.company AND ids.id = again.id`,
		"gave %d ids numbers of their own"},
	{`UPDATE companies SET number = m.number
		FROM (SELECT company, max(number) AS number FROM ids GROUP BY company) AS m
		WHERE companies.company = m.company AND companies.number <> m.number`,
		"set the latest number of %d companies"},
}

const (
	clearCountsSQL = `DELETE FROM counts`
	recountSQL     = recounted + ` INSERT INTO counts (company, workspace, level, bucket, calls)
		SELECT company, workspace, level, bucket, calls FROM actual`
)

// Repair makes right what Check finds. Writers wait for it only where something is
// wrong.
func (s *Store) Repair(ctx context.Context, report func(done string)) error {
	wrong := false
	err := s.read(ctx, func(c *conn) error { return compare(c, func(string) { wrong = true }) })
	if err == nil && wrong {
		err = s.repair(ctx, report)
	}
	if err != nil {
		return fmt.Errorf("repair %s: %w", s.path, err)
	}
	return nil
}

func (s *Store) repair(ctx context.Context, report func(done string)) error {
	return s.write(ctx, func(c *conn) error {
		for _, repair := range repairs {
			if err := c.run(repair.query); err != nil {
				return err
			}
			if n := c.Changes(); n > 0 {
				report(fmt.Sprintf(repair.done, n))
			}
		}
		wrong := 0
		err := c.each(func(*sqlite.Stmt) error { wrong++; return nil }, countsSQL)
		if err != nil || wrong == 0 {
			return err
		}
		if err := errors.Join(c.run(clearCountsSQL), c.run(recountSQL)); err != nil {
			return err
		}
		report(fmt.Sprintf("counted all calls anew: %d counts were wrong", wrong))
		return nil
	})
}
