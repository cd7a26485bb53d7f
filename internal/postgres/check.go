package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Checks and repairs are of the store as a whole: they go through every
// company. On a cluster each shard does its part, since all of it is by company.

// actual are the counts as the calls have them.
const actual = `SELECT d.company, w.workspace, l.level, d.time >> l.shift AS bucket, count(*) AS calls
	FROM callvault.documents AS d
	CROSS JOIN (VALUES (0, 28), (1, 34), (2, 40)) AS l (level, shift)
	CROSS JOIN LATERAL (SELECT '' UNION SELECT d.workspace) AS w (workspace)
	GROUP BY 1, 2, 3, 4`

// checks are the laws between the tables, each a query of what breaks it: the
// company, and a text.
var checks = []string{
	`SELECT company, format('bucket %s of level %s of workspace ''%s'' counts %s calls and has %s', bucket, level, workspace, coalesce(c.calls, 0), coalesce(a.calls, 0))
		FROM callvault.counts AS c FULL JOIN (` + actual + `) AS a USING (company, workspace, level, bucket)
		WHERE coalesce(c.calls, 0) <> coalesce(a.calls, 0)`,
	`SELECT company, format('call %s stands at no place that its id knows', id) FROM callvault.documents AS d
		WHERE NOT EXISTS (SELECT FROM callvault.ids AS i WHERE i.company = d.company AND i.id = d.id AND i.time = d.time AND i.workspace = d.workspace)`,
	`SELECT company, format('id %s stands for a call that is not there', id) FROM callvault.ids AS i
		WHERE i.time IS NOT NULL AND NOT EXISTS (SELECT FROM callvault.documents AS d WHERE d.company = i.company AND d.time = i.time AND d.id = i.id AND d.workspace = i.workspace)`,
	`SELECT company, format('number %s is that of %s ids', number, count(*)) FROM callvault.ids GROUP BY company, number HAVING count(*) > 1`,
	`SELECT c.company, format('the latest number is %s, and that of its ids %s', c.number, m.number) FROM callvault.companies AS c
		JOIN (SELECT company, max(number) AS number FROM callvault.ids GROUP BY company) AS m ON m.company = c.company WHERE c.number <> m.number`,
}

// Check compares what is kept beside the calls with the calls.
func (s *Store) Check(ctx context.Context, report func(difference string)) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		for _, query := range checks {
			err := s.eachIn(ctx, tx, func(rows pgx.Rows) error {
				var company, difference string
				if err := rows.Scan(&company, &difference); err != nil {
					return err
				}
				report(fmt.Sprintf("company %s: %s", company, difference))
				return nil
			}, query)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err = s.cause(ctx, err); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	return nil
}

// latest is the highest number that each company has anywhere.
const latest = `WITH latest AS MATERIALIZED (
		SELECT c.company, greatest(c.number, coalesce(m.number, 0)) AS number FROM callvault.companies AS c
		LEFT JOIN (SELECT company, max(number) AS number FROM callvault.ids GROUP BY company) AS m ON m.company = c.company
	)`

const removeTwiceSQL = `DELETE FROM callvault.documents AS t WHERE EXISTS (
	SELECT FROM callvault.ids AS i JOIN callvault.documents AS d ON d.company = i.company AND d.time = i.time AND d.id = i.id
	WHERE i.company = t.company AND i.id = t.id AND i.time <> t.time)`

// repairs make right what checks find, in this order, each with what it is said
// to have done. Calls are believed: ids, numbers and counts follow them. A
// change of an id takes the next number, so that whoever follows the numbers
// learns of it.
var repairs = []struct{ query, done string }{
	{removeTwiceSQL, "removed %d calls that stood twice"},
	{latest + ` INSERT INTO callvault.ids (company, id, number, time, workspace)
		SELECT d.company, d.id, l.number + row_number() OVER (PARTITION BY d.company ORDER BY d.time, d.id), d.time, d.workspace
		FROM (SELECT DISTINCT ON (company, id) company, id, time, workspace FROM callvault.documents AS d
			WHERE NOT EXISTS (SELECT FROM callvault.ids AS i WHERE i.company = d.company AND i.id = d.id AND i.time = d.time AND i.workspace = d.workspace)
			ORDER BY company, id, time DESC) AS d
		JOIN latest AS l ON l.company = d.company
		ON CONFLICT (company, id) DO UPDATE SET number = excluded.number, time = excluded.time, workspace = excluded.workspace`,
		"gave %d calls their ids back"},
	{removeTwiceSQL, "removed %d calls that stood twice"},
	{latest + ` UPDATE callvault.ids AS t SET time = NULL, workspace = NULL, number = gone.number
		FROM (SELECT i.company, i.id, l.number + row_number() OVER (PARTITION BY i.company ORDER BY i.id) AS number
			FROM callvault.ids AS i JOIN latest AS l ON l.company = i.company
			WHERE i.time IS NOT NULL
				AND NOT EXISTS (SELECT FROM callvault.documents AS d WHERE d.company = i.company AND d.time = i.time AND d.id = i.id)) AS gone
		WHERE t.company = gone.company AND t.id = gone.id`,
		"made tombstones of %d ids whose calls are gone"},
	{latest + ` UPDATE callvault.ids AS t SET number = again.number
		FROM (SELECT p.company, p.id, l.number + row_number() OVER (PARTITION BY p.company ORDER BY p.number, p.id) AS number
			FROM (SELECT company, id, number, row_number() OVER (PARTITION BY company, number ORDER BY id) AS place FROM callvault.ids) AS p
			JOIN latest AS l ON l.company = p.company WHERE p.place > 1) AS again
		WHERE t.company = again.company AND t.id = again.id`,
		"gave %d ids numbers of their own"},
	{`UPDATE callvault.companies AS t SET number = m.number
		FROM (SELECT company, max(number) AS number FROM callvault.ids GROUP BY company) AS m
		WHERE t.company = m.company AND t.number <> m.number`,
		"set the latest number of %d companies"},
	{`DELETE FROM callvault.counts AS t WHERE calls <> 0 AND NOT EXISTS (SELECT FROM callvault.documents AS d
			WHERE d.company = t.company AND (t.workspace = '' OR d.workspace = t.workspace)
				AND d.time >> CASE t.level WHEN 0 THEN 28 WHEN 1 THEN 34 ELSE 40 END = t.bucket)`,
		"counted all calls anew: %d counts were of no calls"},
	{`INSERT INTO callvault.counts AS t (company, workspace, level, bucket, calls) ` + actual + `
		ON CONFLICT (company, workspace, level, bucket) DO UPDATE SET calls = excluded.calls WHERE t.calls <> excluded.calls`,
		"counted all calls anew: %d counts were wrong"},
}

// A repair is of all companies, and no other writer may come between. Their rows
// are locked one by one: Citus locks none by a statement of several shards.
const lockCompanySQL = `SELECT FROM callvault.companies WHERE company = $1 FOR UPDATE`

// lockCompanies makes the writers of all companies wait, and waits for them in
// one order.
func (s *Store) lockCompanies(ctx context.Context, tx pgx.Tx) error {
	names, err := snapshot{s, ctx, tx}.Companies()
	for _, name := range names {
		if err == nil {
			_, err = tx.Exec(ctx, lockCompanySQL, name)
		}
	}
	return err
}

// Repair makes right what Check finds. Writers wait for it.
func (s *Store) Repair(ctx context.Context, report func(done string)) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.lockCompanies(ctx, tx); err != nil {
			return err
		}
		for _, repair := range repairs {
			tag, err := tx.Exec(ctx, repair.query)
			if err != nil {
				return err
			}
			if n := tag.RowsAffected(); n > 0 {
				report(fmt.Sprintf(repair.done, n))
			}
		}
		return nil
	})
	if err = s.cause(ctx, err); err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	return nil
}
