package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/callvault/callvault"
)

const (
	setCountSQL    = `INSERT OR REPLACE INTO counts (company, workspace, level, bucket, calls, digest, number) VALUES (?, ?, ?, ?, ?, ?, ?)`
	deleteKeySQL   = `DELETE FROM keys WHERE id = ?`
	sizeOfSQL      = `SELECT count(*) FROM `
	definitionsSQL = `SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC`
	typesSQL       = `SELECT format('typeof(%s) IN (''null'', ''%s'')', name, lower(type)) FROM pragma_table_info(?)`

	removeTombstoneSQL = `DELETE FROM ids WHERE company = ? AND id = ? AND time IS NULL`

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
		WHERE d.company = ? AND (i.time IS NOT d.time OR i.number <> d.number OR i.checksum IS NOT NULL)
		ON CONFLICT DO UPDATE SET number = excluded.number, time = excluded.time, checksum = NULL`

	removeGoneSQL = `DELETE FROM ids AS i WHERE i.company = ? AND i.time IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM documents AS d WHERE d.company = i.company AND d.time = i.time AND d.id = i.id)`

	raiseNumberSQL = `UPDATE companies SET number = latest FROM (SELECT max(number) AS latest FROM ids WHERE company = ?1)
		WHERE company = ?1 AND number < latest`
)

// followApartSQL makes what stands apart follow the calls.
var followApartSQL = []string{
	`DELETE FROM apart AS a WHERE a.company = ?1 AND (
		(a.kind = 3) = EXISTS (SELECT 1 FROM ids AS i WHERE i.company = ?1 AND i.id = a.id AND i.time IS NOT NULL)
		OR NOT EXISTS (SELECT 1 FROM mirrors WHERE company = ?1 AND upstream <> ''))`,
	`UPDATE apart SET here = i.time FROM ids AS i
		WHERE apart.company = ?1 AND i.company = ?1 AND i.id = apart.id AND i.time IS NOT NULL AND apart.here <> i.time`,
}

// Repair makes right what Check finds. Writers wait for it only where something is
// wrong.
func (s *Store) Repair(ctx context.Context, accept callvault.Loss, report func(done string)) error {
	wrong := 0
	count := func(string) { wrong++ }
	err := s.read(ctx, func(c *conn) error { return c.check(count) })
	if err == nil && wrong > 0 {
		r := callvault.Repair{Accept: accept}
		err = s.write(ctx, func(c *conn) error { return c.repair(&r) })
		if err == nil {
			r.Tell(report)
		}
	}
	if kindOf(err) == corrupt {
		return fmt.Errorf("repair %w; restore a backup, or import what 'callvault export --skip-damaged' writes into a new store", err)
	}
	return callvault.Doing(err, "repair %s", s.path)
}

func (c *conn) repair(r *callvault.Repair) error {
	if err := c.repairStructure(r); err != nil {
		return err
	}
	companies, err := c.allCompanies()
	if err != nil {
		return err
	}
	for _, of := range companies {
		if err := r.Company(of.name, companyRows{c, of}); err != nil {
			return err
		}
	}
	return c.repairKeys(r)
}

// counted are the tables whose lost rows show nowhere else, and what their rows are.
var counted = []struct{ table, what string }{
	{"directory", "users and workspaces"}, {"mirrors", "mirrors"}, {"mirror_values", "values of mirrors"}, {"apart", "calls apart"},
}

// repairStructure writes the tables of calls again, with their indexes, if SQLite finds
// something wrong. What is lost with a page of documents shows in the digests, and what is
// lost of other tables is counted.
func (c *conn) repairStructure(r *callvault.Repair) error {
	wrong := 0
	count := func(string) { wrong++ }
	if err := c.checkStructure(count); err != nil || wrong == 0 {
		return err
	}
	for _, table := range []string{"documents", "ids", "counts", "names", "facts"} {
		if err := c.rebuild(table); err != nil {
			return err
		}
	}
	for _, t := range counted {
		before, err := c.number(sizeOfSQL + t.table)
		if err == nil {
			err = c.rebuild(t.table)
		}
		if err != nil {
			return err
		}
		left, err := c.number(sizeOfSQL + t.table)
		if err = errors.Join(err, r.Malformed(t.what, int(before-left))); err != nil {
			return err
		}
	}
	r.Rebuilt("rewrote the tables of calls and their indexes")
	return nil
}

// rebuild writes a table again, in order, each row once, without those that have a value of
// another type. With a condition SQLite reads the rows; otherwise it copies their bytes.
func (c *conn) rebuild(table string) error {
	definitions, err := c.texts(definitionsSQL, table) // of the table, then of its indexes
	if err != nil {
		return err
	}
	types, err := c.texts(typesSQL, table)
	if err != nil {
		return err
	}
	statements := append([]string{
		strings.Replace(definitions[0], table, "rebuilt", 1),
		"INSERT OR IGNORE INTO rebuilt SELECT * FROM " + table + " WHERE " + strings.Join(types, " AND "),
		"DROP TABLE " + table,
		"PRAGMA legacy_alter_table = ON",
		"ALTER TABLE rebuilt RENAME TO " + table,
		"PRAGMA legacy_alter_table = OFF",
	}, definitions[1:]...)
	for _, statement := range statements {
		if err := c.once(statement); err != nil {
			return err
		}
	}
	return nil
}

func (c companyRows) Remove(d callvault.DamagedRow) error {
	switch {
	case d.IsEntry:
		return c.run(deleteEntrySQL, c.of.id, string(d.Damage.Kind), d.Key)
	case d.IsTombstone:
		return c.run(removeTombstoneSQL, c.of.id, d.Key)
	case d.IsValue:
		return c.run(removeValueSQL, c.of.id, d.Key)
	}
	return c.run(deleteDocumentSQL, c.of.id, int64(d.Time), d.Key)
}

func (c companyRows) Follow(did func(step string, rows int)) error {
	for _, step := range []struct{ query, done string }{
		{removeTwiceSQL, callvault.DuplicatesRemoved},
		{followSQL, callvault.IDsFollowed},
		{removeGoneSQL, callvault.IDsRemoved},
		{raiseNumberSQL, callvault.LatestRaised},
	} {
		if err := c.run(step.query, c.of.id); err != nil {
			return err
		}
		did(step.done, c.changed())
	}
	return nil
}

func (c companyRows) SetCounts(tally callvault.Tally) error {
	for _, key := range tally.Keys() {
		n := tally[key]
		if err := c.run(setCountSQL, c.of.id, key.Workspace.Key(), key.Level, key.Number, n.Calls, n.Digest, n.Number); err != nil {
			return err
		}
	}
	return nil
}

func (c companyRows) Restart() error {
	return errors.Join(c.run(clearTimelinesSQL, c.of.id), c.addTimeline(c.of.id, callvault.NewTimeline(0)))
}

// repairKeys removes damaged keys.
func (c *conn) repairKeys(r *callvault.Repair) error {
	damaged, err := c.damagedKeys()
	if err == nil {
		err = r.Keys(damaged)
	}
	if err != nil || len(damaged) == 0 {
		return err
	}
	for _, damage := range damaged {
		if err := c.run(deleteKeySQL, damage.Key); err != nil {
			return err
		}
	}
	return c.drawKeysVersion()
}

func (c companyRows) FollowApart() (rows int, err error) {
	for _, statement := range followApartSQL {
		if err := c.run(statement, c.of.id); err != nil {
			return rows, err
		}
		rows += c.changed()
	}
	return rows, nil
}
