package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// checks are the laws between the tables, each a query of what breaks it: the company, and
// a text. On a cluster each shard does its part, since all joins are by company.
var checks = []string{
	`SELECT company, format('call %s is not where the table ids has it', id) FROM callvault.documents AS d
		WHERE NOT EXISTS (SELECT FROM callvault.ids AS i
			WHERE i.company = d.company AND i.id = d.id AND i.time = d.time AND i.workspace = d.workspace AND i.number = d.number AND i.checksum IS NULL)`,
	`SELECT company, format('call %s is missing, but the table ids has it', id) FROM callvault.ids AS i
		WHERE i.time IS NOT NULL AND NOT EXISTS (SELECT FROM callvault.documents AS d WHERE d.company = i.company AND d.time = i.time AND d.id = i.id AND d.workspace = i.workspace)`,
	`SELECT company, format('number %s belongs to %s ids', number, count(*)) FROM callvault.ids GROUP BY company, number HAVING count(*) > 1`,
	`SELECT c.company, format('the latest number is %s, but the table ids has %s', c.number, m.number) FROM callvault.companies AS c
		JOIN (SELECT company, max(number) AS number FROM callvault.ids GROUP BY company) AS m ON m.company = c.company WHERE c.number < m.number`,
}

const (
	tombstonesSQL = `SELECT number, checksum, NULL::bigint, id, NULL::text, NULL::text FROM callvault.ids WHERE company = $1 AND time IS NULL`

	// The sum of checksums as a signed number of 64 bits.
	countsSQL = `SELECT workspace, level, bucket, total,
		(mod(mod(digest, 18446744073709551616) + 27670116110564327424, 18446744073709551616) - 9223372036854775808)::bigint, number
		FROM callvault.counts WHERE company = $1`
)

// Check verifies all rows, and compares what is kept beside the calls with the calls.
func (s *Store) Check(ctx context.Context, report func(difference string)) error {
	err := s.check(ctx, func(company, difference string) { report(fmt.Sprintf("company %s: %s", company, difference)) })
	return callvault.Doing(err, "check")
}

// check reports each difference with its company.
func (s *Store) check(ctx context.Context, report func(company, difference string)) error {
	err := s.inTx(ctx, oneMoment, func(tx pgx.Tx) error {
		if err := s.checkLaws(ctx, tx, report); err != nil {
			return err
		}
		err := s.damagedKeys(ctx, tx, func(damage *callvault.DamageError) {
			report(damage.Company, fmt.Sprintf("key %s is damaged: %s", damage.Key, damage.Problem))
		})
		if err != nil {
			return err
		}
		companies, err := view{moment{s, tx}}.Companies(ctx)
		if err != nil {
			return err
		}
		for _, company := range companies {
			e, err := s.examine(ctx, tx, company)
			if err != nil {
				return err
			}
			for _, d := range e.damaged {
				report(company, fmt.Sprintf("call %s is damaged: %s", d.damage.ID, d.damage.Problem))
			}
			callvault.ReportCounts(e.counts, func(difference string) { report(company, difference) })
		}
		return nil
	})
	return s.cause(ctx, err)
}

func (s *Store) checkLaws(ctx context.Context, tx pgx.Tx, report func(company, difference string)) error {
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
}

func (s *Store) damagedKeys(ctx context.Context, tx pgx.Tx, report func(*callvault.DamageError)) error {
	return s.eachIn(ctx, tx, func(rows pgx.Rows) error {
		_, _, err := readKey(rows)
		if damage := damageOf(err); damage != nil {
			report(damage)
			return nil
		}
		return err
	}, keysSQL, make([]byte, len(callvault.KeysVersion{})))
}

// examination is what all rows of a company come to.
type examination struct {
	damaged []damagedRow
	counts  []callvault.CountDifference
}

// damagedRow is a row of documents, or of ids where there is no time, by its key.
type damagedRow struct {
	time   *int64
	id     string
	damage *callvault.DamageError
}

// examine verifies all rows of a company, and compares the counts with them.
func (s *Store) examine(ctx context.Context, tx pgx.Tx, company string) (e examination, err error) {
	all := callvault.Query{Range: callvault.AllTime}
	v := callvault.Verifier{Company: company, Query: all, At: all.Start()}
	tally, kept := callvault.Tally{}, callvault.Tally{}
	r := &record{company: company, verify: v.Verify}
	page := PageStatement(company, all, v.At, -1)
	err = s.eachIn(ctx, tx, func(rows pgx.Rows) error {
		if damage := damageOf(r.read(rows)); damage != nil {
			time := int64(r.Time)
			e.damaged = append(e.damaged, damagedRow{&time, string(rows.RawValues()[3]), damage})
		}
		tally.Add(&r.Record, r.kept) // damaged or not: it was counted
		return nil
	}, page.SQL, page.Args...)
	if err != nil {
		return e, err
	}
	r.verify = func(r *callvault.Record, kept int64) error { return r.Verify(company, kept) }
	err = s.eachIn(ctx, tx, func(rows pgx.Rows) error {
		if damage := damageOf(r.read(rows)); damage != nil {
			e.damaged = append(e.damaged, damagedRow{nil, string(rows.RawValues()[3]), damage})
		}
		return nil
	}, tombstonesSQL, company)
	if err != nil {
		return e, err
	}
	err = s.eachIn(ctx, tx, func(rows pgx.Rows) error {
		var workspace string
		var key callvault.CountKey
		var c callvault.Counted
		err := rows.Scan(&workspace, &key.Level, &key.Number, &c.Calls, &c.Digest, &c.Number)
		copy(key.Workspace[:], workspace)
		kept[key] = c
		return err
	}, countsSQL, company)
	e.counts = tally.CompareCounts(kept)
	return e, err
}
