package sqlite

import (
	"github.com/callvault/callvault"
)

// row is a record as the tables have it.
type row struct {
	callvault.Record
	kept    int64  // the checksum beside it
	problem string // how its id's row and its document's row contradict each other
}

// verify returns a *callvault.DamageError unless the row is what was written.
func (r *row) verify(of company) error {
	if err := r.contradiction(of); err != nil {
		return err
	}
	return r.Verify(of.name, r.kept)
}

func (r *row) contradiction(of company) error {
	if r.problem == "" {
		return nil
	}
	return &callvault.DamageError{Company: of.name, ID: r.ID, Problem: r.problem}
}

// readRow reads the columns time, id, workspace, number, checksum and document, which is
// valid until the next row, and nil if it is missing.
func (c *conn) readRow(st *stmt, r *row) {
	readPlace(st, r)
	if r.Document = c.column(st, 5); len(r.Document) == 0 {
		r.Document = nil
	}
}

// readPlace is readRow without the document.
func readPlace(st *stmt, r *row) {
	r.ID, r.Workspace = callvault.ID{}, callvault.ID{}
	r.Time = callvault.Time(st.ColumnInt64(0))
	st.ColumnBytes(1, r.ID[:])
	st.ColumnBytes(2, r.Workspace[:])
	r.Number = st.ColumnInt64(3)
	r.kept = st.ColumnInt64(4)
}

// What an id's latest change left behind is read by one query: a tombstone's row is in ids
// alone, and of a call the document is looked up at its place.
const (
	recordSQL = `SELECT i.id, i.number, i.time, i.checksum, d.number, d.workspace, d.checksum, d.document FROM ids AS i`

	joinedSQL = ` LEFT JOIN documents AS d ON d.company = i.company AND d.time = i.time AND d.id = i.id WHERE i.company = ?`

	findSQL    = recordSQL + joinedSQL + ` AND i.id = ?`
	changesSQL = recordSQL + ` INDEXED BY ids_by_number` + joinedSQL + ` AND i.number > ? ORDER BY i.number LIMIT ?`
)

// readRecord reads a row of recordSQL.
func (c *conn) readRecord(st *stmt, r *row) {
	*r = row{}
	st.ColumnBytes(0, r.ID[:])
	r.Number = st.ColumnInt64(1)
	switch {
	case st.ColumnIsNull(2):
		r.Deleted = true
		r.kept = st.ColumnInt64(3)
		return
	case st.ColumnIsNull(7):
		r.Time = callvault.Time(st.ColumnInt64(2))
		r.problem = "its document is missing"
		return
	case st.ColumnInt64(4) != r.Number:
		r.problem = "its number differs from the one in the table ids"
	}
	r.Time = callvault.Time(st.ColumnInt64(2))
	st.ColumnBytes(5, r.Workspace[:])
	r.kept = st.ColumnInt64(6)
	r.Document = c.column(st, 7)
}

// find is what the latest change of an id left behind, unless there was none. It is not
// verified, and the document is valid until the next one is read.
func (c *conn) find(of company, id callvault.ID) (r row, there bool, err error) {
	err = c.each(func(st *stmt) error {
		there = true
		c.readRecord(st, &r)
		return nil
	}, findSQL, of.id, id.Key())
	return r, there, err
}

// visitChanges visits the verified records of a company above a number.
func (c *conn) visitChanges(of company, after int64, limit int, visit func(callvault.Record) error) error {
	v := callvault.NumberVerifier{Company: of.name, After: after}
	var r row
	return c.each(func(st *stmt) error {
		c.readRecord(st, &r)
		if err := r.contradiction(of); err != nil {
			return err
		}
		if err := v.Verify(&r.Record, r.kept); err != nil {
			return err
		}
		return visit(r.Record)
	}, changesSQL, of.id, after, limit)
}
