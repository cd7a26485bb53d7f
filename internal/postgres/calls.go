package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// A call is looked up by the whole of either key of documents, one after the other in the
// order asked for, whatever the planner thinks of the tables.
const (
	documentOfID = `LEFT JOIN LATERAL (
			SELECT checksum, workspace, document FROM callvault.documents AS d
			WHERE d.company = $1 AND d.workspace = i.workspace AND d.time = i.time AND d.id = i.id OFFSET 0
		) AS d ON true`

	getSQL = `SELECT i.number, d.checksum, i.time, i.id, d.workspace, d.document
		FROM unnest($2::text[]) WITH ORDINALITY AS b (id, place)
		CROSS JOIN LATERAL (
			SELECT number, time, id, workspace FROM callvault.ids AS i
			WHERE i.company = $1 AND i.id = b.id AND i.time IS NOT NULL OFFSET 0
		) AS i
		` + documentOfID + ` ORDER BY b.place`

	changesSQL = `SELECT i.number, coalesce(i.checksum, d.checksum), i.time, i.id, d.workspace, d.document
		FROM (SELECT number, checksum, time, id, workspace FROM callvault.ids
			WHERE company = $1 AND number > $2 ORDER BY number LIMIT $3) AS i
		` + documentOfID + ` ORDER BY i.number`

	// One look at the index for each workspace.
	workspacesSQL = `WITH RECURSIVE w (workspace) AS (
			SELECT ''::text COLLATE "C"
			UNION ALL
			SELECT n.workspace FROM w CROSS JOIN LATERAL (SELECT d.workspace FROM callvault.documents AS d
				WHERE d.company = $1 AND d.workspace > w.workspace ORDER BY d.workspace, d.time, d.id LIMIT 1) AS n)
		SELECT workspace FROM w WHERE workspace <> ''`

	countRecordsSQL = `SELECT count(*) FROM callvault.ids WHERE company = $1`
	latestSQL       = `SELECT number FROM callvault.companies WHERE company = $1`
	timelinesSQL    = `SELECT number, id FROM callvault.timelines WHERE company = $1 ORDER BY number`
)

// reads is one company's calls, to be read.
type reads struct {
	asker
	company string
}

// calls is one company's calls.
type calls struct {
	reads
	store *Store
}

// Calls hands out one company's calls.
func (s *Store) Calls(company string) callvault.Calls { return calls{reads{s, company}, s} }

func (s reads) Scan(ctx context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	v := callvault.Verifier{Company: s.company, Query: q, At: after}
	return s.scan(ctx, &v, limit, visit)
}

func (s reads) ScanBack(ctx context.Context, q callvault.Query, before callvault.Position, limit int, visit func(callvault.Record) error) error {
	v := callvault.Verifier{Company: s.company, Query: q, At: before, Back: true}
	return s.scan(ctx, &v, limit, visit)
}

func (s reads) scan(ctx context.Context, v *callvault.Verifier, limit int, visit func(callvault.Record) error) error {
	if v.Query.IsEmpty() {
		return ctx.Err()
	}
	page := PageStatement(s.company, v.Query, v.At, limit)
	if v.Back {
		page = pageBackStatement(s.company, v.Query, v.At, limit)
	}
	return s.each(ctx, visitor(s.company, v.Verify, visit), page.SQL, page.Args...)
}

// Salvage visits the calls of q, and tells of those that are damaged.
func (s *Store) Salvage(ctx context.Context, company string, q callvault.Query, visit func(callvault.Record) error, damaged func(*callvault.DamageError)) error {
	if q.IsEmpty() {
		return ctx.Err()
	}
	v := callvault.Verifier{Company: company, Query: q, At: q.Start()}
	r := &record{company: company, verify: v.Verify}
	page := PageStatement(company, q, v.At, -1)
	return s.each(ctx, func(rows pgx.Rows) error {
		if damage := damageOf(r.read(rows)); damage != nil {
			damaged(damage)
			return nil
		}
		return visit(r.Record)
	}, page.SQL, page.Args...)
}

func (s reads) Get(ctx context.Context, ids []callvault.ID, visit func(callvault.Record) error) error {
	verify := func(r *callvault.Record, kept int64) error { return r.Verify(s.company, kept) }
	return s.each(ctx, visitor(s.company, verify, visit), getSQL, s.company, keysOf(callvault.SortIDs(ids)))
}

func keysOf(ids []callvault.ID) []string {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = id.Key()
	}
	return keys
}

func (s reads) Workspaces(ctx context.Context) (workspaces []callvault.ID, err error) {
	err = s.each(ctx, func(rows pgx.Rows) error {
		var id callvault.ID
		if copy(id[:], rows.RawValues()[0]) != len(id) {
			return &callvault.DamageError{Company: s.company, Problem: "a workspace is malformed"}
		}
		workspaces = append(workspaces, id)
		return nil
	}, workspacesSQL, s.company)
	return workspaces, err
}

func (s reads) Latest(ctx context.Context) (number int64, err error) {
	err = one(ctx, s, []any{&number}, latestSQL, s.company)
	return number, err
}

func (s reads) Changes(ctx context.Context, after int64, limit int, visit func(callvault.Record) error) error {
	v := callvault.NumberVerifier{Company: s.company, After: after}
	return s.each(ctx, visitor(s.company, v.Verify, visit), changesSQL, s.company, after, limited(limit))
}

func (s reads) CountRecords(ctx context.Context) (n int, err error) {
	err = one(ctx, s, []any{&n}, countRecordsSQL, s.company)
	return n, err
}

func (s reads) Timelines(ctx context.Context) (timelines []callvault.Timeline, err error) {
	err = s.each(ctx, collect(&timelines, readTimeline), timelinesSQL, s.company)
	return timelines, err
}

func readTimeline(row pgx.CollectableRow) (t callvault.Timeline, err error) {
	var id []byte
	if err := row.Scan(&t.From, &id); err != nil {
		return t, err
	}
	if copy(t.ID[:], id) != len(t.ID) {
		return t, fmt.Errorf("the timeline from number %d has an id of %d bytes", t.From, len(id))
	}
	return t, nil
}
