package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

const (
	// Each row is found by its key, however many the planner believes there are.
	byKeySQL = `SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off`

	unfilledSQL = `SELECT i.number, 0::bigint, d.time, d.id, d.workspace, d.document
		FROM (SELECT time, id, workspace, document FROM callvault.documents
			WHERE company = $1 AND (time, id) > ($2, $3) ORDER BY time, id LIMIT $4) AS d
		LEFT JOIN LATERAL (SELECT number FROM callvault.ids AS i
			WHERE i.company = $1 AND i.id = d.id AND i.time = d.time AND i.workspace = d.workspace OFFSET 0
		) AS i ON true ORDER BY d.time, d.id`

	fillDocumentsSQL = `UPDATE callvault.documents AS d SET number = f.number, checksum = f.checksum
		FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[]) AS f (time, id, number, checksum)
		WHERE d.company = $1 AND d.time = f.time AND d.id = f.id`

	// Nobody followed changes before there were timelines, so nobody needs tombstones.
	dropTombstonesSQL = `DELETE FROM callvault.ids WHERE company = $1 AND time IS NULL`

	fillKeySQL = `UPDATE callvault.keys SET checksum = $2 WHERE id = $1`

	beginTimelineSQL = `SELECT callvault.begin_timeline($1, 0)`

	setCountsSQL = `INSERT INTO callvault.counts (company, workspace, level, bucket, total, digest, number)
		SELECT $1, f.workspace, f.level, f.bucket, f.total, f.digest, f.number
		FROM unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]) AS f (workspace, level, bucket, total, digest, number)
		ON CONFLICT (company, workspace, level, bucket) DO UPDATE SET total = excluded.total, digest = excluded.digest, number = excluded.number`

	// Citus hands a statement that changes a table to its workers, and refuses two at once.
	filledSQL     = `ALTER TABLE callvault.documents ALTER number SET NOT NULL, ALTER checksum SET NOT NULL`
	filledKeysSQL = `ALTER TABLE callvault.keys ALTER checksum SET NOT NULL`
)

// fillAtOnce is how many rows are read and written together.
const fillAtOnce = 5_000

// fill makes what step 3 adds to the rows that are there: checksums, counts in the new
// buckets, and a first timeline for each company.
func (s *Store) fill(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, byKeySQL); err != nil {
		return err
	}
	companies, err := view{moment{s, tx}}.Companies(ctx)
	for _, company := range companies {
		if err == nil {
			err = s.fillCompany(ctx, tx, company)
		}
	}
	if err == nil {
		err = s.fillKeys(ctx, tx)
	}
	if err == nil {
		err = execAll(ctx, tx, filledSQL, filledKeysSQL)
	}
	if d := damageOf(err); d != nil {
		err = fmt.Errorf("call %s of company %s: %s; repair the store with the callvault that wrote it: callvault check --repair", d.ID, d.Company, d.Problem)
	}
	return err
}

func (s *Store) fillCompany(ctx context.Context, tx pgx.Tx, company string) error {
	tally, at := callvault.Tally{}, callvault.AllTime.Start()
	r := &record{company: company, verify: func(*callvault.Record, int64) error { return nil }}
	for n := fillAtOnce; n == fillAtOnce; {
		var times, numbers, checksums []int64
		var ids []string
		err := s.eachIn(ctx, tx, func(rows pgx.Rows) error {
			if err := r.read(rows); err != nil {
				return err
			}
			kept := r.Checksum(company)
			tally.Add(&r.Record, kept)
			times, ids, at = append(times, int64(r.Time)), append(ids, r.ID.Key()), r.Position()
			numbers, checksums = append(numbers, r.Number), append(checksums, kept)
			return nil
		}, unfilledSQL, company, int64(at.Time), at.ID.Key(), fillAtOnce)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, fillDocumentsSQL, company, times, ids, numbers, checksums); err != nil {
			return err
		}
		n = len(ids)
	}
	if err := setCounts(ctx, tx, company, tally.Wide()); err != nil {
		return err
	}
	for _, statement := range []string{dropTombstonesSQL, beginTimelineSQL} {
		if _, err := tx.Exec(ctx, statement, company); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) fillKeys(ctx context.Context, tx pgx.Tx) error {
	var keys []*callvault.Key
	err := s.eachIn(ctx, tx, func(rows pgx.Rows) error {
		key, _, _, err := scanKey(rows)
		if key != nil {
			keys = append(keys, key)
		}
		return err
	}, keysSQL, make([]byte, len(callvault.KeysVersion{})))
	for _, key := range keys {
		if err == nil {
			_, err = tx.Exec(ctx, fillKeySQL, key.ID, key.Checksum())
		}
	}
	return err
}

// setCounts makes counts of a company what a tally has.
func setCounts(ctx context.Context, tx querier, company string, tally callvault.Tally) error {
	var workspaces []string
	var levels []int32
	var buckets, totals, digests, numbers []int64
	for _, key := range tally.Keys() {
		c := tally[key]
		workspaces, levels, buckets = append(workspaces, key.Workspace.Key()), append(levels, int32(key.Level)), append(buckets, key.Number)
		totals, digests, numbers = append(totals, int64(c.Calls)), append(digests, c.Digest), append(numbers, c.Number)
	}
	_, err := tx.Exec(ctx, setCountsSQL, company, workspaces, levels, buckets, totals, digests, numbers)
	return callvault.Doing(err, "write the counts")
}
