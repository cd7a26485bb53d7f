package postgres

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// laws are what holds between the tables of a company, each a query of what breaks it.
var laws = []struct{ query, text string }{
	{`SELECT ltrim(id, '0') FROM callvault.documents AS d
		WHERE d.company = $1 AND NOT EXISTS (SELECT FROM callvault.ids AS i
			WHERE i.company = $1 AND i.id = d.id AND i.time = d.time AND i.workspace = d.workspace AND i.number = d.number AND i.checksum IS NULL OFFSET 0)`, callvault.IDMisleads},
	{`SELECT ltrim(id, '0') FROM callvault.ids AS i
		WHERE i.company = $1 AND i.time IS NOT NULL AND NOT EXISTS (SELECT FROM callvault.documents AS d
			WHERE d.company = $1 AND d.time = i.time AND d.id = i.id AND d.workspace = i.workspace OFFSET 0)`, callvault.CallIsGone},
	{`SELECT number::text, count(*)::text FROM callvault.ids WHERE company = $1 GROUP BY number HAVING count(*) > 1`, callvault.NumberShared},
	{`SELECT c.number::text, m.number::text FROM callvault.companies AS c
		JOIN (SELECT company, max(number) AS number FROM callvault.ids WHERE company = $1 GROUP BY company) AS m ON m.company = c.company
		WHERE c.company = $1 AND c.number < m.number`, callvault.LatestIsLow},
	{`SELECT ltrim(id, '0') FROM callvault.apart AS a WHERE a.company = $1 AND a.kind <> 3
		AND NOT EXISTS (SELECT FROM callvault.ids AS i WHERE i.company = $1 AND i.id = a.id AND i.time = a.here)`, callvault.ApartIsGone},
	{`SELECT ltrim(id, '0') FROM callvault.apart AS a WHERE a.company = $1 AND a.kind = 3
		AND EXISTS (SELECT FROM callvault.ids AS i WHERE i.company = $1 AND i.id = a.id AND i.time IS NOT NULL)`, callvault.WithheldIsThere},
	{`SELECT count(*)::text FROM callvault.apart AS a WHERE a.company = $1
		AND NOT EXISTS (SELECT FROM callvault.mirrors AS m WHERE m.company = $1 AND m.upstream <> '') HAVING count(*) > 0`, callvault.ApartOfNobody},
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
		companies, err := view{moment{s, tx}}.Companies(ctx)
		if err != nil {
			return err
		}
		for _, company := range companies {
			rows := companyRows{s, ctx, tx, company}
			if err := callvault.CheckRows(company, rows, func(difference string) { report(company, difference) }); err != nil {
				return err
			}
		}
		damaged, err := s.damagedKeys(ctx, tx)
		for _, d := range damaged {
			report(d.Company, fmt.Sprintf("key %s is damaged", d.Key))
		}
		return err
	})
	return s.cause(ctx, err)
}

func (s *Store) damagedKeys(ctx context.Context, tx pgx.Tx) (damaged []*callvault.DamageError, err error) {
	err = s.eachIn(ctx, tx, func(rows pgx.Rows) error {
		_, _, err := readKey(rows)
		if damage := damageOf(err); damage != nil {
			damaged = append(damaged, damage)
			return nil
		}
		return err
	}, keysSQL, make([]byte, len(callvault.KeysVersion{})))
	return damaged, err
}

// companyRows is a callvault.CompanyRows.
type companyRows struct {
	*Store
	ctx     context.Context
	tx      querier
	company string
}

func (c companyRows) each(visit func(pgx.Rows) error, query string, args ...any) error {
	return c.eachIn(c.ctx, c.tx, visit, query, args...)
}

func (c companyRows) Contradictions(report func(difference string)) error {
	for _, law := range laws {
		err := c.each(func(rows pgx.Rows) error {
			texts := make([]any, len(rows.RawValues()))
			for i, raw := range rows.RawValues() {
				texts[i] = string(raw)
			}
			report(fmt.Sprintf(law.text, texts...))
			return nil
		}, law.query, c.company)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c companyRows) Examine(e *callvault.Examination) error {
	r := &record{company: c.company, verify: e.Verifier.Verify}
	page := PageStatement(c.company, e.Verifier.Query, e.Verifier.At, -1)
	err := c.each(func(rows pgx.Rows) error {
		err := r.read(rows)
		return e.Call(&r.Record, r.kept, string(rows.RawValues()[3]), err)
	}, page.SQL, page.Args...)
	if err != nil {
		return err
	}
	r.verify = func(r *callvault.Record, kept int64) error { return r.Verify(c.company, kept) }
	err = c.each(func(rows pgx.Rows) error {
		err := r.read(rows)
		return e.Tombstone(string(rows.RawValues()[3]), err)
	}, tombstonesSQL, c.company)
	if err != nil {
		return err
	}
	if err := cmp.Or(c.examineEntries(e), c.examineValues(e)); err != nil {
		return err
	}
	err = c.each(func(rows pgx.Rows) error {
		var workspace string
		var key callvault.CountKey
		var n callvault.Counted
		err := rows.Scan(&workspace, &key.Level, &key.Number, &n.Calls, &n.Digest, &n.Number)
		copy(key.Workspace[:], workspace)
		e.Kept(key, n)
		return err
	}, countsSQL, c.company)
	if err != nil {
		return err
	}
	return cmp.Or(c.keptNames(e), c.examineFacts(e))
}

// examineValues shows the values of a mirror to an examination.
func (c companyRows) examineValues(e *callvault.Examination) error {
	return c.each(func(rows pgx.Rows) error {
		key, _, err := readValue(rows, c.company)
		return e.Value(key, err)
	}, allValuesSQL, c.company)
}
