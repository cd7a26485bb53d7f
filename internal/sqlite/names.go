package sqlite

import (
	"context"
	"errors"

	"github.com/callvault/callvault"
)

const (
	// Most names are hosts: they are read as they lie, and others by the index of names.
	namesSQL     = `SELECT name, calls, first FROM names INDEXED BY sqlite_autoindex_names_2 WHERE company = ? AND field = ?`
	hostsSQL     = `SELECT name, calls, first FROM names WHERE company = ? AND +field = ?`
	keptNamesSQL = `SELECT field, name, number, calls, first FROM names WHERE company = ?`

	nameSQL       = `SELECT number, calls, first FROM names WHERE company = ? AND field = ? AND name = ?`
	lastNameSQL   = `SELECT max(number) FROM names WHERE company = ?`
	setNameSQL    = `INSERT OR REPLACE INTO names (company, field, name, number, calls, first) VALUES (?, ?, ?, ?, ?, ?)`
	addToNameSQL  = `UPDATE names SET calls = ?, first = ? WHERE company = ? AND number = ?` // leaves the index alone
	deleteNameSQL = `DELETE FROM names WHERE company = ? AND field = ? AND name = ?`

	fromTimeSQL = `SELECT time, id, workspace, number, checksum, document FROM documents WHERE company = ? AND time >= ? ORDER BY time, id`
)

func (s reads) Names(ctx context.Context, field callvault.Field, visit func(callvault.Name) error) error {
	query := namesSQL
	if field == callvault.Hosts {
		query = hostsSQL
	}
	return s.ofCompany(ctx, func(c *conn, of company) error {
		return c.each(func(st *stmt) error {
			key := callvault.NameKey{Field: field, Name: st.ColumnText(0)}
			return visit(callvault.Name{Name: key.Value(), Calls: st.ColumnInt(1), First: callvault.Time(st.ColumnInt64(2))})
		}, query, of.id, int(field))
	})
}

// fillNames makes the names of the calls that are there, with so many of them in memory at once.
func (c *conn) fillNames(atOnce int) error {
	companies, err := c.allCompanies()
	if err != nil {
		return err
	}
	for _, of := range companies {
		w := &change{conn: c, company: of, names: callvault.NewNameTally()}
		var r row
		err := c.each(func(st *stmt) error {
			c.readRow(st, &r)
			w.names.Add(&r.Call)
			if w.names.Len() < atOnce {
				return nil
			}
			return w.writeNames()
		}, fromTimeSQL, of.id, int64(callvault.MinTime))
		if err == nil {
			err = w.writeNames()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeNames adds what the change has of names to those that are kept, and forgets it: in the
// order of their key, those whose first call went last. Documents are written by then.
func (w *change) writeNames() error {
	var keys []callvault.NameKey // whose first call went
	var lost []*callvault.KeptName
	from := callvault.MaxTime
	for _, key := range w.names.Keys() {
		n := w.names.Of(key)
		kept, err := w.keptName(key)
		if err != nil {
			return err
		}
		w.names.SetNumber(key, kept.Number)
		first := kept.First
		kept.Calls, kept.First = kept.Calls+n.Calls, min(first, n.Added)
		if kept.Calls > 0 && first < callvault.MaxTime && n.Removed <= first && first < n.Added {
			keys, lost, from = append(keys, key), append(lost, &kept), min(from, first)
			continue
		}
		if first == callvault.MaxTime || kept.Calls <= 0 {
			err = w.setName(w.company.id, key, kept)
		} else {
			err = w.addToName(kept)
		}
		if err != nil {
			return err
		}
	}
	w.names = callvault.NewNameTally()
	if len(lost) == 0 {
		return nil
	}
	if err := w.findFirst(keys, lost, from); err != nil {
		return err
	}
	for _, kept := range lost {
		if err := w.addToName(*kept); err != nil {
			return err
		}
	}
	return nil
}

// keptName is what is kept of a name. A name that is missing has the next number.
func (w *change) keptName(key callvault.NameKey) (kept callvault.KeptName, err error) {
	err = w.each(func(st *stmt) error {
		kept = callvault.KeptName{Number: st.ColumnInt64(0), Calls: st.ColumnInt(1), First: callvault.Time(st.ColumnInt64(2))}
		return nil
	}, nameSQL, w.company.id, int(key.Field), key.Name)
	if err == nil && kept.Number == 0 {
		kept.First = callvault.MaxTime
		kept.Number, err = w.conn.number(lastNameSQL, w.company.id)
		kept.Number++
	}
	return kept, err
}

// addToName writes the calls of a name that is kept.
func (w *change) addToName(kept callvault.KeptName) error {
	return w.run(addToNameSQL, kept.Calls, int64(kept.First), w.company.id, kept.Number)
}

// setName writes a name, or removes one that has no calls.
func (c *conn) setName(company int64, key callvault.NameKey, kept callvault.KeptName) error {
	if kept.Calls <= 0 {
		return c.run(deleteNameSQL, company, int(key.Field), key.Name)
	}
	return c.run(setNameSQL, company, int(key.Field), key.Name, kept.Number, kept.Calls, int64(kept.First))
}

// errMet ends a walk that has met what it looked for.
var errMet = errors.New("all were met")

// findFirst finds the first calls of names, none of which has one before a time: in one walk,
// which ends when it has met them all. One that it does not meet has a wrong count, which a
// check finds.
func (w *change) findFirst(keys []callvault.NameKey, names []*callvault.KeptName, from callvault.Time) error {
	search := callvault.NewNameSearch()
	for i, key := range keys {
		search.Seek(key, names[i])
	}
	var r row
	err := w.each(func(st *stmt) error {
		if w.readRow(st, &r); search.Meet(&r.Call) {
			return errMet
		}
		return nil
	}, fromTimeSQL, w.company.id, int64(from))
	if err == errMet {
		return nil
	}
	return err
}

func (c companyRows) SetNames(differences []callvault.NameDifference) error {
	for _, d := range differences {
		if err := c.setName(c.of.id, d.NameKey, d.Has); err != nil {
			return err
		}
	}
	return nil
}

// keptNames hands the names that are kept to an examination.
func (c companyRows) keptNames(e *callvault.Examination) error {
	return c.each(func(st *stmt) error {
		key := callvault.NameKey{Field: callvault.Field(st.ColumnInt(0)), Name: st.ColumnText(1)}
		e.KeptName(key, callvault.KeptName{Number: st.ColumnInt64(2), Calls: st.ColumnInt(3), First: callvault.Time(st.ColumnInt64(4))})
		return nil
	}, keptNamesSQL, c.of.id)
}
