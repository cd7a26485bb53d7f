//go:build unix

package postgres

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callvault/callvault"
)

// The statements whose plans are held: each goes by its index, and never walks
// over a table, filters what it has read, or sorts calls.
var plans = []struct {
	name, query string
	types       string
	args        int
	want        []string // must be in the plan
}{
	{"page", pageSQL, "text, text, bigint, bigint, text, bigint", 6, []string{
		"Index Scan using documents_pkey on documents",
		"Index Cond: ((company = $1) AND (ROW(\"time\", id) > ROW($3, $5)) AND (\"time\" < $4))",
	}},
	{"page of a workspace", pageWorkspaceSQL, "text, text, bigint, bigint, text, bigint", 6, []string{
		"Index Scan using documents_by_workspace on documents",
		"Index Cond: ((company = $1) AND (ROW(workspace, \"time\", id) > ROW($2, $3, $5)) AND (workspace <= $2))",
	}},
	{"all of a workspace", allWorkspaceSQL, "text, text, bigint, bigint, text, bigint", 6, []string{
		"Index Scan using documents_by_workspace on documents",
		"Index Cond: ((company = $1) AND (ROW(workspace, \"time\", id) > ROW($2, $3, $5)) AND (ROW(workspace, \"time\") < ROW($2, $4)))",
	}},
	{"page before", pageBackSQL, "text, text, bigint, bigint, text, bigint", 6, []string{
		"Index Scan Backward using documents_pkey on documents",
		"Index Cond: ((company = $1) AND (ROW(\"time\", id) < ROW($3, $5)) AND (\"time\" >= $4))",
	}},
	{"page of a workspace before", pageWorkspaceBackSQL, "text, text, bigint, bigint, text, bigint", 6, []string{
		"Index Scan Backward using documents_by_workspace on documents",
		"Index Cond: ((company = $1) AND (ROW(workspace, \"time\", id) < ROW($2, $3, $5)) AND (workspace >= $2))",
	}},
	{"all of a workspace back", allWorkspaceBackSQL, "text, text, bigint, bigint, text, bigint", 6, []string{
		"Index Scan Backward using documents_by_workspace on documents",
		"Index Cond: ((company = $1) AND (ROW(workspace, \"time\", id) < ROW($2, $3, $5)) AND (ROW(workspace, \"time\") >= ROW($2, $4)))",
	}},
	{"records", changesSQL, "text, bigint, bigint", 3, []string{ // of a snapshot
		"Index Scan using ids_by_number on ids",
		"Index Cond: ((company = $1) AND (number > $2))",
		"(id = ids.id)",
	}},
	{"calls by id", getSQL, "text, text[]", 2, []string{
		"Index Cond: ((company = $1) AND (id = b.id))",
	}},
	{"calls of other clients", otherClientsSQL, "text, text[], text[]", 3, []string{
		"Index Cond: ((company = $1) AND (id = b.id))",
	}},
	{"which calls are there", knownSQL, "text, text[]", 2, []string{
		"Index Cond: ((company = $1) AND (id = b.id))",
	}},
	{"weight of a range", weightSQL, "text, bigint, bigint", 3, []string{
		"Index Only Scan using apart_by_counted on apart",
		"Index Cond: ((company = $1) AND (counted >= $2) AND (counted < $3))",
		"Index Only Scan using apart_by_here on apart",
		"Index Cond: ((company = $1) AND (here >= $2) AND (here < $3))",
	}},
	{"calls apart in a range", apartInSQL, "text, bigint, bigint", 3, []string{
		"Index Cond: ((company = $1) AND (counted >= $2) AND (counted < $3))",
		"Index Cond: ((company = $1) AND (here >= $2) AND (here < $3))",
	}},
	{"values of a mirror", valuesSQL, "text, text, text", 3, []string{
		"Index Scan using mirror_values_pkey on mirror_values",
		"Index Cond: ((company = $1) AND (key >= $2) AND (key < $3))",
	}},
	{"workspaces", workspacesSQL, "text", 1, []string{
		"Index Only Scan using documents_by_workspace on documents d",
		"Index Cond: ((company = $1) AND (workspace > w_1.workspace))",
	}},
	{"first page", firstSQL, firstTypes, 32, []string{
		"Index Cond: ((company = $1) AND (ROW(\"time\", id) > ROW($3, $5)) AND (\"time\" < $4))",
		"Index Cond: ((company = $1) AND (\"time\" >= $8) AND (\"time\" < $9))",
		"Index Cond: ((company = $1) AND (workspace = $2) AND (level = $14) AND (bucket >= $15) AND (bucket < $16))",
	}},
	{"first page of a workspace", firstWorkspaceSQL, firstTypes, 32, []string{
		"Index Cond: ((company = $1) AND (ROW(workspace, \"time\", id) > ROW($2, $3, $5)) AND (workspace <= $2))",
		"Index Cond: ((company = $1) AND (ROW(workspace, \"time\") >= ROW($2, $8)) AND (workspace <= $2))",
		"Index Cond: ((company = $1) AND (workspace = $2) AND (level = 0) AND (bucket = (($8 - CASE WHEN ($8 < 0) THEN 299999999 ELSE 0 END) / 300000000)))",
		"Index Cond: ((company = $1) AND (workspace = $2) AND (level = $30) AND (bucket >= $31) AND (bucket < $32))",
	}},
	{"facts of a range", factsInSQL, "text, bigint, bigint", 3, []string{
		"Index Scan Backward using facts_pkey on facts f",
		"Index Cond: ((company = $1) AND (\"time\" < $3) AND (\"time\" >= COALESCE($0, $2)))",
	}},
	{"records of a range", recordsInSQL, "text, bigint, bigint", 3, []string{
		"Index Scan Backward using facts_pkey on facts f",
		"Index Cond: ((company = $1) AND (\"time\" < $3) AND (\"time\" >= COALESCE($0, $2)))",
	}},
	{"calls at positions", callsAtSQL, "text, bigint[], text[]", 3, []string{
		"Index Scan using documents_pkey on documents d",
		"Index Cond: ((company = $1) AND (\"time\" = b.\"time\") AND (id = b.id))",
	}},
	{"quota", `SELECT used FROM callvault.quotas WHERE company = $1 AND day = $2`, "text, int", 2, []string{
		"Index Cond: ((company = $1) AND (day = $2))",
	}},
}

const firstTypes = "text, text, bigint, bigint, text, bigint, " +
	"bigint, bigint, bigint, bigint, bigint, bigint, " +
	"bigint, int, bigint, bigint, bigint, int, bigint, bigint, bigint, int, bigint, bigint, bigint, int, bigint, bigint, bigint, int, bigint, bigint"

// noWalks are the filters of plans that are no walks: one tells that there are no
// calls, one that an id is a tombstone, one looks into a document that a key found, the
// others go over what was read within a limit.
var noWalks = regexp.MustCompile(`One-Time Filter|Filter: \("time" IS NOT NULL\)|Filter: \(workspace <> |Filter: \(\(?starts_with\(substr\(d\.document, .*|Filter: \((read|edge)(_\d)?\."time" (<|>=) \$\d+\)`)

// walks is what no plan may have.
var walks = regexp.MustCompile(`Seq Scan on (documents|ids|counts|facts)|Filter: .*|Sort Key: .*("time"|workspace).*`)

// walksOfWrites is what no plan within a function may have. A sort of a batch is
// no sort of the table's calls, and counts may be few.
var walksOfWrites = regexp.MustCompile(`Seq Scan on (documents|ids|facts|names)`)

func TestPlans(t *testing.T) {
	for _, statistics := range []string{"without statistics", "with statistics"} {
		t.Run(statistics, func(t *testing.T) {
			s := open(t, database(t))
			fillSkewed(t, s)
			if statistics == "with statistics" {
				execute(t, s, `ANALYZE callvault.documents, callvault.ids, callvault.counts, callvault.facts`)
			}
			for _, p := range plans {
				plan := explain(t, s, p.query, p.types, p.args)
				for _, want := range p.want {
					if !strings.Contains(plan, want) {
						t.Errorf("%s has not\n\t%s\nin\n%s", p.name, want, plan)
					}
				}
				if found := walks.FindString(noWalks.ReplaceAllString(plan, "")); found != "" && p.name != "page" {
					t.Errorf("%s has %s in\n%s", p.name, found, plan)
				}
			}
			writes := checkWrites(t, s)
			deletion := writes["delete"]
			for _, want := range []string{"(ROW(\"time\", id) <= ROW(p.\"time\", p.id))", "(ROW(\"time\", id) > ROW("} {
				if !strings.Contains(writes["facts"], want) {
					t.Errorf("%s is missing from\n%s", want, writes["facts"])
				}
			}
			if !walkOfNames.MatchString(deletion) {
				t.Errorf("the walk for the next call of a name is missing from\n%s", deletion)
			}
		})
	}
}

// A plan that is made while there is nothing, or next to nothing, is kept while
// an import fills the tables.
func TestPlansOfFewCalls(t *testing.T) {
	s := open(t, database(t))
	checkWrites(t, s)
	execute(t, s, `ANALYZE callvault.documents, callvault.ids, callvault.counts`)
	checkWrites(t, s)
}

// walkOfNames goes along the calls from a time, and its groups are hashed.
var walkOfNames = regexp.MustCompile(`HashAggregate.*\n(.*\n)*? *Hash Key: n.workspace\n(.*\n)*? *->  Limit.*\n *->  Index Scan using documents_pkey on documents d .*\n *Index Cond: \(\(company = \$1\) AND \("time" >= \$\d+\)\)`)

// checkWrites holds the plans within functions: calls are found by a whole key.
func checkWrites(t *testing.T, s *Store) map[string]string {
	t.Helper()
	plans := plansOfWrites(t, s)
	for name, plan := range plans {
		if found := walksOfWrites.FindString(plan); found != "" {
			t.Errorf("%s has %s in\n%s", name, found, plan)
		}
		for _, scan := range scans.FindAllStringSubmatch(plan, -1) {
			index, condition := scan[1], scan[2]
			if strings.Contains(condition, "ROW(") || strings.Contains(condition, `("time" >= $`) { // a range, in the order of its index
				continue
			}
			if !strings.Contains(condition, "(id = ") && !strings.Contains(condition, ".id)") && !strings.Contains(condition, "(id)::text = ") {
				t.Errorf("%s goes through %s by %s in\n%s", name, index, condition, plan)
			}
			if index == "documents_by_workspace" && !strings.Contains(condition, "(workspace = ") {
				t.Errorf("%s goes through the company's calls in %s by %s in\n%s", name, index, condition, plan)
			}
		}
	}
	return plans
}

var scans = regexp.MustCompile(`(?:using|on) (documents_pkey|documents_by_workspace|ids_pkey)[^\n]*\n\s*Index Cond: ([^\n]*)`)

// fillSkewed fills a store whose statistics tempt the planner: all calls but
// one are in one workspace, and many share an instant.
func fillSkewed(t *testing.T, s *Store) {
	t.Helper()
	execute(t, s, `ALTER TABLE callvault.documents SET (autovacuum_enabled = off)`)
	execute(t, s, `ALTER TABLE callvault.ids SET (autovacuum_enabled = off)`)
	execute(t, s, `INSERT INTO callvault.companies VALUES ('default', 200000)`)
	execute(t, s, `INSERT INTO callvault.documents
		SELECT 'default', i / 4 * 1000000::bigint, lpad(i::text, 20, '0'), lpad((1 + (i = 100000)::int)::text, 20, '0'), '{"id":"1"}', i, 0
		FROM generate_series(1, 200000) AS i`)
	execute(t, s, `INSERT INTO callvault.names SELECT company, 1, 1, workspace, count(*), 2000000 FROM callvault.documents WHERE workspace = lpad('1', 20, '0') GROUP BY 1, 4`)
	execute(t, s, `INSERT INTO callvault.facts SELECT company, time, id, 0, 0, convert_to(repeat('r', 1984), 'UTF8'), convert_to(repeat('t', 1900), 'UTF8') FROM callvault.documents WHERE number % 62 = 0`)
	execute(t, s, `INSERT INTO callvault.ids SELECT company, id, number, time, workspace FROM callvault.documents`)
	execute(t, s, filled.Replace(`INSERT INTO callvault.counts SELECT company, w, level, time / ({width}::bigint * ratio), count(*), 0, 0
		FROM callvault.documents, (VALUES {ratios}) AS l (level, ratio), LATERAL (VALUES (''), (workspace)) AS v (w) GROUP BY 1, 2, 3, 4`))
}

func execute(t testing.TB, s *Store, statement string) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// explain is the generic plan of a statement: the one that serves whatever the
// parameters are.
func explain(t *testing.T, s *Store, query, types string, args int) string {
	t.Helper()
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	nulls := strings.TrimSuffix(strings.Repeat("NULL, ", args), ", ")
	for _, statement := range []string{
		`SET plan_cache_mode = force_generic_plan`,
		fmt.Sprintf(`SET enable_sort = %t`, query != changesSQL && query != factsInSQL && query != recordsInSQL),
		`DEALLOCATE ALL`,
		fmt.Sprintf(`PREPARE plan (%s) AS %s`, types, query),
	} {
		if _, err := conn.Exec(t.Context(), statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := conn.Query(t.Context(), fmt.Sprintf(`EXPLAIN (COSTS OFF) EXECUTE plan (%s)`, nulls), pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// plansOfWrites is what the server says of the statements within the functions
// that write, as they are run.
func plansOfWrites(t *testing.T, s *Store) map[string]string {
	t.Helper()
	config := s.pool.Config().ConnConfig
	var notices strings.Builder
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices.WriteString(n.Message + "\n") }
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, statement := range []string{
		`LOAD 'auto_explain'`, `SET auto_explain.log_min_duration = 0`, `SET auto_explain.log_nested_statements = on`,
		`SET auto_explain.log_level = notice`, `SELECT callvault.make_company('default')`,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	found := make(map[string]string)
	for name, run := range map[string]struct {
		query string
		args  []any
	}{
		"put":    {writeSQL, []any{"default", []string{key(5), key(6)}, []int64{7, 8}, []string{"", key(2)}, []string{"{}", "{}"}, []int64{1, 2}}},
		"facts":  {factsOfSQL, []any{"default", []int64{7}, []string{key(5)}, []string{key(6)}}},
		"delete": {burySQL, []any{"default", []string{key(9), key(10)}, []int64{3, 4}}},
	} {
		notices.Reset()
		if _, err := conn.Exec(t.Context(), run.query, run.args...); err != nil {
			t.Fatal(name, err)
		}
		if !scans.MatchString(notices.String()) {
			t.Errorf("%s: the plans are missing from %s", name, notices.String())
		}
		found[name] = notices.String()
	}
	return found
}

func key(n int) string { return fmt.Sprintf("%020d", n) }

// The bounds of a total are as many as its parameters.
func TestBounds(t *testing.T) {
	if got := firstBound - 1 + len(bounds(callvault.AllTime)); got != 32 || !strings.Contains(firstSQL, "$32") || strings.Contains(firstSQL, "$33") {
		t.Errorf("%d parameters", got)
	}
}
