package sqlite

import (
	"errors"
	"fmt"

	"github.com/callvault/callvault"
)

const (
	malformedCallsSQL = `DELETE FROM documents WHERE company = ? AND length(CAST(id AS BLOB)) <> 20`
	malformedIDsSQL   = `DELETE FROM ids WHERE company = ? AND length(CAST(id AS BLOB)) <> 20`

	// Of a call that stands at several places the latest is believed.
	removeTwiceSQL = `WITH lost AS (
			SELECT d.id FROM documents AS d LEFT JOIN ids AS i ON i.company = d.company AND i.id = d.id
			WHERE d.company = ?1 AND i.time IS NOT d.time),
		places AS (
			SELECT time, id, row_number() OVER (PARTITION BY id ORDER BY number DESC, time DESC) AS place
			FROM documents WHERE company = ?1 AND id IN (SELECT id FROM lost))
		DELETE FROM documents WHERE company = ?1 AND (time, id) IN (SELECT time, id FROM places WHERE place > 1)`

	followSQL = `INSERT INTO ids (company, id, number, time)
		SELECT d.company, d.id, d.number, d.time
		FROM documents AS d LEFT JOIN ids AS i ON i.company = d.company AND i.id = d.id
		WHERE d.company = ? AND i.id IS NULL`

	staleSQL = `SELECT d.id, d.time FROM documents AS d JOIN ids AS i ON i.company = d.company AND i.id = d.id
		WHERE d.company = ? AND (i.time IS NOT d.time OR i.number <> d.number) LIMIT ?`

	goneSQL = `SELECT i.id, i.time FROM ids AS i WHERE i.company = ? AND i.time IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM documents AS d WHERE d.company = i.company AND d.time = i.time AND d.id = i.id) LIMIT ?`

	unsealedSQL = `SELECT id, time FROM ids WHERE company = ? AND time IS NULL AND checksum IS NULL LIMIT ?`

	sharedSQL = `SELECT i.id, i.time FROM ids AS i WHERE i.company = ? AND EXISTS (
		SELECT 1 FROM ids AS o INDEXED BY ids_by_number WHERE o.company = i.company AND o.number = i.number AND o.id < i.id) LIMIT ?`

	lastIDSQL = `SELECT id, number FROM ids INDEXED BY ids_by_number WHERE company = ? ORDER BY number DESC LIMIT 1`

	pointIDSQL = `UPDATE ids SET time = ?3, checksum = NULL WHERE company = ?1 AND id = ?2`
	unsealSQL  = `UPDATE ids SET checksum = NULL WHERE company = ? AND id = ?`
)

// callsRepair makes a company's ids follow its calls. An id that contradicts its call takes
// the next number, because nobody knows which of the two is right.
type callsRepair struct {
	*change
	repair  *repair
	changed bool
}

func (c *callsRepair) run() error {
	before := c.number
	_, highest, err := c.lastID()
	if err != nil {
		return err
	}
	c.number = max(c.number, highest)
	if err := c.removeDamaged(); err != nil {
		return err
	}
	if err := c.unsealTombstones(); err != nil {
		return err
	}
	for _, step := range []struct{ query, done string }{
		{malformedCallsSQL, "removed %d calls with malformed ids"},
		{malformedIDsSQL, "removed %d malformed ids"},
		{removeTwiceSQL, "removed %d duplicate calls"},
		{followSQL, "restored the ids of %d calls"},
	} {
		if err := c.conn.run(step.query, c.company.id); err != nil {
			return err
		}
		c.done(step.done, c.conn.changed())
	}
	for _, step := range []struct{ query, done string }{
		{staleSQL, "restored the ids of %d calls, with new numbers"},
		{goneSQL, "made tombstones for %d ids whose calls are missing"},
		{unsealedSQL, "rewrote %d damaged tombstones"},
		{sharedSQL, "renumbered %d ids that shared a number"},
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

// removeDamaged removes damaged calls. Where that loses one, the digests of the counts tell.
func (c *callsRepair) removeDamaged() error {
	var damaged []callvault.Position
	err := c.walk(c.company, func(r *row, _ place) error {
		if r.verify(c.company) == nil {
			c.number = max(c.number, r.Number)
		} else {
			damaged = append(damaged, r.Position())
		}
		return nil
	})
	if err != nil {
		return err
	}
	n := 0
	for _, p := range damaged {
		if err := c.conn.run(deleteDocumentSQL, c.company.id, int64(p.Time), p.ID.Key()); err != nil {
			return err
		}
		n += c.conn.changed()
	}
	c.done("removed %d damaged calls", n)
	return nil
}

// unsealTombstones takes damaged tombstones their checksums, so that they are written again.
func (c *callsRepair) unsealTombstones() error {
	var damaged []callvault.ID
	err := c.visitTombstones(c.company, func(r *row) {
		if r.verify(c.company) != nil {
			damaged = append(damaged, r.ID)
		}
	})
	if err != nil || len(damaged) == 0 {
		return err
	}
	for _, id := range damaged {
		if err := c.conn.run(unsealSQL, c.company.id, id.Key()); err != nil {
			return err
		}
	}
	return c.repair.lose()
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
	return errors.Join(c.remove(&r), c.place(&callvault.Record{Number: c.number, Call: r.Call}))
}

// meetLatest makes the company's number that of its latest change: it never falls, so an id
// whose changes were lost may have to rise.
func (c *callsRepair) meetLatest(before int64) error {
	last, highest, err := c.lastID()
	switch {
	case err != nil || highest == 0:
		return err
	case highest < c.number:
		c.done("gave the last id the number %d", int(c.number)+1)
		return c.renumberOne(callvault.Position{Time: callvault.MinTime, ID: last})
	case before < highest && !c.changed:
		c.done("set the latest number to %d", int(highest))
	}
	return nil
}

// lastID is the id with the highest number.
func (c *callsRepair) lastID() (id callvault.ID, number int64, err error) {
	err = c.each(func(st *stmt) error {
		st.ColumnBytes(0, id[:])
		number = st.ColumnInt64(1)
		return nil
	}, lastIDSQL, c.company.id)
	return id, number, err
}
