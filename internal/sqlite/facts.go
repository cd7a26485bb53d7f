package sqlite

import (
	"context"
	"iter"
	"slices"

	"github.com/callvault/callvault"
)

const (
	factsSQL = `SELECT time, id, records, titles, checksum FROM facts WHERE company = ?1`

	lastFactsSQL  = factsSQL + ` AND (time, id) <= (?2, ?3) ORDER BY time DESC, id DESC LIMIT 1`
	firstFactsSQL = factsSQL + ` ORDER BY time, id LIMIT 1`
	allFactsSQL   = factsSQL + ` ORDER BY time, id`
	nextFactsSQL  = `SELECT time, id FROM facts WHERE company = ? AND (time, id) > (?, ?) ORDER BY time, id LIMIT 1`

	// From the last row on that begins before the range.
	factsInSQL = factsSQL + ` AND time < ?3 AND time >= coalesce(
			(SELECT time FROM facts WHERE company = ?1 AND time < ?2 ORDER BY time DESC LIMIT 1), ?2)
		ORDER BY time DESC, id DESC`

	insertFactsSQL = `INSERT INTO facts (company, time, id, records, titles, checksum) VALUES (?, ?, ?, ?, ?, ?)`
	updateFactsSQL = `UPDATE facts SET records = ?4, titles = ?5, checksum = ?6 WHERE company = ?1 AND time = ?2 AND id = ?3`
	deleteFactsSQL = `DELETE FROM facts WHERE company = ? AND time = ? AND id = ?`
	clearFactsSQL  = `DELETE FROM facts WHERE company = ?`

	numbersSQL  = `SELECT field, name, number FROM names WHERE company = ?`
	documentSQL = placeSQL + `, document` + ofCompanySQL + ` AND time = ?2 AND id = ?3`
)

// factRows is a callvault.FactRows.
type factRows struct {
	*change
	done int
}

// writeFacts applies what the change has of facts. Names have their numbers by then.
func (w *change) writeFacts() error {
	if w.facts == nil || w.facts.Len() == 0 {
		return nil
	}
	return w.facts.Apply(&factRows{change: w})
}

func (r *factRows) FactRow(at callvault.Position, _ iter.Seq[callvault.Position]) (row callvault.FactRow, next callvault.Position, err error) {
	r.done++
	if err := r.yield(r.done); err != nil {
		return row, next, err
	}
	read := func(st *stmt) error { return r.company.readFacts(st, &row) }
	err = r.each(read, lastFactsSQL, r.company.id, int64(at.Time), at.ID.Key())
	if err == nil && row.Records == nil {
		err = r.each(read, firstFactsSQL, r.company.id)
	}
	if err == nil && row.Records != nil {
		err = r.each(func(st *stmt) error {
			next.Time = callvault.Time(st.ColumnInt64(0))
			st.ColumnBytes(1, next.ID[:])
			return nil
		}, nextFactsSQL, r.company.id, int64(row.Start.Time), row.Start.ID.Key())
	}
	return row, next, err
}

// readFacts reads and verifies a row of factsSQL, into the room that it has.
func (of company) readFacts(st *stmt, row *callvault.FactRow) error {
	row.Start.Time = callvault.Time(st.ColumnInt64(0))
	st.ColumnBytes(1, row.Start.ID[:])
	row.Records = slices.Grow(row.Records[:0], st.ColumnLen(2))[:st.ColumnLen(2)]
	row.Titles = slices.Grow(row.Titles[:0], st.ColumnLen(3))[:st.ColumnLen(3)]
	st.ColumnBytes(2, row.Records)
	st.ColumnBytes(3, row.Titles)
	return row.Verify(of.name, st.ColumnInt64(4))
}

func (r *factRows) ReplaceFacts(start callvault.Position, rows []callvault.FactRow) error {
	if len(rows) > 0 && rows[0].Start == start {
		if err := r.writeFactRow(updateFactsSQL, &rows[0]); err != nil {
			return err
		}
		rows = rows[1:]
	} else if start != (callvault.Position{}) {
		if err := r.run(deleteFactsSQL, r.company.id, int64(start.Time), start.ID.Key()); err != nil {
			return err
		}
	}
	for i := range rows {
		if err := r.writeFactRow(insertFactsSQL, &rows[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *factRows) writeFactRow(statement string, row *callvault.FactRow) error {
	return r.run(statement, r.company.id, int64(row.Start.Time), row.Start.ID.Key(), row.Records, row.Titles, row.Checksum(r.company.name))
}

// fillFacts makes the facts of the calls that are there, with so many of them in memory at once.
func (c *conn) fillFacts(atOnce int) error {
	companies, err := c.allCompanies()
	if err != nil {
		return err
	}
	for _, of := range companies {
		if err := c.fillFactsOf(of, atOnce); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) fillFactsOf(of company, atOnce int) error {
	w := &change{conn: c, company: of, names: callvault.NewNameTally(), facts: new(callvault.FactChange)}
	flush := func() error {
		for _, key := range w.names.Keys() {
			kept, err := w.keptName(key)
			if err != nil {
				return err
			}
			w.names.SetNumber(key, kept.Number)
		}
		err := w.writeFacts()
		w.names = callvault.NewNameTally()
		return err
	}
	var r row
	err := c.each(func(st *stmt) error {
		c.readRow(st, &r)
		w.facts.Add(&r.Call, w.names)
		if w.facts.Len() < atOnce {
			return nil
		}
		return flush()
	}, fromTimeSQL, of.id, int64(callvault.MinTime))
	if err != nil {
		return err
	}
	return flush()
}

// RemakeFacts makes the facts again.
func (c companyRows) RemakeFacts() error {
	if err := c.run(clearFactsSQL, c.of.id); err != nil {
		return err
	}
	return c.fillFactsOf(c.of, fillAtOnce)
}

// examineFacts shows the facts to an examination.
func (c companyRows) examineFacts(e *callvault.Examination) error {
	var row callvault.FactRow
	return c.each(func(st *stmt) error {
		return e.Facts(&row, c.of.readFacts(st, &row))
	}, allFactsSQL, c.of.id)
}

func (s reads) View(ctx context.Context, q callvault.ViewQuery) (v callvault.View, err error) {
	v.Units = make([][]callvault.Bar, len(q.Units))
	err = s.ofCompany(ctx, func(c *conn, of company) error {
		v, err = callvault.ViewFacts(of.name, viewRows{c, of}, q)
		return err
	})
	return v, err
}

// viewRows is a callvault.ViewRows.
type viewRows struct {
	*conn
	of company
}

func (r viewRows) Latest() (int64, error) { return r.number(lastNumberSQL, r.of.id) }

func (r viewRows) Count(q callvault.Query) (int, error) { return r.count(r.of.id, q) }

func (r viewRows) VisitNames(visit func(callvault.NameKey, int64) error) error {
	return r.each(func(st *stmt) error {
		return visit(callvault.NameKey{Field: callvault.Field(st.ColumnInt(0)), Name: st.ColumnText(1)}, st.ColumnInt64(2))
	}, numbersSQL, r.of.id)
}

func (r viewRows) VisitFacts(within callvault.Range, visit func(*callvault.FactRow) error) error {
	var row callvault.FactRow
	return r.each(func(st *stmt) error {
		if err := r.of.readFacts(st, &row); err != nil {
			return err
		}
		return visit(&row)
	}, factsInSQL, r.of.id, int64(within.From), int64(within.To))
}

func (r viewRows) VisitRecords(within callvault.Range, visit func(*callvault.FactRow) error) error {
	return r.VisitFacts(within, visit)
}

func (r viewRows) Calls(at []callvault.Position) ([]callvault.Record, error) {
	calls := make([]callvault.Record, len(at))
	for i := range at {
		found, err := r.call(at[i])
		if err != nil {
			return nil, err
		}
		calls[i] = found
	}
	return calls, nil
}

func (r viewRows) call(at callvault.Position) (callvault.Record, error) {
	found := row{problem: "its document is missing", Record: callvault.Record{Call: callvault.Call{ID: at.ID}}}
	err := r.each(func(st *stmt) error {
		r.readRow(st, &found)
		found.problem = ""
		found.Document = slices.Clone(found.Document)
		return nil
	}, documentSQL, r.of.id, int64(at.Time), at.ID.Key())
	if err == nil {
		err = found.verify(r.of)
	}
	return found.Record, err
}
