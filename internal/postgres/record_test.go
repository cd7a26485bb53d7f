//go:build unix

package postgres

import (
	"context"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// distributed are the tables that a cluster distributes by company.
const distributed = `callvault\.(companies|documents|ids|counts|names|facts|timelines|quotas|seconds|mirrors|mirror_values|apart)\b`

var (
	touches = regexp.MustCompile(distributed)

	// functions have the company as their first argument; what they do with it is
	// checked by TestFunctionsNameTheCompany.
	function = regexp.MustCompile(`^SELECT callvault\.(make_company|is_awaited|begin_timeline|add_names|open_company|set_facts|numbers_of|write_calls|bury_calls|withhold_calls|load_calls|meet_apart|stand_apart|take_quota|take_second)\(\$1(, \$\d)*\)$`)
)

// recorder keeps every statement that connections are given.
type recorder struct {
	mu         sync.Mutex
	statements map[string]bool
}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statements[data.SQL] = true
	return ctx
}

func (r *recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	for _, query := range data.Batch.QueuedQueries {
		r.TraceQueryStart(ctx, nil, pgx.TraceQueryStartData{SQL: query.SQL})
	}
	return ctx
}

func (r *recorder) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (r *recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// check reports the statements of distributed tables that look at more than one
// company: on a cluster each is to be one shard's. The few others stand in
// whole.go and check.go, with their reasons.
func (r *recorder) check(t *testing.T) {
	for _, step := range mustPlan(t).steps { // a new store's, which no law asks
		for _, statement := range statements(step.script) {
			delete(r.statements, statement)
		}
	}
	seen := 0
	for statement := range r.statements {
		switch {
		case strings.Contains(statement, "CREATE TABLE"): // of the schema's version
		case strings.HasPrefix(statement, "SELECT callvault."):
			seen++
			if !function.MatchString(statement) {
				t.Errorf("a function is not all that is selected, or its first argument is not the company: %s", statement)
			}
		case touches.MatchString(statement):
			seen++
			checkCompany(t, "a law", statement, "$1")
			if strings.Contains(statement, ";") {
				t.Errorf("a cluster takes one statement at a time: %s", statement)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d statements of distributed tables were recorded", seen)
	}
}

// exceptions are the statements that look at every company: none of a check or a repair is.
var exceptions = slices.Concat([]string{companiesSQL, usedQuotasSQL, vacuumSQL, resetNumbersSQL, forkSQL, filledSQL}, emptySQL)

// checkCompany reports a statement in which a mention of a distributed table is
// not bound to the company.
func checkCompany(t *testing.T, where, statement, company string) {
	t.Helper()
	if slices.Contains(exceptions, statement) {
		return
	}
	mentions := len(touches.FindAllString(statement, -1))
	c := regexp.QuoteMeta(company)
	bound := regexp.MustCompile(
		`company = `+c+`(\W|$)`+ // compared
			`|(?s:`+distributed+`( AS \w+)? \(company[^)]*\)\s+(VALUES \(|SELECT )`+c+`)`, // inserted
	).FindAllString(statement, -1)
	if len(bound) < mentions {
		t.Errorf("%s: %d of %d distributed tables are bound to the company in\n%s", where, len(bound), mentions, statement)
	}
}

// TestFunctionsNameTheCompany checks the same of the statements within functions,
// and that each writes to one table and subscripts no array: Citus takes no others,
// and ends with the worker's process where an array is subscripted.
func TestFunctionsNameTheCompany(t *testing.T) {
	s := open(t, database(t))
	rows, err := s.pool.Query(t.Context(), `SELECT proname::text, prosrc, proargnames[1] FROM pg_proc WHERE pronamespace = 'callvault'::regnamespace`)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	var name, body, first string
	_, err = pgx.ForEachRow(rows, []any{&name, &body, &first}, func() error {
		found++
		if first != "the_company" {
			t.Errorf("the first argument of %s is %s", name, first)
		}
		body = strings.ReplaceAll(body, "'callvault.companies'::regclass", "") // the table's number, and none of its rows
		for _, statement := range strings.Split(body, ";") {
			checkCompany(t, name, statement, "the_company")
			if writes := writing.FindAllString(statement, -1); len(writes) > 1 {
				t.Errorf("%s writes to several tables (%v) in\n%s", name, writes, statement)
			}
			if touches.MatchString(statement) && subscript.MatchString(statement) {
				t.Errorf("%s subscripts an array in\n%s", name, statement)
			}
		}
		return nil
	})
	if err != nil || found < 6 {
		t.Errorf("%d functions, %v", found, err)
	}
}

// subscript finds an element of an array or a slice, and not the type of one.
var subscript = regexp.MustCompile(`[\w)\]]\s*\[\s*[^\]\s]`)

var writing = regexp.MustCompile(`(INSERT INTO|UPDATE|DELETE FROM) callvault\.\w+`)

// TestUniqueKeysHaveTheCompany: a unique key of a distributed table must contain
// the column that it is distributed by.
func TestUniqueKeysHaveTheCompany(t *testing.T) {
	s := open(t, database(t))
	rows, err := s.pool.Query(t.Context(), `
		SELECT c.relname::text, i.indexrelid::regclass::text, EXISTS (
			SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'company' AND a.attnum = ANY (i.indkey::int2[]))
		FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
		WHERE c.relnamespace = 'callvault'::regnamespace AND (i.indisunique OR i.indisexclusion)`)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	var table, index string
	var has bool
	_, err = pgx.ForEachRow(rows, []any{&table, &index, &has}, func() error {
		if !touches.MatchString("callvault." + table) {
			return nil
		}
		tables = append(tables, table)
		if !has {
			t.Errorf("the unique index %s of %s has not the company", index, table)
		}
		return nil
	})
	slices.Sort(tables)
	tables = slices.Compact(tables)
	if want := []string{"apart", "companies", "counts", "documents", "facts", "ids", "mirror_values", "mirrors", "names", "quotas", "seconds", "timelines"}; err != nil || !slices.Equal(tables, want) {
		t.Errorf("unique keys of %v, %v, want %v", tables, err, want)
	}
}

// likeCitus are functions that take what those of the extension take. A table that
// is not logged is refused: its shards, and those beside them, could not be moved.
const likeCitus = `
	CREATE TABLE pg_dist_partition (logicalrelid regclass);
	CREATE FUNCTION create_distributed_table(name regclass, by text, colocate_with text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		IF (SELECT relpersistence FROM pg_class WHERE oid = name) <> 'p' THEN
			RAISE '% is not logged', name;
		END IF;
	END $$;
	CREATE FUNCTION create_distributed_function(name regprocedure, by text DEFAULT NULL, colocate_with text DEFAULT NULL)
	RETURNS void LANGUAGE sql AS '';
	CREATE FUNCTION citus_total_relation_size(name regclass) RETURNS bigint LANGUAGE sql AS 'SELECT 1';
	CREATE FUNCTION relation_is_a_known_shard(name regclass) RETURNS boolean LANGUAGE sql AS 'SELECT false';`

// The script runs, and distributes no table that is not logged.
func TestCitusScriptRuns(t *testing.T) {
	script, err := os.ReadFile(citusScript)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := open(t, database(t)).pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	for _, statements := range []string{likeCitus, string(script)} {
		if _, err := tx.Exec(t.Context(), statements); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCitusScript checks what can be checked without the extension: the script
// distributes these tables, and the functions that it names are there.
func TestCitusScript(t *testing.T) {
	script, err := os.ReadFile(citusScript)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"apart", "companies", "counts", "documents", "facts", "ids", "mirror_values", "mirrors", "names", "quotas", "seconds", "timelines"} {
		if !strings.Contains(string(script), "'"+table+"'") {
			t.Errorf("%s is not distributed", table)
		}
	}
	s := open(t, database(t))
	named := make(map[string]bool)
	for _, match := range regexp.MustCompile(`(?:FUNCTION |function\(')(callvault\.\w+\([^)]*\))`).FindAllStringSubmatch(string(script), -1) {
		named[match[1]] = true
		execute(t, s, `SELECT '`+match[1]+`'::regprocedure`)
	}
	var functions int
	if err := s.pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_proc WHERE pronamespace = 'callvault'::regnamespace`).Scan(&functions); err != nil || functions != len(named) {
		t.Errorf("the script names %d of %d functions, %v", len(named), functions, err)
	}
}

// Scripts are cut between statements, and not in comments or in bodies of functions.
func TestStatements(t *testing.T) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(names) < 4 {
		t.Fatalf("%v, %v", names, err)
	}
	begins := regexp.MustCompile(`^(\s*(--.*\n)?)*([A-Z]+ |$)`)
	for _, name := range names {
		script, err := migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range statements(string(script)) {
			if !begins.MatchString(statement) || strings.Count(statement, "$$")%2 != 0 {
				t.Errorf("%s: a statement is\n%s", name, statement)
			}
		}
	}
}
