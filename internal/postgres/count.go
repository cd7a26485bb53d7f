package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// A total is one expression: the edges of a range counted call by call, and
// the buckets between them summed, each with its sign. $1 and $2 are the company and the workspace
// (” for all), as in the page's query; the bounds of the parts follow its
// parameters.
//
// An edge of a workspace is read as its pages are, and has no more calls than the
// finest bucket that it lies in: so many are read, however short the edge is, unless
// it is empty.
const (
	firstBound = 7

	edgeSQL = `$%[1]d * (SELECT count(*) FROM callvault.documents
		WHERE company = $1 AND time >= $%[2]d AND time < $%[3]d)`

	edgeWorkspaceSQL = `$%[1]d * (SELECT count(*) FROM (
			SELECT time FROM callvault.documents
			WHERE company = $1 AND (workspace, time) >= ($2, $%[2]d) AND workspace <= $2 AND $%[2]d < $%[3]d
			ORDER BY workspace, time, id LIMIT coalesce((SELECT calls FROM callvault.counts
				WHERE company = $1 AND workspace = $2 AND level = 0 AND bucket = $%[2]d >> 28), 0)) AS edge
		WHERE time < $%[3]d)`

	spanSQL = `$%d * (SELECT coalesce(sum(calls), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $%d AND bucket >= $%d AND bucket < $%d)`
)

// firstSQL and firstWorkspaceSQL are a total and a page, of one moment.
var (
	firstSQL          = first(edgeSQL, pageSQL)
	firstWorkspaceSQL = first(edgeWorkspaceSQL, pageWorkspaceSQL)
)

func first(edge, page string) string {
	var parts callvault.CountParts
	var terms []string
	n := firstBound
	for range parts.Edges {
		terms = append(terms, fmt.Sprintf(edge, n, n+1, n+2))
		n += 3
	}
	for range parts.Spans {
		terms = append(terms, fmt.Sprintf(spanSQL, n, n+1, n+2, n+3))
		n += 4
	}
	return `SELECT d.time, d.id, d.document, t.total
		FROM (SELECT ` + strings.Join(terms, " + ") + ` AS total) AS t
		LEFT JOIN LATERAL (` + page + `) AS d ON true`
}

// bounds are the parameters of a total.
func bounds(r callvault.Range) (args []any) {
	parts := r.CountParts()
	for _, edge := range parts.Edges {
		args = append(args, edge.Sign, int64(edge.From), int64(edge.To))
	}
	for _, span := range parts.Spans {
		args = append(args, span.Sign, int32(span.Level), span.From, span.To)
	}
	return args
}

// Count is a first page of no calls.
func (s calls) Count(ctx context.Context, q callvault.Query) (total int, err error) {
	return s.First(ctx, q, 0, nil)
}

func (s calls) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (total int, err error) {
	if q.IsEmpty() {
		return 0, ctx.Err()
	}
	page := FirstStatement(s.company, q, limit)
	err = s.store.each(ctx, func(rows pgx.Rows) error {
		n, err := readInt(rows, 3)
		total = int(n)
		if err != nil || rows.RawValues()[0] == nil { // no call follows the total
			return err
		}
		row, err := readRow(rows)
		if err != nil {
			return err
		}
		return visit(row)
	}, page.SQL, page.Args...)
	return total, err
}
