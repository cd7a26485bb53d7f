package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

const (
	removeDocumentSQL  = `DELETE FROM callvault.documents WHERE company = $1 AND time = $2 AND id = $3`
	removeTombstoneSQL = `UPDATE callvault.ids SET checksum = NULL, number = 0 WHERE company = $1 AND id = $2`
	removeKeySQL       = `WITH v AS (UPDATE callvault.store SET keys_version = $2) DELETE FROM callvault.keys WHERE id = $1`

	// Of two rows of a call the later one is believed.
	removeTwiceSQL = `DELETE FROM callvault.documents AS t
		USING (SELECT company, time, id, row_number() OVER (PARTITION BY id ORDER BY number DESC, time DESC) AS place
			FROM callvault.documents WHERE company = $1) AS d
		WHERE d.place > 1 AND t.company = $1 AND t.company = d.company AND t.time = d.time AND t.id = d.id`

	followDocumentsSQL = `INSERT INTO callvault.ids (company, id, number, time, workspace)
		SELECT company, id, number, time, workspace FROM callvault.documents AS d
		WHERE d.company = $1 AND NOT EXISTS (SELECT FROM callvault.ids AS i
			WHERE i.company = $1 AND i.id = d.id AND i.time = d.time AND i.workspace = d.workspace AND i.number = d.number AND i.checksum IS NULL OFFSET 0)
		ON CONFLICT (company, id) DO UPDATE SET number = excluded.number, time = excluded.time, workspace = excluded.workspace, checksum = NULL`

	raiseNumberSQL = `UPDATE callvault.companies AS t SET number = m.number
		FROM (SELECT company, max(number) AS number FROM callvault.ids WHERE company = $1 GROUP BY company) AS m
		WHERE t.company = $1 AND t.company = m.company AND t.number < m.number`

	// Tombstones that are made take the next numbers: those of their ids may belong to others.
	buryGoneSQL = `UPDATE callvault.ids AS t SET time = NULL, workspace = NULL, checksum = NULL, number = gone.number
		FROM (SELECT i.company, i.id, c.number + row_number() OVER (ORDER BY i.id) AS number
			FROM callvault.ids AS i JOIN callvault.companies AS c ON c.company = i.company
			WHERE i.company = $1 AND c.company = $1 AND (i.time IS NOT NULL OR i.checksum IS NULL)
			AND NOT EXISTS (SELECT FROM callvault.documents AS d WHERE d.company = $1 AND d.time = i.time AND d.id = i.id OFFSET 0)) AS gone
		WHERE t.company = $1 AND t.company = gone.company AND t.id = gone.id`
)

// repairs correct a company, in this order, each with its report. The calls are believed:
// ids and numbers follow them. Each repair writes only what differs.
var repairs = []struct{ query, done string }{
	{removeTwiceSQL, "removed %d duplicate calls"},
	{followDocumentsSQL, "restored the ids of %d calls"},
	{raiseNumberSQL, "raised the latest number of %d companies"},
	{buryGoneSQL, "made tombstones for %d ids whose calls are missing"},
	{raiseNumberSQL, ""},
}

// repair is one Repair.
type repair struct {
	*Store
	tx     pgx.Tx
	accept callvault.Loss
	done   map[string]int64 // by how it is reported
	rows   int64            // that were changed
}

// Repair corrects what Check finds. Writers of the companies that it repairs wait until
// it ends.
func (s *Store) Repair(ctx context.Context, accept callvault.Loss, report func(done string)) error {
	wrong := make(map[string]bool)
	err := s.check(ctx, func(company, _ string) { wrong[company] = true })
	if err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	if len(wrong) == 0 {
		return nil
	}
	r := &repair{Store: s, accept: accept, done: make(map[string]int64)}
	err = s.inTx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		r.tx = tx
		for _, company := range slices.Sorted(maps.Keys(wrong)) {
			if err := r.company(ctx, company); err != nil {
				return err
			}
		}
		if err := r.keys(ctx); err != nil {
			return err
		}
		var left error
		err := s.checkLaws(ctx, tx, func(company, difference string) {
			if wrong[company] {
				left = fmt.Errorf("company %s: %s, which --repair can't correct", company, difference)
			}
		})
		if err == nil {
			err = left
		}
		return err
	})
	if err = s.cause(ctx, err); err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	for _, done := range slices.Sorted(maps.Keys(r.done)) {
		report(fmt.Sprintf(done, r.done[done]))
	}
	return nil
}

// run runs a statement of the repair, and adds how many rows it changed to the report.
func (r *repair) run(ctx context.Context, done, query string, args ...any) error {
	tag, err := r.tx.Exec(ctx, query, args...)
	r.count(done, tag.RowsAffected())
	return err
}

func (r *repair) count(done string, rows int64) {
	r.rows += rows
	if rows > 0 && done != "" {
		r.done[done] += rows
	}
}

// company repairs a company, and begins a timeline at 0 in place of all others if rows were
// changed or lost.
func (r *repair) company(ctx context.Context, company string) error {
	if _, err := r.tx.Exec(ctx, lockCompanySQL, company); err != nil {
		return err
	}
	before := r.rows
	e, err := r.examine(ctx, r.tx, company)
	if err != nil {
		return err
	}
	if len(e.damaged) > 0 && r.accept != callvault.AcceptLoss {
		return fmt.Errorf("%w: %w", callvault.ErrLoss, e.damaged[0].damage)
	}
	for _, d := range e.damaged {
		const done = "removed %d damaged rows"
		if d.time != nil {
			err = r.run(ctx, done, removeDocumentSQL, company, *d.time, d.id)
		} else {
			err = r.run(ctx, done, removeTombstoneSQL, company, d.id)
		}
		if err != nil {
			return err
		}
	}
	for _, repair := range repairs {
		if err := r.run(ctx, repair.done, repair.query, company); err != nil {
			return err
		}
	}
	if err := r.fillTombstones(ctx, r.tx, company); err != nil {
		return err
	}
	changed := r.rows > before
	lost, err := r.recount(ctx, company)
	if err != nil || !changed && !lost {
		return err
	}
	for _, statement := range []string{forkCompanySQL, forgetTimelinesSQL, beginTimelineSQL} {
		if _, err := r.tx.Exec(ctx, statement, company); err != nil {
			return err
		}
	}
	return nil
}

// recount makes the counts those of the calls, and tells whether calls were lost.
func (r *repair) recount(ctx context.Context, company string) (lost bool, err error) {
	e, err := r.examine(ctx, r.tx, company)
	if err != nil || len(e.counts) == 0 {
		return false, err
	}
	right := make(callvault.Tally, len(e.counts))
	for _, d := range e.counts {
		if lost = lost || d.IsLoss(); lost && r.accept != callvault.AcceptLoss {
			return true, fmt.Errorf("%w: company %s: %s", callvault.ErrLoss, company, d.String())
		}
		right[d.CountKey] = d.Has
	}
	r.count("corrected %d counts", int64(len(right)))
	return lost, setCounts(ctx, r.tx, company, right)
}

func (r *repair) keys(ctx context.Context) error {
	var damaged []*callvault.DamageError
	err := r.damagedKeys(ctx, r.tx, func(damage *callvault.DamageError) { damaged = append(damaged, damage) })
	for _, damage := range damaged {
		if err != nil {
			return err
		}
		if r.accept != callvault.AcceptLoss {
			return fmt.Errorf("%w: %w", callvault.ErrLoss, damage)
		}
		version := callvault.NewKeysVersion()
		err = r.run(ctx, "removed %d damaged keys", removeKeySQL, damage.Key, version[:])
	}
	return err
}
