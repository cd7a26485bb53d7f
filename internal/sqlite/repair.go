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
	definitionsSQL = `SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC`
	typesSQL       = `SELECT format('typeof(%s) IN (''null'', ''%s'')', name, lower(type)) FROM pragma_table_info(?)`
)

// Repair makes right what Check finds. Writers wait for it only where something is
// wrong.
func (s *Store) Repair(ctx context.Context, accept callvault.Loss, report func(done string)) error {
	wrong := 0
	count := func(string) { wrong++ }
	err := s.read(ctx, func(c *conn) error { return c.check(count) })
	if err == nil && wrong > 0 {
		var done []string
		err = s.write(ctx, func(c *conn) error {
			r := repair{conn: c, accept: accept, report: func(text string) { done = append(done, text) }}
			return r.all()
		})
		if err == nil {
			for _, text := range done {
				report(text)
			}
		}
	}
	if kindOf(err) == corrupt {
		return fmt.Errorf("repair %w; restore a backup, or import what 'callvault export --skip-damaged' writes into a new store", err)
	}
	return callvault.Doing(err, "repair %s", s.path)
}

// repair is a repair within a transaction.
type repair struct {
	*conn
	accept  callvault.Loss
	report  func(done string)
	rebuilt bool // tables were written again: what they lost shows only in part
}

func (r *repair) all() error {
	if err := r.structure(); err != nil {
		return err
	}
	companies, err := r.allCompanies()
	if err != nil {
		return err
	}
	for _, of := range companies {
		if err := r.company(of); err != nil {
			return err
		}
	}
	return r.keys()
}

// lose is ErrLoss, unless the loss is accepted.
func (r *repair) lose() error {
	if r.accept == callvault.AcceptLoss {
		return nil
	}
	return callvault.ErrLoss
}

// structure writes the tables of calls again, with their indexes, if SQLite finds something
// wrong. What is lost with a page shows in the digests.
func (r *repair) structure() error {
	wrong := 0
	count := func(string) { wrong++ }
	if err := r.checkStructure(count); err != nil || wrong == 0 {
		return err
	}
	for _, table := range []string{"documents", "ids", "counts"} {
		if err := r.rebuild(table); err != nil {
			return err
		}
	}
	r.rebuilt = true
	r.report("rewrote the tables of calls and their indexes")
	return nil
}

// rebuild writes a table again, in order, each row once, without those that have a value of
// another type. With a condition SQLite reads the rows; otherwise it copies their bytes.
func (r *repair) rebuild(table string) error {
	definitions, err := r.texts(definitionsSQL, table) // of the table, then of its indexes
	if err != nil {
		return err
	}
	types, err := r.texts(typesSQL, table)
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
		if err := r.once(statement); err != nil {
			return err
		}
	}
	return nil
}

// company repairs the calls of a company, and begins a timeline at 0 in place of all others
// if calls or ids were changed, or may have been lost.
func (r *repair) company(of company) error {
	changed := false
	err := r.change(of, func(w *change) error {
		c := callsRepair{change: w, repair: r}
		err := c.run()
		changed = c.changed
		return err
	})
	if err != nil {
		return err
	}
	lost, err := r.recount(of)
	if err != nil || !changed && !lost && !r.rebuilt {
		return err
	}
	return errors.Join(r.run(clearTimelinesSQL, of.id), r.addTimeline(of.id, callvault.NewTimeline(0)))
}

// recount makes the counts those of the calls, and tells whether calls were lost.
func (r *repair) recount(of company) (lost bool, err error) {
	tally := make(callvault.Tally)
	err = r.walk(of, func(row *row, _ place) error { tally.Add(&row.Record, row.kept); return nil })
	if err != nil {
		return false, err
	}
	kept, err := r.keptCounts(of)
	if err != nil {
		return false, err
	}
	differences := tally.CompareCounts(kept)
	for i := range differences {
		d := &differences[i]
		if d.IsLoss() {
			lost = true
			if err := r.lose(); err != nil {
				return true, err
			}
		}
		err := r.run(setCountSQL, of.id, d.Workspace.Key(), d.Level, d.Number, d.Has.Calls, d.Has.Digest, d.Has.Number)
		if err != nil {
			return false, err
		}
	}
	if len(differences) > 0 {
		r.report(fmt.Sprintf("company %s: corrected %d counts", of.name, len(differences)))
	}
	return lost, nil
}

// keys removes damaged keys.
func (r *repair) keys() error {
	var damaged []string
	err := r.visitKeys(func(key *callvault.Key, damage error) error {
		if damage == nil {
			return nil
		}
		damaged = append(damaged, key.ID)
		return r.lose()
	})
	if err != nil || len(damaged) == 0 {
		return err
	}
	for _, id := range damaged {
		if err := r.run(deleteKeySQL, id); err != nil {
			return err
		}
		r.report(fmt.Sprintf("removed the damaged key %s", id))
	}
	return r.drawKeysVersion()
}
