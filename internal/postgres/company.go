package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

const (
	makeCompanySQL = `SELECT callvault.make_company($1)`

	forkCompanySQL     = `UPDATE callvault.companies SET fork = true WHERE company = $1`
	forgetTimelinesSQL = `DELETE FROM callvault.timelines WHERE company = $1`
	addTimelinesSQL    = `INSERT INTO callvault.timelines (company, number, id)
		SELECT $1, t.number, t.id FROM unnest($2::bigint[], $3::bytea[]) AS t (number, id)`

	takeQuotaSQL   = `SELECT callvault.take_quota($1, $2, $3, $4, $5)`
	takeSecondSQL  = `SELECT callvault.take_second($1, $2, $3)`
	returnQuotaSQL = `UPDATE callvault.quotas SET used = greatest(0, used - $3) WHERE company = $1 AND day = $2`
)

// MakeCompany makes the company unless it is there.
func (s *Store) MakeCompany(ctx context.Context, name string) (made bool, err error) {
	err = callvault.CheckCompany(name)
	if err == nil {
		err = one(ctx, s, []any{&made}, makeCompanySQL, name)
	}
	return made, callvault.Doing(err, "make company %q", name)
}

// Adopt gives the company the timelines of the one that it is a copy of.
func (s *Store) Adopt(ctx context.Context, company string, timelines []callvault.Timeline) error {
	numbers, ids := make([]int64, len(timelines)), make([][]byte, len(timelines))
	for i, t := range timelines {
		numbers[i], ids[i] = t.From, t.ID[:]
	}
	err := callvault.CheckCompany(company)
	if err == nil {
		err = s.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
			for _, statement := range []string{makeCompanySQL, forkCompanySQL, forgetTimelinesSQL} {
				if _, err := tx.Exec(ctx, statement, company); err != nil {
					return err
				}
			}
			_, err := tx.Exec(ctx, addTimelinesSQL, company, numbers, ids)
			return err
		})
	}
	return callvault.Doing(s.cause(ctx, err), "adopt the timelines of company %q", company)
}

// TakeQuota takes up to n requests from what is left of the day.
func (s *Store) TakeQuota(ctx context.Context, day callvault.QuotaDay, n int) (taken int, err error) {
	err = callvault.CheckCompany(day.Company)
	if err == nil {
		err = one(ctx, s, []any{&taken}, takeQuotaSQL, day.Company, int32(day.Day), int64(day.Limit), int64(n), callvault.QuotaDaysKept)
	}
	return taken, callvault.Doing(err, "take quota of company %q", day.Company)
}

// ReturnQuota gives back what was taken and not used.
func (s *Store) ReturnQuota(ctx context.Context, day callvault.QuotaDay, n int) error {
	return callvault.Doing(s.exec(ctx, returnQuotaSQL, day.Company, int32(day.Day), int64(n)), "return quota of company %q", day.Company)
}

// TakeSecond takes up to n requests from the bucket that all processes on the
// database have for the company, by the clock of the server.
func (s *Store) TakeSecond(ctx context.Context, second callvault.QuotaSecond, n int) (taken int, wait time.Duration, err error) {
	var answer [2]int64
	err = callvault.CheckCompany(second.Company)
	if err == nil {
		err = one(ctx, s, []any{&answer}, takeSecondSQL, second.Company, int64(second.Limit), int64(n))
	}
	if err != nil {
		return 0, 0, fmt.Errorf("take requests of a second of company %q: %w", second.Company, err)
	}
	return int(answer[0]), time.Duration(answer[1]) * time.Microsecond, nil
}
