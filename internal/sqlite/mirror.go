package sqlite

import (
	"cmp"
	"context"
	"fmt"

	"github.com/callvault/callvault"
)

const (
	leaseSQL    = `SELECT upstream, holder, number, renewed FROM mirrors WHERE company = ?`
	setLeaseSQL = `INSERT OR REPLACE INTO mirrors (company, upstream, holder, number, renewed) VALUES (?, ?, ?, ?, ?)`

	returnAllSQL = `UPDATE mirrors SET holder = ''`

	upstreamSQL = `SELECT upstream FROM mirrors WHERE company = ?`

	valuesSQL      = `SELECT key, checksum, value FROM mirror_values WHERE company = ? AND key >= ? AND key < ? ORDER BY key`
	allValuesSQL   = `SELECT key, checksum, value FROM mirror_values WHERE company = ?`
	setValueSQL    = `INSERT OR REPLACE INTO mirror_values (company, key, checksum, value) VALUES (?, ?, ?, ?)`
	removeValueSQL = `DELETE FROM mirror_values WHERE company = ? AND key = ?`
	endValuesSQL   = `DELETE FROM mirror_values WHERE company = ?`

	apartSQL   = `SELECT id, kind, counted, here FROM apart WHERE company = ? AND kind = ? ORDER BY id`
	apartInSQL = `SELECT id, kind, counted, here FROM apart INDEXED BY apart_by_counted WHERE company = ?1 AND counted >= ?2 AND counted < ?3
		UNION SELECT id, kind, counted, here FROM apart INDEXED BY apart_by_here WHERE company = ?1 AND here >= ?2 AND here < ?3 ORDER BY id`
	countApartSQL = `SELECT count(*) FROM apart WHERE company = ? AND kind = ?`
	weightSQL     = `SELECT
		(SELECT count(*) FROM apart INDEXED BY apart_by_counted WHERE company = ?1 AND counted >= ?2 AND counted < ?3) -
		(SELECT count(*) FROM apart INDEXED BY apart_by_here WHERE company = ?1 AND here >= ?2 AND here < ?3)`
	ownSQL      = `INSERT INTO apart (company, id, kind, here) SELECT company, id, ?2, time FROM ids WHERE company = ?1 AND time IS NOT NULL`
	endApartSQL = `DELETE FROM apart WHERE company = ?`
)

// mirrorReads is the state of a company's mirror, to be read.
type mirrorReads struct{ of reads }

// mirror is the state of a company's mirror.
type mirror struct{ mirrorReads }

// Mirror hands out the state of a company's mirror.
func (s *Store) Mirror(company string) callvault.MirrorState {
	return mirror{mirrorReads{reads{s.view, company}}}
}

func (s mirrorReads) Lease(ctx context.Context) (lease callvault.Lease, err error) {
	err = s.of.ofCompany(ctx, func(c *conn, of company) error {
		lease, err = c.lease(of)
		return err
	})
	if err != nil || lease.Upstream == "" {
		return callvault.Lease{}, err
	}
	return lease, nil
}

// lease is the row of a company's mirror, zero if there never was one.
func (c *conn) lease(of company) (lease callvault.Lease, err error) {
	err = c.each(func(st *stmt) error {
		lease = callvault.Lease{
			Upstream: st.ColumnText(0), Holder: st.ColumnText(1), Number: st.ColumnInt64(2), Renewed: st.ColumnInt64(3),
		}
		return nil
	}, leaseSQL, of.id)
	return lease, err
}

// upstream is that of a company's mirror, or empty.
func (c *conn) upstream(of company) (upstream string, err error) {
	err = c.each(func(st *stmt) error { upstream = st.ColumnText(0); return nil }, upstreamSQL, of.id)
	return upstream, err
}

// refuseMirrored returns a *callvault.MirroredError if the company is written by its mirror.
func (c *conn) refuseMirrored(of company) error {
	upstream, err := c.upstream(of)
	if err == nil && upstream != "" {
		err = &callvault.MirroredError{Company: of.name, Upstream: upstream}
	}
	return err
}

func (s mirrorReads) Values(ctx context.Context, prefix string, visit func(key string, value []byte) error) error {
	return s.of.ofCompany(ctx, func(c *conn, of company) error {
		return c.each(func(st *stmt) error {
			key, value := st.ColumnText(0), c.column(st, 2)
			if err := callvault.VerifyValue(of.name, key, value, st.ColumnInt64(1)); err != nil {
				return err
			}
			return visit(key, value)
		}, valuesSQL, of.id, prefix, callvault.KeysEnd(prefix))
	})
}

func (s mirrorReads) Apart(ctx context.Context, kind callvault.Apartness, visit func(callvault.Apart) error) error {
	return s.of.ofCompany(ctx, func(c *conn, of company) error {
		return c.each(visitApart(visit), apartSQL, of.id, int(kind))
	})
}

func (s mirrorReads) ApartIn(ctx context.Context, r callvault.Range, visit func(callvault.Apart) error) error {
	return s.of.ofCompany(ctx, func(c *conn, of company) error {
		return c.each(visitApart(visit), apartInSQL, of.id, int64(r.From), int64(r.To))
	})
}

// visitApart reads the columns id, kind, counted and here.
func visitApart(visit func(callvault.Apart) error) func(*stmt) error {
	return func(st *stmt) error {
		a := callvault.Apart{Kind: callvault.Apartness(st.ColumnInt64(1)), Counted: !st.ColumnIsNull(2)}
		st.ColumnBytes(0, a.ID[:])
		if at := 2; a.Counted {
			a.At = callvault.Time(st.ColumnInt64(at))
		} else {
			a.At = callvault.Time(st.ColumnInt64(at + 1)) // 0 if it is NULL
		}
		return visit(a)
	}
}

func (s mirrorReads) CountApart(ctx context.Context, kind callvault.Apartness) (count int, err error) {
	err = s.of.ofCompany(ctx, func(c *conn, of company) error {
		n, err := c.number(countApartSQL, of.id, int(kind))
		count = int(n)
		return err
	})
	return count, err
}

func (s mirrorReads) Weight(ctx context.Context, r callvault.Range) (weight int, err error) {
	err = s.of.ofCompany(ctx, func(c *conn, of company) error {
		sum, err := c.number(weightSQL, of.id, int64(r.From), int64(r.To))
		weight = int(sum)
		return err
	})
	return weight, err
}

// Take takes the lease, if it still stands as seen.
func (s mirror) Take(ctx context.Context, seen callvault.Lease, upstream, holder string) (lease callvault.Lease, err error) {
	err = s.of.store.writeTo(ctx, s.of.company, func(c *conn, of company) error {
		lease, err = c.take(of, seen, upstream, holder)
		return err
	})
	if err != nil {
		return callvault.Lease{}, fmt.Errorf("take the lease of company %s: %w", s.of.company, err)
	}
	return lease, nil
}

func (c *conn) take(of company, seen callvault.Lease, upstream, holder string) (lease callvault.Lease, err error) {
	now, err := c.lease(of)
	if err != nil {
		return lease, err
	}
	lease, err = now.Take(of.name, seen, upstream, holder)
	if err == nil {
		err = c.setLease(of, lease)
	}
	if err == nil && now.Upstream == "" {
		err = c.run(ownSQL, of.id, int(callvault.Own))
	}
	return lease, err
}

func (c *conn) setLease(of company, l callvault.Lease) error {
	return c.run(setLeaseSQL, of.id, l.Upstream, l.Holder, l.Number, l.Renewed)
}

// write runs f in a transaction with the row of the company's mirror, unless there never was
// one, which is the error none.
func (s mirror) write(ctx context.Context, none error, f func(c *conn, of company, now callvault.Lease) error) error {
	err := none
	failed := s.of.store.writeIn(ctx, s.of.company, func(c *conn, of company) error {
		now, failed := c.lease(of)
		if failed != nil || now.Number == 0 {
			return failed
		}
		err = nil
		return f(c, of, now)
	})
	return cmp.Or(failed, err)
}

// holding runs f in a transaction in which the lease is held.
func (s mirror) holding(ctx context.Context, lease callvault.Lease, f func(c *conn, of company, now callvault.Lease) error) error {
	return s.write(ctx, callvault.ErrLeaseLost, func(c *conn, of company, now callvault.Lease) error {
		if !now.IsHeldBy(lease) {
			return callvault.ErrLeaseLost
		}
		return f(c, of, now)
	})
}

// mirrored runs f in a transaction if the company has a mirror, which is ErrNotFound otherwise.
func (s mirror) mirrored(ctx context.Context, f func(c *conn, of company, now callvault.Lease) error) error {
	return s.write(ctx, callvault.ErrNotFound, func(c *conn, of company, now callvault.Lease) error {
		if now.Upstream == "" {
			return callvault.ErrNotFound
		}
		return f(c, of, now)
	})
}

// Renew shows that the holder is alive.
func (s mirror) Renew(ctx context.Context, lease callvault.Lease) (renewed callvault.Lease, err error) {
	err = s.holding(ctx, lease, func(c *conn, of company, now callvault.Lease) error {
		now.Renewed++
		renewed = now
		return c.setLease(of, now)
	})
	if err != nil {
		return callvault.Lease{}, fmt.Errorf("renew the lease of company %s: %w", s.of.company, err)
	}
	return renewed, nil
}

// Return gives the lease back.
func (s mirror) Return(ctx context.Context, lease callvault.Lease) error {
	err := s.holding(ctx, lease, func(c *conn, of company, now callvault.Lease) error {
		now.Holder = ""
		return c.setLease(of, now)
	})
	return callvault.Doing(err, "return the lease of company %s", s.of.company)
}

// Order keeps an operator's order.
func (s mirror) Order(ctx context.Context, key string, value []byte) error {
	err := callvault.CheckOrder(key, value)
	if err == nil {
		err = s.mirrored(ctx, func(c *conn, of company, _ callvault.Lease) error { return c.setValue(of, key, value) })
	}
	return callvault.Doing(err, "order %s of the mirror of company %s", key, s.of.company)
}

// End ends the mirror.
func (s mirror) End(ctx context.Context) error {
	err := s.mirrored(ctx, func(c *conn, of company, now callvault.Lease) error {
		return cmp.Or(
			c.run(endValuesSQL, of.id),
			c.run(endApartSQL, of.id),
			c.setLease(of, callvault.Lease{Number: now.Number, Renewed: now.Renewed}),
		)
	})
	return callvault.Doing(err, "end the mirror of company %s", s.of.company)
}

// setValue keeps a value under a key, or removes the key.
func (c *conn) setValue(of company, key string, value []byte) error {
	if value == nil {
		return c.run(removeValueSQL, of.id, key)
	}
	return c.run(setValueSQL, of.id, key, callvault.ValueChecksum(of.name, key, value), text(value))
}

// AdoptMirror gives a company the mirror of the one that it is a copy of.
func (s *Store) AdoptMirror(ctx context.Context, name string, from callvault.MirrorReads) error {
	lease, err := from.Lease(ctx)
	if err == nil && lease.Upstream != "" {
		err = s.writeUnmirrored(ctx, name, func(c *conn, of company) error {
			now, err := c.lease(of)
			if err != nil {
				return err
			}
			lease.Holder, lease.Number = "", max(lease.Number, now.Number)
			return cmp.Or(c.setLease(of, lease), c.adoptValues(ctx, of, from), c.adoptApart(ctx, of, from))
		})
	}
	return callvault.Doing(err, "adopt the mirror of company %s", name)
}

func (c *conn) adoptValues(ctx context.Context, of company, from callvault.MirrorReads) error {
	return from.Values(ctx, "", func(key string, value []byte) error { return c.setValue(of, key, value) })
}

func (c *conn) adoptApart(ctx context.Context, of company, from callvault.MirrorReads) (err error) {
	for kind := callvault.Own; kind <= callvault.Strange && err == nil; kind++ {
		err = from.Apart(ctx, kind, func(a callvault.Apart) error {
			var counted any
			if a.Counted {
				counted = int64(a.At)
			}
			statement := standSQL
			if kind == callvault.Withheld {
				statement = withholdSQL
			}
			return c.run(statement, of.id, a.ID.Key(), int(kind), counted)
		})
	}
	return err
}
