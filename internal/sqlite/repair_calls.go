package sqlite

import (
	"fmt"

	"github.com/callvault/callvault"
)

const (
	malformedCallsSQL = `DELETE FROM documents WHERE company = ? AND length(CAST(id AS BLOB)) <> 20`
	malformedIDsSQL   = `DELETE FROM ids WHERE company = ? AND length(CAST(id AS BLOB)) <> 20`

	removeTwiceSQL = `DELETE FROM documents WHERE company = ?1 AND EXISTS (
		SELECT 1 FROM ids AS i JOIN documents AS d ON d.company = i.company AND d.time = i.time AND d.id = i.id
		WHERE i.company = ?1 AND i.id = documents.id AND i.time <> documents.time)`

	// An id follows its call, unless it has had a later change.
	followSQL = `INSERT INTO ids (company, id, number, time)
		SELECT d.company, d.id, d.number, d.time
		FROM documents AS d LEFT JOIN ids AS i ON i.company = d.company AND i.id = d.id
		WHERE d.company = ? AND (i.id IS NULL OR i.number <= d.number AND (i.time IS NOT d.time OR i.number <> d.number))
		ON CONFLICT DO UPDATE SET number = excluded.number, time = excluded.time, checksum = NULL`

	staleSQL = `SELECT d.id, d.time FROM documents AS d JOIN ids AS i ON i.company = d.company AND i.id = d.id
		WHERE d.company = ? AND (i.time IS NOT d.time OR i.number <> d.number) LIMIT ?`

	goneSQL = `SELECT i.id, i.time FROM ids AS i WHERE i.company = ? AND i.time IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM documents AS d WHERE d.company = i.company AND d.time = i.time AND d.id = i.id) LIMIT ?`

	sharedSQL = `SELECT i.id, i.time FROM ids AS i WHERE i.company = ? AND EXISTS (
		SELECT 1 FROM ids AS o INDEXED BY ids_by_number WHERE o.company = i.company AND o.number = i.number AND o.id < i.id) LIMIT ?`

	lastIDSQL = `SELECT id, time FROM ids INDEXED BY ids_by_number WHERE company = ? ORDER BY number DESC LIMIT 1`

	pointIDSQL = `UPDATE ids SET time = ?3, checksum = NULL WHERE company = ?1 AND id = ?2`
	highestSQL = `SELECT coalesce(max(number), 0) FROM ids WHERE company = ?`
)

// callsRepair makes a company's ids follow its calls. A change of a record takes the next
// number, so that whoever follows the numbers learns of it.
type callsRepair struct {
	*change
	repair  *repair
	changed bool
}

func (c *callsRepair) run() error {
	before := c.number
	highest, err := c.conn.number(highestSQL, c.company.id)
	if err != nil {
		return err
	}
	c.number = max(c.number, highest)
	for _, step := range []func() error{c.removeMalformed, c.removeTwice, c.buryDamaged, c.buryTombstones, c.follow, c.removeTwice} {
		if err := step(); err != nil {
			return err
		}
	}
	for _, step := range []struct{ query, done string }{
		{staleSQL, "gave %d calls their ids back, with new numbers"},
		{goneSQL, "made tombstones of %d ids whose calls are gone"},
		{sharedSQL, "gave %d ids numbers of their own"},
	} {
		if err := c.renumber(step.query, step.done); err != nil {
			return err
		}
	}
	return c.meetLatest(before)
}

// done reports what was done to n rows, if to any.
func (c *callsRepair) done(text string, n int) {
	if n > 0 {
		c.changed = true
		c.repair.report("company " + c.company.name + ": " + fmt.Sprintf(text, n))
	}
}

// removeMalformed removes the rows whose ids are none, which nothing can name.
func (c *callsRepair) removeMalformed() error {
	for _, query := range []string{malformedCallsSQL, malformedIDsSQL} {
		if err := c.conn.run(query, c.company.id); err != nil {
			return err
		}
		if n := c.conn.changed(); n > 0 {
			if err := c.repair.lose(); err != nil {
				return err
			}
			c.done("removed %d rows with malformed ids", n)
		}
	}
	return nil
}

// removeTwice removes the calls that stand at a place that their ids do not know, while they
// stand where those know too.
func (c *callsRepair) removeTwice() error {
	err := c.conn.run(removeTwiceSQL, c.company.id)
	if err == nil {
		c.done("removed %d duplicate calls", c.conn.changed())
	}
	return err
}

// buryDamaged makes tombstones of damaged calls.
func (c *callsRepair) buryDamaged() error {
	type found struct {
		row
		knows bool // its id knows this place
	}
	var damaged []found
	err := c.walk(c.company, func(r *row, id place) error {
		if r.verify(c.company) == nil {
			c.number = max(c.number, r.Number)
			return nil
		}
		damaged = append(damaged, found{*r, id.there && id.time == r.Time})
		damaged[len(damaged)-1].Document = []byte{}
		return c.repair.lose()
	})
	if err != nil {
		return err
	}
	for i := range damaged {
		c.number++
		if err := c.remove(&damaged[i].row); err != nil {
			return err
		}
		if !damaged[i].knows {
			continue
		}
		if err := c.bury(damaged[i].ID); err != nil {
			return err
		}
	}
	c.done("made tombstones of %d damaged calls", len(damaged))
	return nil
}

// buryTombstones writes damaged tombstones again.
func (c *callsRepair) buryTombstones() error {
	var damaged []callvault.ID
	err := c.visitTombstones(c.company, func(r *row) {
		if r.verify(c.company) != nil {
			damaged = append(damaged, r.ID)
		}
	})
	if err != nil || len(damaged) == 0 {
		return err
	}
	if err := c.repair.lose(); err != nil {
		return err
	}
	for _, id := range damaged {
		c.number++
		if err := c.bury(id); err != nil {
			return err
		}
	}
	c.done("wrote %d damaged tombstones again", len(damaged))
	return nil
}

func (c *callsRepair) follow() error {
	err := c.conn.run(followSQL, c.company.id)
	if err == nil {
		c.done("gave %d calls their ids back", c.conn.changed())
	}
	return err
}

// renumber gives the ids of a query, with the places of their calls, their next numbers, some
// at a time, until it finds none.
func (c *callsRepair) renumber(query, done string) error {
	n := 0
	for {
		var some []callvault.Position
		err := c.each(func(st *stmt) error {
			p := callvault.Position{Time: callvault.MinTime}
			st.ColumnBytes(0, p.ID[:])
			if !st.ColumnIsNull(1) {
				p.Time = callvault.Time(st.ColumnInt64(1))
			}
			some = append(some, p)
			return nil
		}, query, c.company.id, largeBatch)
		if err != nil {
			return err
		}
		if len(some) == 0 {
			c.done(done, n)
			return nil
		}
		for _, p := range some {
			if err := c.renumberOne(p); err != nil {
				return err
			}
		}
		n += len(some)
		if err := c.removeTwice(); err != nil {
			return err
		}
	}
}

func (c *callsRepair) renumberOne(p callvault.Position) error {
	if p.Time != callvault.MinTime {
		if err := c.conn.run(pointIDSQL, c.company.id, p.ID.Key(), int64(p.Time)); err != nil {
			return err
		}
	}
	r, _, err := c.find(c.company, p.ID)
	if err != nil {
		return err
	}
	c.number++
	if r.Document == nil {
		return c.bury(p.ID)
	}
	r.Document = append([]byte(nil), r.Document...)
	if err := c.remove(&r); err != nil {
		return err
	}
	r.Number = c.number
	if err := c.insert(&r.Record); err != nil {
		return err
	}
	return c.conn.run(setIDSQL, c.company.id, p.ID.Key(), c.number, int64(r.Time), nil)
}

// meetLatest makes the company's number that of its latest change: it never falls, so an id
// whose changes were lost may have to rise.
func (c *callsRepair) meetLatest(before int64) error {
	highest, err := c.conn.number(highestSQL, c.company.id)
	switch {
	case err != nil || highest == 0:
		return err
	case highest == c.number:
		if before < highest && !c.changed {
			c.done("set the latest number to %d", int(highest))
		}
		return nil
	}
	var last callvault.Position
	err = c.each(func(st *stmt) error {
		last.Time = callvault.MinTime
		st.ColumnBytes(0, last.ID[:])
		return nil
	}, lastIDSQL, c.company.id)
	if err != nil {
		return err
	}
	c.done("gave the last id the number %d", int(c.number)+1)
	return c.renumberOne(last)
}
