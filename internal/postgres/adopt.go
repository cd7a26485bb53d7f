package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

const adoptWithheldSQL = `INSERT INTO callvault.apart (company, id, kind, counted)
		SELECT $1, n.id, $2, n.time FROM unnest($3::text[], $4::bigint[]) AS n (id, time)`

// AdoptMirror gives a company the mirror of the one that it is a copy of.
func (s *Store) AdoptMirror(ctx context.Context, company string, from callvault.MirrorReads) error {
	lease, err := from.Lease(ctx)
	if err == nil && lease.Upstream != "" {
		err = callvault.CheckCompany(company)
		if err == nil {
			err = s.adoptMirror(ctx, company, lease, from)
		}
	}
	return callvault.Doing(s.cause(ctx, err), "adopt the mirror of company %s", company)
}

func (s *Store) adoptMirror(ctx context.Context, company string, lease callvault.Lease, from callvault.MirrorReads) error {
	return s.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if err := lock(ctx, tx, company); err != nil {
			return err
		}
		if err := s.refuseMirrored(ctx, tx, company); err != nil {
			return err
		}
		now, err := leaseOf(ctx, moment{s, tx}, company)
		if err != nil {
			return err
		}
		w := mirrorWrite{s, ctx, tx, company}
		lease.Holder, lease.Number = "", max(lease.Number, now.Number)
		if err := w.setLease(lease); err != nil {
			return err
		}
		if err := w.adoptValues(from); err != nil {
			return err
		}
		for kind := callvault.Own; kind <= callvault.Strange; kind++ {
			if err := w.adoptApart(from, kind); err != nil {
				return err
			}
		}
		return nil
	})
}

// adoptAtOnce is how many rows of a mirror are written at once.
const adoptAtOnce = 5_000

func (w mirrorWrite) adoptValues(from callvault.MirrorReads) error {
	values := make(map[string][]byte)
	err := from.Values(w.ctx, "", func(key string, value []byte) error {
		values[key] = slices.Clone(value)
		if len(values) < adoptAtOnce {
			return nil
		}
		defer clear(values)
		return w.setValues(values)
	})
	if err == nil {
		err = w.setValues(values)
	}
	return err
}

func (w mirrorWrite) adoptApart(from callvault.MirrorReads, kind callvault.Apartness) error {
	var ids []callvault.ID
	var times []*int64
	write := func() error {
		defer func() { ids, times = ids[:0], times[:0] }()
		if kind != callvault.Withheld {
			return w.stand(ids, kind, times)
		}
		_, err := w.exec(adoptWithheldSQL, int32(kind), keysOf(ids), times)
		return err
	}
	err := from.Apart(w.ctx, kind, func(a callvault.Apart) error {
		var counted *int64
		if a.Counted {
			counted = (*int64)(&a.At)
		}
		ids, times = append(ids, a.ID), append(times, counted)
		if len(ids) < adoptAtOnce {
			return nil
		}
		return write()
	})
	if err == nil {
		err = write()
	}
	return err
}
