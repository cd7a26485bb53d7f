package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// A check reads all companies. On a cluster each shard does its part, since all joins are
// by company. A repair changes one company after the other, and only those in which the
// check found something.

// actualOf counts the calls for which a condition holds. A call without a workspace is
// counted once.
func actualOf(condition string) string {
	return `SELECT d.company, w.workspace, l.level, d.time >> l.shift AS bucket, count(*) AS calls
	FROM callvault.documents AS d
	CROSS JOIN (VALUES (0, 28), (1, 34), (2, 40)) AS l (level, shift)
	CROSS JOIN LATERAL (VALUES (''), (nullif(d.workspace, ''))) AS w (workspace)
	WHERE w.workspace IS NOT NULL AND ` + condition + `
	GROUP BY 1, 2, 3, 4`
}

// checks are the laws between the tables, each a query of what breaks it: the
// company, and a text.
var checks = []string{
	`SELECT company, format('bucket %s of level %s of workspace ''%s'' counts %s calls and has %s', bucket, level, workspace, coalesce(c.calls, 0), coalesce(a.calls, 0))
		FROM callvault.counts AS c FULL JOIN (` + actualOf("true") + `) AS a USING (company, workspace, level, bucket)
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
	err := s.check(ctx, func(company, difference string) { report(fmt.Sprintf("company %s: %s", company, difference)) })
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	return nil
}

// check reports each difference with its company.
func (s *Store) check(ctx context.Context, report func(company, difference string)) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		for _, query := range checks {
			err := s.eachIn(ctx, tx, func(rows pgx.Rows) error {
				var company, difference string
				err := rows.Scan(&company, &difference)
				if err == nil {
					report(company, difference)
				}
				return err
			}, query)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return s.cause(ctx, err)
}

// latest is the highest number of a company. It is not a WITH query, because Citus does
// not plan those before an INSERT.
const latest = `(SELECT c.company, greatest(c.number, coalesce(m.number, 0)) AS number FROM callvault.companies AS c
			LEFT JOIN (SELECT company, max(number) AS number FROM callvault.ids WHERE company = $1 GROUP BY company) AS m ON m.company = c.company
			WHERE c.company = $1)`

// removeTwiceSQL finds each call by its whole key. By the id alone, the planner reads all
// calls of a company for each of them.
const removeTwiceSQL = `DELETE FROM callvault.documents AS t
	USING (SELECT d.company, d.time, d.id
		FROM callvault.documents AS d
		CROSS JOIN LATERAL (SELECT i.time FROM callvault.ids AS i
			WHERE i.company = $1 AND i.id = d.id OFFSET 0) AS at
		CROSS JOIN LATERAL (SELECT FROM callvault.documents AS o
			WHERE o.company = $1 AND o.time = at.time AND o.id = d.id OFFSET 0) AS other
		WHERE d.company = $1 AND at.time <> d.time OFFSET 0) AS twice
	WHERE t.company = $1 AND t.company = twice.company AND t.time = twice.time AND t.id = twice.id`

// repairs correct a company, in this order, each with its report. The calls are believed:
// ids, numbers and counts follow them. A changed id takes the next number, so that
// readers of changes see it. Each repair writes only what differs.
var repairs = []struct{ query, done string }{
	{removeTwiceSQL, "removed %d calls that stood twice"},
	{`INSERT INTO callvault.ids (company, id, number, time, workspace)
		SELECT d.company, d.id, l.number + row_number() OVER (ORDER BY d.time, d.id), d.time, d.workspace
		FROM (SELECT DISTINCT ON (id) company, id, time, workspace FROM callvault.documents AS d
			WHERE d.company = $1 AND NOT EXISTS (SELECT FROM callvault.ids AS i
				WHERE i.company = $1 AND i.id = d.id AND i.time = d.time AND i.workspace = d.workspace)
			ORDER BY id, time DESC) AS d
		JOIN ` + latest + ` AS l ON l.company = d.company
		ON CONFLICT (company, id) DO UPDATE SET number = excluded.number, time = excluded.time, workspace = excluded.workspace`,
		"gave %d calls their ids back"},
	{removeTwiceSQL, "removed %d calls that stood twice"},
	{`UPDATE callvault.ids AS t SET time = NULL, workspace = NULL, number = gone.number
		FROM (SELECT i.company, i.id, l.number + row_number() OVER (ORDER BY i.id) AS number
			FROM callvault.ids AS i JOIN ` + latest + ` AS l ON l.company = i.company
			WHERE i.company = $1 AND i.time IS NOT NULL AND NOT EXISTS (SELECT FROM callvault.documents AS d
				WHERE d.company = $1 AND d.time = i.time AND d.id = i.id)) AS gone
		WHERE t.company = $1 AND t.company = gone.company AND t.id = gone.id`,
		"made tombstones of %d ids whose calls are gone"},
	{`UPDATE callvault.ids AS t SET number = again.number
		FROM (SELECT p.company, p.id, l.number + row_number() OVER (ORDER BY p.number, p.id) AS number
			FROM (SELECT company, id, number, row_number() OVER (PARTITION BY number ORDER BY id) AS place
				FROM callvault.ids WHERE company = $1) AS p
			JOIN ` + latest + ` AS l ON l.company = p.company WHERE p.place > 1) AS again
		WHERE t.company = $1 AND t.company = again.company AND t.id = again.id`,
		"gave %d ids numbers of their own"},
	{`UPDATE callvault.companies AS t SET number = m.number
		FROM (SELECT company, max(number) AS number FROM callvault.ids WHERE company = $1 GROUP BY company) AS m
		WHERE t.company = $1 AND t.company = m.company AND t.number <> m.number`,
		"set the latest number of %d companies"},
	{`DELETE FROM callvault.counts AS t
		USING (SELECT c.company, c.workspace, c.level, c.bucket
			FROM callvault.counts AS c LEFT JOIN (` + actualOf("d.company = $1") + `) AS a USING (company, workspace, level, bucket)
			WHERE c.company = $1 AND c.calls <> 0 AND a.calls IS NULL) AS gone
		WHERE t.company = $1 AND t.company = gone.company AND t.workspace = gone.workspace AND t.level = gone.level AND t.bucket = gone.bucket`,
		"counted all calls anew: %d counts were of no calls"},
	{`INSERT INTO callvault.counts (company, workspace, level, bucket, calls)
		SELECT a.company, a.workspace, a.level, a.bucket, a.calls
		FROM (` + actualOf("d.company = $1") + `) AS a
		LEFT JOIN (SELECT * FROM callvault.counts WHERE company = $1) AS c USING (company, workspace, level, bucket)
		WHERE c.calls IS DISTINCT FROM a.calls
		ON CONFLICT (company, workspace, level, bucket) DO UPDATE SET calls = excluded.calls`,
		"counted all calls anew: %d counts were wrong"},
}

const lockCompanySQL = `SELECT FROM callvault.companies WHERE company = $1 FOR UPDATE`

// Repair corrects what Check finds. Writers of the companies that it repairs wait until
// it ends.
func (s *Store) Repair(ctx context.Context, report func(done string)) error {
	wrong := make(map[string]bool)
	err := s.check(ctx, func(company, _ string) { wrong[company] = true })
	if err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	done := make([]int64, len(repairs))
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, company := range slices.Sorted(maps.Keys(wrong)) {
			if err := repairCompany(ctx, tx, company, done); err != nil {
				return err
			}
		}
		return nil
	})
	if err = s.cause(ctx, err); err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	for i, n := range done {
		if n > 0 {
			report(fmt.Sprintf(repairs[i].done, n))
		}
	}
	return nil
}

// repairCompany adds the number of rows of each repair to done.
func repairCompany(ctx context.Context, tx pgx.Tx, company string, done []int64) error {
	if _, err := tx.Exec(ctx, lockCompanySQL, company); err != nil {
		return err
	}
	for i, repair := range repairs {
		tag, err := tx.Exec(ctx, repair.query, company)
		if err != nil {
			return err
		}
		done[i] += tag.RowsAffected()
	}
	return nil
}
