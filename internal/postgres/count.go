package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// A total is one expression: the edges of a range counted call by call, and the buckets between
// them summed, each with its sign. $1 is the company and $2 the workspace (” for all), as in a
// page's query. An edge of a workspace reads up to as many calls as its finest bucket has.
const (
	firstBound = 7

	edgeSQL = `$%[1]d * (SELECT count(*) FROM callvault.documents
		WHERE company = $1 AND time >= $%[2]d AND time < $%[3]d)`

	spanSQL = `$%d * (SELECT coalesce(sum(total), 0)::bigint FROM callvault.counts
		WHERE company = $1 AND workspace = $2 AND level = $%d AND bucket >= $%d AND bucket < $%d)`
)

var edgeWorkspaceSQL = `$%[1]d * (SELECT count(*) FROM (
			SELECT time FROM callvault.documents
			WHERE company = $1 AND (workspace, time) >= ($2, $%[2]d) AND workspace <= $2 AND $%[2]d < $%[3]d
			ORDER BY workspace, time, id LIMIT coalesce((SELECT total FROM callvault.counts
				WHERE company = $1 AND workspace = $2 AND level = 0 AND bucket = ` + finestOf + `), 0)) AS edge
		WHERE time < $%[3]d)`

// finestOf is the finest bucket of an edge's start: the server's division rounds towards 0.
var finestOf = fmt.Sprintf(`($%%[2]d - CASE WHEN $%%[2]d < 0 THEN %d ELSE 0 END) / %d`, callvault.BucketWidth(0)-1, callvault.BucketWidth(0))

// firstSQL and firstWorkspaceSQL are a total and a page, of one moment.
var (
	firstSQL          = firstOf(edgeSQL, pageSQL)
	firstWorkspaceSQL = firstOf(edgeWorkspaceSQL, pageWorkspaceSQL)
)

func firstOf(edge, page string) string {
	var pieces callvault.Pieces
	var terms []string
	n := firstBound
	for range pieces.Edges {
		terms = append(terms, fmt.Sprintf(edge, n, n+1, n+2))
		n += 3
	}
	for range pieces.Spans {
		terms = append(terms, fmt.Sprintf(spanSQL, n, n+1, n+2, n+3))
		n += 4
	}
	return `SELECT d.*, t.total
		FROM (SELECT ` + strings.Join(terms, " + ") + ` AS total) AS t
		LEFT JOIN LATERAL (` + page + `) AS d ON true`
}

// bounds are the parameters of a total.
func bounds(r callvault.Range) (args []any) {
	pieces := r.Pieces()
	for _, edge := range pieces.Edges {
		args = append(args, edge.Sign, int64(edge.From), int64(edge.To))
	}
	for _, span := range pieces.Spans {
		args = append(args, span.Sign, int32(span.Level), span.From, span.To)
	}
	return args
}

// Count is a first page of no calls.
func (s reads) Count(ctx context.Context, q callvault.Query) (total int, err error) {
	return s.First(ctx, q, 0, nil)
}

func (s reads) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (total int, err error) {
	if q.IsEmpty() {
		return 0, ctx.Err()
	}
	v := callvault.Verifier{Company: s.company, Query: q, At: q.Start()}
	page, first := FirstStatement(s.company, q, limit), visitor(s.company, v.Verify, visit)
	err = s.each(ctx, func(rows pgx.Rows) error {
		n, _ := readInt(rows.RawValues()[6], rows.FieldDescriptions()[6].Format)
		total = int(n)
		if rows.RawValues()[3] == nil { // no call follows the total
			return nil
		}
		return first(rows)
	}, page.SQL, page.Args...)
	return total, err
}
