package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// One predicate serves the first page and every other: the calls after a
// position. With a workspace the whole key of its index is compared, and not
// the workspace by itself: only that index has this order, so the planner does
// not walk over everybody's calls to find a rare workspace's, whatever the
// statistics say. $4 is the range's end, $6 the limit (NULL is none).
//
// A row that is compared is where a walk along an index begins, and never where
// it ends, unless its first column decides: a page of a workspace that bounded
// (workspace, time) went on to the workspace's last call. So a page is read up to
// its limit and the end of its workspace, and what is beyond the range is left
// out. Where there is no limit the bound keeps documents from being read.
const (
	pageSQL = `SELECT time, id, document FROM callvault.documents
		WHERE company = $1 AND (time, id) > ($3, $5) AND time < $4 AND $2 = ''
		ORDER BY time, id LIMIT $6`

	pageWorkspaceSQL = `SELECT time, id, document FROM (
			SELECT workspace, time, id, document FROM callvault.documents
			WHERE company = $1 AND (workspace, time, id) > ($2, $3, $5) AND workspace <= $2
			ORDER BY workspace, time, id LIMIT $6) AS read
		WHERE time < $4 ORDER BY workspace, time, id`

	allWorkspaceSQL = `SELECT time, id, document FROM callvault.documents
		WHERE company = $1 AND (workspace, time, id) > ($2, $3, $5) AND (workspace, time) < ($2, $4)
		ORDER BY workspace, time, id LIMIT $6`

	latestSQL = `SELECT number FROM callvault.companies WHERE company = $1`

	changesSQL = `SELECT number, id, time IS NULL FROM callvault.ids WHERE company = $1 ORDER BY number`
)

// calls is one company's calls.
type calls struct {
	store   *Store
	company string
}

// Calls hands out one company's calls.
func (s *Store) Calls(company string) callvault.Calls { return calls{s, company} }

func (s calls) Scan(ctx context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	if q.IsEmpty() {
		return ctx.Err()
	}
	page := PageStatement(s.company, q, after, limit)
	return s.store.each(ctx, func(rows pgx.Rows) error {
		row, err := readRow(rows)
		if err != nil {
			return err
		}
		return visit(row)
	}, page.SQL, page.Args...)
}

var errShape = errors.New("a call in the database has not the shape of one")

// readRow reads time, id and document as they are on the wire. The document is
// the connection's memory.
func readRow(rows pgx.Rows) (row callvault.Record, err error) {
	values := rows.RawValues()
	time, err := readInt(rows, 0)
	row.Time = callvault.Time(time)
	if err != nil || len(values[1]) != len(row.ID) {
		return row, errShape
	}
	copy(row.ID[:], values[1])
	row.Document = values[2]
	return row, nil
}

// readInt reads a bigint, whose form is text where statements are not prepared.
func readInt(rows pgx.Rows, column int) (int64, error) {
	value := rows.RawValues()[column]
	if rows.FieldDescriptions()[column].Format == pgx.TextFormatCode {
		return strconv.ParseInt(text(value), 10, 64)
	}
	if len(value) != 8 {
		return 0, errShape
	}
	return int64(binary.BigEndian.Uint64(value)), nil
}

func (s calls) Latest(ctx context.Context) (number int64, err error) {
	_, err = s.store.one(ctx, []any{&number}, latestSQL, s.company)
	return number, err
}

func (s calls) Changes(ctx context.Context, visit func(callvault.Change) error) error {
	return s.store.each(ctx, func(rows pgx.Rows) error {
		var change callvault.Change
		var id string
		if err := rows.Scan(&change.Number, &id, &change.Deleted); err != nil {
			return err
		}
		copy(change.ID[:], id)
		return visit(change)
	}, changesSQL, s.company)
}
