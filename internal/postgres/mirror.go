package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callvault/callvault"
)

const (
	leaseSQL    = `SELECT upstream, holder, number, renewed FROM callvault.mirrors WHERE company = $1`
	setLeaseSQL = `INSERT INTO callvault.mirrors (company, upstream, holder, number, renewed) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (company) DO UPDATE SET upstream = excluded.upstream, holder = excluded.holder, number = excluded.number, renewed = excluded.renewed`

	valuesSQL    = `SELECT key, checksum, value FROM callvault.mirror_values WHERE company = $1 AND key >= $2 AND key < $3 ORDER BY key`
	allValuesSQL = `SELECT key, checksum, value FROM callvault.mirror_values WHERE company = $1`

	setValuesSQL = `INSERT INTO callvault.mirror_values (company, key, checksum, value)
		SELECT $1, v.key, v.checksum, v.value FROM unnest($2::text[], $3::bigint[], $4::text[]) AS v (key, checksum, value)
		ON CONFLICT (company, key) DO UPDATE SET checksum = excluded.checksum, value = excluded.value`
	removeValuesSQL = `DELETE FROM callvault.mirror_values WHERE company = $1 AND key = ANY($2::text[])`
	endValuesSQL    = `DELETE FROM callvault.mirror_values WHERE company = $1`

	apartColumns = `SELECT id, kind, counted IS NOT NULL, coalesce(counted, here, 0) FROM callvault.apart WHERE company = $1 AND `

	apartSQL   = apartColumns + `kind = $2 ORDER BY id`
	apartInSQL = apartColumns + `counted >= $2 AND counted < $3 UNION ` + apartColumns + `here >= $2 AND here < $3 ORDER BY id`

	countApartSQL = `SELECT count(*) FROM callvault.apart WHERE company = $1 AND kind = $2`

	weightSQL = `SELECT
		(SELECT count(*) FROM callvault.apart WHERE company = $1 AND counted >= $2 AND counted < $3) -
		(SELECT count(*) FROM callvault.apart WHERE company = $1 AND here >= $2 AND here < $3)`
	ownSQL = `INSERT INTO callvault.apart (company, id, kind, here)
		SELECT $1, id, $2, time FROM callvault.ids WHERE company = $1 AND time IS NOT NULL`
	endApartSQL = `DELETE FROM callvault.apart WHERE company = $1`
)

// mirrorReads is the state of a company's mirror, to be read.
type mirrorReads struct {
	asker
	company string
}

// mirror is the state of a company's mirror.
type mirror struct {
	mirrorReads
	store *Store
}

// Mirror hands out the state of a company's mirror.
func (s *Store) Mirror(company string) callvault.MirrorState {
	return mirror{mirrorReads{s, company}, s}
}

func (s mirrorReads) Lease(ctx context.Context) (lease callvault.Lease, err error) {
	lease, err = leaseOf(ctx, s, s.company)
	if err != nil || lease.Upstream == "" {
		return callvault.Lease{}, err
	}
	return lease, nil
}

// leaseOf is the row of a company's mirror, zero if there never was one.
func leaseOf(ctx context.Context, from asker, company string) (l callvault.Lease, err error) {
	err = one(ctx, from, []any{&l.Upstream, &l.Holder, &l.Number, &l.Renewed}, leaseSQL, company)
	return l, err
}

func (s mirrorReads) Values(ctx context.Context, prefix string, visit func(key string, value []byte) error) error {
	return s.each(ctx, func(rows pgx.Rows) error {
		key, value, err := readValue(rows, s.company)
		if err != nil {
			return err
		}
		return visit(key, value)
	}, valuesSQL, s.company, prefix, callvault.KeysEnd(prefix))
}

// readValue reads and verifies the columns key, checksum and value, which is valid until the
// next row.
func readValue(rows pgx.Rows, company string) (key string, value []byte, err error) {
	values := rows.RawValues()
	key, value = string(values[0]), values[2]
	kept, _ := readInt(values[1], rows.FieldDescriptions()[1].Format)
	return key, value, callvault.VerifyValue(company, key, value, kept)
}

func (s mirrorReads) Apart(ctx context.Context, kind callvault.Apartness, visit func(callvault.Apart) error) error {
	return s.each(ctx, visitApart(visit), apartSQL, s.company, int32(kind))
}

func (s mirrorReads) ApartIn(ctx context.Context, r callvault.Range, visit func(callvault.Apart) error) error {
	return s.each(ctx, visitApart(visit), apartInSQL, s.company, int64(r.From), int64(r.To))
}

// visitApart reads the columns of apartColumns.
func visitApart(visit func(callvault.Apart) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var a callvault.Apart
		var id string
		if err := rows.Scan(&id, &a.Kind, &a.Counted, &a.At); err != nil {
			return err
		}
		copy(a.ID[:], id)
		return visit(a)
	}
}

func (s mirrorReads) CountApart(ctx context.Context, kind callvault.Apartness) (count int, err error) {
	err = one(ctx, s, []any{&count}, countApartSQL, s.company, int32(kind))
	return count, err
}

func (s mirrorReads) Weight(ctx context.Context, r callvault.Range) (weight int, err error) {
	err = one(ctx, s, []any{&weight}, weightSQL, s.company, int64(r.From), int64(r.To))
	return weight, err
}

// mirroring runs f in a transaction in which the company is locked, with the row of its
// mirror.
func (s mirror) mirroring(ctx context.Context, f func(w mirrorWrite, now callvault.Lease) error) error {
	return s.store.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockCompanySQL, s.company); err != nil {
			return err
		}
		now, err := leaseOf(ctx, moment{s.store, tx}, s.company)
		if err != nil {
			return err
		}
		return f(mirrorWrite{s.store, ctx, tx, s.company}, now)
	})
}

// mirrorWrite is a transaction on the state of a company's mirror.
type mirrorWrite = companyRows

// Take takes the lease, if it still stands as seen.
func (s mirror) Take(ctx context.Context, seen callvault.Lease, upstream, holder string) (lease callvault.Lease, err error) {
	err = callvault.CheckCompany(s.company)
	if err == nil {
		lease, err = s.take(ctx, seen, upstream, holder)
	}
	if err != nil {
		return callvault.Lease{}, fmt.Errorf("take the lease of company %s: %w", s.company, s.store.cause(ctx, err))
	}
	return lease, nil
}

func (s mirror) take(ctx context.Context, seen callvault.Lease, upstream, holder string) (lease callvault.Lease, err error) {
	err = s.store.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if err := lock(ctx, tx, s.company); err != nil {
			return err
		}
		now, err := leaseOf(ctx, moment{s.store, tx}, s.company)
		if err != nil {
			return err
		}
		if lease, err = now.Take(s.company, seen, upstream, holder); err != nil {
			return err
		}
		w := mirrorWrite{s.store, ctx, tx, s.company}
		if now.Upstream == "" {
			_, err = w.exec(ownSQL, int32(callvault.Own))
		}
		return errors.Join(err, w.setLease(lease))
	})
	return lease, err
}

func (w mirrorWrite) setLease(l callvault.Lease) error {
	_, err := w.exec(setLeaseSQL, l.Upstream, l.Holder, l.Number, l.Renewed)
	return err
}

// holding runs f in a transaction in which the lease is held.
func (s mirror) holding(ctx context.Context, lease callvault.Lease, f func(w mirrorWrite, now callvault.Lease) error) error {
	return s.mirroring(ctx, func(w mirrorWrite, now callvault.Lease) error {
		if !now.IsHeldBy(lease) {
			return callvault.ErrLeaseLost
		}
		return f(w, now)
	})
}

// Renew shows that the holder is alive.
func (s mirror) Renew(ctx context.Context, lease callvault.Lease) (renewed callvault.Lease, err error) {
	err = s.holding(ctx, lease, func(w mirrorWrite, now callvault.Lease) error {
		now.Renewed++
		renewed = now
		return w.setLease(now)
	})
	if err != nil {
		return callvault.Lease{}, fmt.Errorf("renew the lease of company %s: %w", s.company, s.store.cause(ctx, err))
	}
	return renewed, nil
}

// Return gives the lease back.
func (s mirror) Return(ctx context.Context, lease callvault.Lease) error {
	err := s.holding(ctx, lease, func(w mirrorWrite, now callvault.Lease) error {
		now.Holder = ""
		return w.setLease(now)
	})
	return callvault.Doing(s.store.cause(ctx, err), "return the lease of company %s", s.company)
}

// Order keeps an operator's order.
func (s mirror) Order(ctx context.Context, key string, value []byte) error {
	err := callvault.CheckOrder(key, value)
	if err == nil {
		err = s.mirroring(ctx, func(w mirrorWrite, now callvault.Lease) error {
			if now.Upstream == "" {
				return callvault.ErrNotFound
			}
			return w.setValues(map[string][]byte{key: value})
		})
	}
	return callvault.Doing(s.store.cause(ctx, err), "order %s of the mirror of company %s", key, s.company)
}

// End ends the mirror.
func (s mirror) End(ctx context.Context) error {
	err := s.mirroring(ctx, func(w mirrorWrite, now callvault.Lease) error {
		if now.Upstream == "" {
			return callvault.ErrNotFound
		}
		for _, statement := range []string{endValuesSQL, endApartSQL} {
			if _, err := w.exec(statement); err != nil {
				return err
			}
		}
		return w.setLease(callvault.Lease{Number: now.Number, Renewed: now.Renewed})
	})
	return callvault.Doing(s.store.cause(ctx, err), "end the mirror of company %s", s.company)
}

// refuseMirrored returns a *callvault.MirroredError if the company, which is locked, has a
// mirror.
func (s *Store) refuseMirrored(ctx context.Context, tx pgx.Tx, company string) error {
	now, err := leaseOf(ctx, moment{s, tx}, company)
	if err == nil && now.Upstream != "" {
		err = &callvault.MirroredError{Company: company, Upstream: now.Upstream}
	}
	return err
}

// mirrored is what refuse_mirrored raises as a *callvault.MirroredError.
func mirrored(company string, err error) error {
	if told := new(pgconn.PgError); errors.As(err, &told) && told.Code == writtenByMirror {
		return &callvault.MirroredError{Company: company, Upstream: told.Detail}
	}
	return err
}
