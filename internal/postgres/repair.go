package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

const (
	removeDocumentSQL  = `DELETE FROM callvault.documents WHERE company = $1 AND id = $2 AND time = $3`
	removeTombstoneSQL = `DELETE FROM callvault.ids WHERE company = $1 AND id = $2 AND time IS NULL`
	removeValueSQL     = `DELETE FROM callvault.mirror_values WHERE company = $1 AND key = $2`
	removeKeySQL       = `WITH v AS (UPDATE callvault.store SET keys_version = $2) DELETE FROM callvault.keys WHERE id = $1`

	removeTwiceSQL = `DELETE FROM callvault.documents AS t
		USING (SELECT company, time, id, row_number() OVER (PARTITION BY id ORDER BY number DESC, time DESC) AS place
			FROM callvault.documents WHERE company = $1) AS d
		WHERE d.place > 1 AND t.company = $1 AND t.company = d.company AND t.time = d.time AND t.id = d.id`

	followSQL = `INSERT INTO callvault.ids (company, id, number, time, workspace)
		SELECT company, id, number, time, workspace FROM callvault.documents AS d
		WHERE d.company = $1 AND NOT EXISTS (SELECT FROM callvault.ids AS i
			WHERE i.company = $1 AND i.id = d.id AND i.time = d.time AND i.workspace = d.workspace AND i.number = d.number AND i.checksum IS NULL OFFSET 0)
		ON CONFLICT (company, id) DO UPDATE SET number = excluded.number, time = excluded.time, workspace = excluded.workspace, checksum = NULL`

	removeGoneSQL = `DELETE FROM callvault.ids AS i WHERE i.company = $1 AND i.time IS NOT NULL
		AND NOT EXISTS (SELECT FROM callvault.documents AS d WHERE d.company = $1 AND d.time = i.time AND d.id = i.id OFFSET 0)`

	raiseNumberSQL = `UPDATE callvault.companies AS t SET number = m.number
		FROM (SELECT company, max(number) AS number FROM callvault.ids WHERE company = $1 GROUP BY company) AS m
		WHERE t.company = $1 AND t.company = m.company AND t.number < m.number`
)

// followApartSQL makes what stands apart follow the calls.
var followApartSQL = []string{
	`DELETE FROM callvault.apart AS a WHERE a.company = $1 AND (
		(a.kind = 3) = EXISTS (SELECT FROM callvault.ids AS i WHERE i.company = $1 AND i.id = a.id AND i.time IS NOT NULL)
		OR NOT EXISTS (SELECT FROM callvault.mirrors AS m WHERE m.company = $1 AND m.upstream <> ''))`,
	`UPDATE callvault.apart AS a SET here = i.time FROM callvault.ids AS i
		WHERE a.company = $1 AND i.company = $1 AND i.id = a.id AND i.time IS NOT NULL AND a.here <> i.time`,
}

// Repair corrects what Check finds. Writers of the companies that it repairs wait until
// it ends.
func (s *Store) Repair(ctx context.Context, accept callvault.Loss, report func(done string)) error {
	wrong := make(map[string]bool)
	err := s.check(ctx, func(company, _ string) { wrong[company] = true })
	if err != nil || len(wrong) == 0 {
		return callvault.Doing(err, "repair")
	}
	r := callvault.Repair{Accept: accept}
	err = s.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		for _, company := range slices.Sorted(maps.Keys(wrong)) {
			rows := companyRows{s, ctx, tx, company}
			if _, err := rows.exec(lockCompanySQL); err != nil {
				return err
			}
			if err := r.Company(company, rows); err != nil {
				return err
			}
		}
		return s.repairKeys(ctx, tx, &r)
	})
	if err = s.cause(ctx, err); err == nil {
		r.Tell(report)
	}
	return callvault.Doing(err, "repair")
}

// exec runs a statement for the company, and tells how many rows it changed.
func (c companyRows) exec(statement string, args ...any) (rows int, err error) {
	tag, err := c.tx.Exec(c.ctx, statement, append([]any{c.company}, args...)...)
	return int(tag.RowsAffected()), err
}

func (c companyRows) Remove(d callvault.DamagedRow) (err error) {
	switch {
	case d.IsEntry:
		_, err = c.exec(removeEntrySQL, string(d.Damage.Kind), d.Key)
	case d.IsValue:
		_, err = c.exec(removeValueSQL, d.Key)
	case d.IsTombstone:
		_, err = c.exec(removeTombstoneSQL, d.Key)
	default:
		_, err = c.exec(removeDocumentSQL, d.Key, int64(d.Time))
	}
	return err
}

func (c companyRows) Follow(did func(step string, rows int)) error {
	for _, step := range []struct{ statement, done string }{
		{removeTwiceSQL, callvault.DuplicatesRemoved},
		{followSQL, callvault.IDsFollowed},
		{removeGoneSQL, callvault.IDsRemoved},
		{raiseNumberSQL, callvault.LatestRaised},
	} {
		rows, err := c.exec(step.statement)
		if err != nil {
			return err
		}
		did(step.done, rows)
	}
	return nil
}

func (c companyRows) SetCounts(tally callvault.Tally) error {
	return setCounts(c.ctx, c.tx, c.company, tally)
}

func (c companyRows) Restart() error {
	for _, statement := range []string{forgetTimelinesSQL, forkCompanySQL, beginTimelineSQL} {
		if _, err := c.exec(statement); err != nil {
			return err
		}
	}
	return nil
}

// repairKeys removes damaged keys.
func (s *Store) repairKeys(ctx context.Context, tx pgx.Tx, r *callvault.Repair) error {
	damaged, err := s.damagedKeys(ctx, tx)
	if err == nil {
		err = r.Keys(damaged)
	}
	for _, damage := range damaged {
		if err == nil {
			version := callvault.NewKeysVersion()
			_, err = tx.Exec(ctx, removeKeySQL, damage.Key, version[:])
		}
	}
	return err
}

func (c companyRows) FollowApart() (rows int, err error) {
	for _, statement := range followApartSQL {
		n, err := c.exec(statement)
		if err != nil {
			return rows, err
		}
		rows += n
	}
	return rows, nil
}
