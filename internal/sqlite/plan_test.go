package sqlite

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

type plan struct {
	name, query string
	args        []any
	want        []string
}

// plans are the read queries, each with the plan it must have: a search by a
// key, never a scan of a table, never a sort of calls.
var plans = []plan{
	{"total", totalSQL, totalArgs, slices.Concat(
		twice("SEARCH documents USING PRIMARY KEY (company=? AND time>? AND time<?)"), sums,
	)},
	{"total of a workspace", totalWorkspaceSQL, totalArgs, slices.Concat(
		twice("SEARCH documents USING COVERING INDEX documents_by_workspace (company=? AND workspace=? AND time>? AND time<?)"), sums,
	)},
	{"names", namesSQL, []any{int64(1), 0}, []string{
		"SEARCH names USING INDEX sqlite_autoindex_names_2 (company=? AND field=?)",
	}},
	{"hosts", hostsSQL, []any{int64(1), 0}, []string{
		"SEARCH names USING PRIMARY KEY (company=?)",
	}},
	{"a name", nameSQL, []any{int64(1), 0, "7"}, []string{
		"SEARCH names USING INDEX sqlite_autoindex_names_2 (company=? AND field=? AND name=?)",
	}},
	{"a name that is kept", addToNameSQL, []any{1, int64(2), int64(1), int64(3)}, []string{
		"SEARCH names USING PRIMARY KEY (company=? AND number=?)",
	}},
	{"the last name", lastNameSQL, []any{int64(1)}, []string{
		"SEARCH names USING PRIMARY KEY (company=?)",
	}},
	{"the first call of names", fromTimeSQL, []any{int64(1), int64(0)}, []string{
		"SEARCH documents USING PRIMARY KEY (company=? AND time>?)",
	}},
	{"the facts at a position", lastFactsSQL, []any{int64(1), int64(0), workspaceKey(1)}, []string{
		"SEARCH facts USING PRIMARY KEY (company=? AND (time,id)<(?,?))",
	}},
	{"the first facts", firstFactsSQL, []any{int64(1)}, []string{
		"SEARCH facts USING PRIMARY KEY (company=?)",
	}},
	{"the next facts", nextFactsSQL, []any{int64(1), int64(0), workspaceKey(1)}, []string{
		"SEARCH facts USING PRIMARY KEY (company=? AND (time,id)>(?,?))",
	}},
	{"the facts of a range", factsInSQL, []any{int64(1), int64(0), int64(9)}, []string{
		"SEARCH facts USING PRIMARY KEY (company=? AND time>? AND time<?)",
		"SEARCH facts USING PRIMARY KEY (company=? AND time<?)",
	}},
	{"a call of a view", documentSQL, []any{int64(1), int64(0), workspaceKey(1)}, []string{
		"SEARCH documents USING PRIMARY KEY (company=? AND time=? AND id=?)",
	}},
	{"find", findSQL, []any{int64(1), workspaceKey(1)}, []string{
		"SEARCH i USING PRIMARY KEY (company=? AND id=?)",
		"SEARCH d USING PRIMARY KEY (company=? AND time=? AND id=?) LEFT-JOIN",
	}},
	{"changes", changesSQL, []any{int64(1), int64(0), -1}, []string{
		"SEARCH i USING COVERING INDEX ids_by_number (company=? AND number>?)",
		"SEARCH d USING PRIMARY KEY (company=? AND time=? AND id=?) LEFT-JOIN",
	}},
	{"number of records", countRecordsSQL, []any{int64(1)}, []string{
		"SEARCH ids USING COVERING INDEX ids_by_number (company=?)",
	}},
	{"workspaces", workspacesSQL, []any{int64(1)}, []string{
		"CO-ROUTINE w", "SETUP", "RECURSIVE STEP", "SCAN w", "CORRELATED SCALAR SUBQUERY 2",
		"SEARCH counts USING PRIMARY KEY (company=? AND workspace>?)",
		"SCAN w", "SEARCH c EXISTS USING PRIMARY KEY (company=? AND workspace=? AND level=?)",
	}},
	{"density of a workspace", densitySQL, []any{int64(1), workspaceKey(1), 1, int64(0)}, []string{
		"SEARCH w USING PRIMARY KEY (company=? AND workspace=? AND level=? AND bucket=?)",
		"SEARCH c USING PRIMARY KEY (company=? AND workspace=? AND level=? AND bucket=?)",
	}},
	{"buckets with calls", filledSQL, []any{int64(1), "", int64(0), int64(9)}, []string{
		"SEARCH counts USING PRIMARY KEY (company=? AND workspace=? AND level=? AND bucket>? AND bucket<?)",
	}},
	{"all documents with their ids", walkSQL, []any{int64(1)}, []string{
		"SEARCH d USING PRIMARY KEY (company=?)",
		"SEARCH i USING PRIMARY KEY (company=? AND id=?) LEFT-JOIN",
	}},
	{"upstream of a mirror", upstreamSQL, []any{int64(1)}, []string{
		"SEARCH mirrors USING INTEGER PRIMARY KEY (rowid=?)",
	}},
	{"values of a mirror", valuesSQL, []any{int64(1), "a", "b"}, []string{
		"SEARCH mirror_values USING PRIMARY KEY (company=? AND key>? AND key<?)",
	}},
	{"weight", weightSQL, []any{int64(1), int64(0), int64(9)}, []string{
		"SEARCH apart USING COVERING INDEX apart_by_counted (company=? AND counted>? AND counted<?)",
		"SEARCH apart USING COVERING INDEX apart_by_here (company=? AND here>? AND here<?)",
	}},
	{"companies", companiesSQL, nil, []string{
		"SCAN companies USING COVERING INDEX sqlite_autoindex_companies_1", // the few there are
	}},
	{"a key", findKeySQL, []any{int64(1), "K"}, []string{
		"SEARCH keys USING PRIMARY KEY (id=?)",
		"CORRELATED SCALAR SUBQUERY 1",
		"SEARCH c USING INTEGER PRIMARY KEY (rowid=?)",
	}},
	{"use of a key", useKeySQL, []any{int64(1), "K", 1}, []string{
		"SEARCH keys USING PRIMARY KEY (id=?)",
	}},
	{"version of the keys", keysVersionSQL, nil, []string{"SCAN store"}}, // of one row
	{"cursor secret", cursorSecretSQL, nil, []string{"SCAN store"}},
	{"company", companySQL, []any{"default"}, []string{
		"SEARCH companies USING COVERING INDEX sqlite_autoindex_companies_1 (name=?)",
	}},
	{"number", lastNumberSQL, []any{int64(1)}, []string{
		"SEARCH companies USING INTEGER PRIMARY KEY (rowid=?)",
	}},
	{"keys", allKeysSQL, nil, []string{
		"SCAN keys", // those that are there, when they have changed
		"CORRELATED SCALAR SUBQUERY 1",
		"SEARCH c USING INTEGER PRIMARY KEY (rowid=?)",
	}},
	{"an entry", entrySQL, []any{int64(1), "users", workspaceKey(1)}, []string{
		"SEARCH directory USING PRIMARY KEY (company=? AND kind=? AND id=?)",
	}},
	{"entries", entriesSQL, []any{int64(1), "users", "", -1}, []string{
		"SEARCH directory USING PRIMARY KEY (company=? AND kind=? AND id>?)",
	}},
	{"all entries", allEntriesSQL, []any{int64(1)}, []string{
		"SEARCH directory USING PRIMARY KEY (company=?)",
	}},
	{"number of entries", countEntriesSQL, []any{int64(1), "users"}, []string{
		"SEARCH directory USING PRIMARY KEY (company=? AND kind=?)",
	}},
	{"quota", usedQuotaSQL, []any{int64(1), int64(20000)}, []string{
		"SEARCH quotas USING PRIMARY KEY (company=? AND day=?)",
	}},
}

// wayPlans are those of the queries of scans.
func init() {
	for _, w := range []struct {
		name        string
		way         way
		rows, exact string // what the rows are searched by
	}{
		{"forward", forward, "time>? AND time<?", "(time,id)>(?,?) AND time<?"},
		{"backward", backward, "time>? AND time<?", "time>? AND (time,id)<(?,?)"},
		{"forward in a workspace", forwardInWorkspace, "time>? AND time<?", "(time,id)>(?,?) AND time<?"},
		{"backward in a workspace", backwardInWorkspace, "time>? AND time<?", "time>? AND (time,id)<(?,?)"},
		{"forward among all", forwardAmongAll, "time>? AND time<?", "(time,id)>(?,?) AND time<?"},
		{"backward among all", backwardAmongAll, "time>? AND time<?", "time>? AND (time,id)<(?,?)"},
	} {
		of, i, covering, join := "company=?", "documents", "PRIMARY KEY", []string{}
		if strings.Contains(w.name, "workspace") {
			of, i, covering = "company=? AND workspace=?", "i", "COVERING INDEX documents_by_workspace"
			join = []string{"SEARCH d USING PRIMARY KEY (company=? AND time=? AND id=?) LEFT-JOIN"}
		}
		search := func(table, by string) string {
			return fmt.Sprintf("SEARCH %s USING %s (%s AND %s)", table, covering, of, by)
		}
		plans = append(plans,
			plan{w.name + ": rows", w.way.rows, scanArgs, append([]string{search(i, w.rows)}, join...)},
			plan{w.name + ": exact", w.way.exact, scanArgs, append([]string{search(i, w.exact)}, join...)},
		)
	}
}

var scanArgs = []any{int64(1), workspaceKey(1), int64(0), "", int64(1) << 62, 101}

var totalArgs = append([]any{int64(1), workspaceKey(1)}, slices.Repeat([]any{int64(0), int64(1) << 40}, 7)...)

func twice(line string) []string { return []string{line, line} }

// sums is the plan of the sums of buckets.
var sums = slices.Repeat([]string{"SEARCH counts USING PRIMARY KEY (company=? AND workspace=? AND level=? AND bucket>? AND bucket<?)"}, 5)

func workspaceKey(n int) string { return fmt.Sprintf("%020d", n) }

// fillSkewed fills a store whose statistics tempt the planner: nearly all
// calls are in one workspace, one call is in another, many share an instant.
func fillSkewed(t testing.TB, s *Store) {
	t.Helper()
	const n = 5_000
	calls := make([]callvault.Call, n)
	for i := range calls {
		calls[i] = callvault.Call{
			ID:        mustID(t, fmt.Sprint(i+1)),
			Time:      callvault.Time(i/4) * 1_000_000,
			Workspace: mustID(t, "1"),
			Document:  []byte(`{"id":"1"}`),
		}
	}
	calls[n/2].Workspace = mustID(t, "2")
	if _, err := s.Calls("default").Put(t.Context(), callvault.NewBatch(calls)); err != nil {
		t.Fatal(err)
	}
}

func mustID(t testing.TB, digits string) callvault.ID {
	t.Helper()
	id, err := callvault.ParseID(digits)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// onWriter runs f on the store's connection for writing.
func (s *Store) onWriter(f func(*conn) error) error {
	c := <-s.writer
	defer func() { s.writer <- c }()
	return f(c)
}

// ofAMillion are the statistics of a million calls of which one is in a
// workspace of its own: rows in all, then on average to a company, and so on.
const ofAMillion = `
	UPDATE sqlite_stat1 SET stat = '1000000 1000000 4 1' WHERE idx = 'documents';
	UPDATE sqlite_stat1 SET stat = '1000000 1000000 500000 4 1' WHERE idx = 'documents_by_workspace';`

func TestPlans(t *testing.T) {
	filled := filepath.Join(t.TempDir(), "filled.db")
	s := open(t, filled)
	fillSkewed(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for statistics, script := range map[string]string{
		"without statistics":                 "",
		"with statistics":                    "ANALYZE",
		"with the statistics of a million":   "ANALYZE;" + ofAMillion,
		"with the statistics of few":         "ANALYZE; UPDATE sqlite_stat1 SET stat = '10 10 1 1 1'",
		"with statistics that are long gone": "ANALYZE; DELETE FROM sqlite_stat1",
	} {
		t.Run(statistics, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "plans.db")
			copyFile(t, path, filled)
			err := open(t, path).onWriter(func(c *conn) error { return c.script(script) })
			if err != nil {
				t.Fatal(err)
			}
			s := open(t, path) // statistics are read when a connection is opened
			for _, p := range plans {
				t.Run(p.name, func(t *testing.T) {
					var got []string
					err := s.onWriter(func(c *conn) error {
						return c.each(func(st *stmt) error {
							if step := st.ColumnText(3); !strings.HasPrefix(step, "SCALAR SUBQUERY") && step != "SCAN CONSTANT ROW" {
								got = append(got, step)
							}
							return nil
						}, "EXPLAIN QUERY PLAN "+p.query, p.args...)
					})
					if err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(got, p.want) {
						t.Errorf("plan\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(p.want, "\n\t"))
					}
				})
			}
		})
	}
}
