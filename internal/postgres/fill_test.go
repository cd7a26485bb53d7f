//go:build unix

package postgres

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/storetest"
)

const (
	oldPutSQL    = `SELECT callvault.put_batch($1, $2, $3, $4, $5)`
	oldDeleteSQL = `SELECT callvault.delete_calls($1, $2)`
	oldKeySQL    = `INSERT INTO callvault.keys VALUES ('K', 'basic', 'acme', 'a b', $1, 5000000, 6000000, NULL)`
	oldCountSQL  = `SELECT coalesce(sum(calls), 0) FROM callvault.counts WHERE company = $1 AND workspace = '' AND level = 0`
)

// oldStore makes a store of schema 2, in which calls were written, changed, moved and
// deleted: a connection to it, and the calls that are there.
func oldStore(t *testing.T, url string) (*pgx.Conn, []callvault.Call) {
	t.Helper()
	script, err := os.ReadFile("testdata/schema2.sql")
	if err != nil {
		t.Fatal(err)
	}
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.WithoutCancel(t.Context())) })
	var calls []callvault.Call
	for i, at := range []callvault.Time{-9e15, -1, 0, 1, 3e8 - 1, 3e8, 5e15} {
		calls = append(calls, storetest.Sample{ID: string('1' + rune(i)), Time: at, Workspace: []string{"", "7"}[i%2], Title: strings.Repeat("t", 99*i)}.Call(t))
	}
	moved := slices.Clone(calls)
	moved[2].Time, moved[3].Workspace, moved[4].Document = 7e14, moved[0].Workspace, []byte(`{"id":"5"}`)
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{`CREATE SCHEMA callvault`, nil},
		{string(script), nil},
		{makeSchemaSQL, nil},
		{setVersionSQL, []any{2, 2}},
		{makeStoreSQL, []any{[]byte("a store"), []byte("a secret"), []byte("keys")}},
		{`SELECT callvault.make_company('empty')`, nil},
		{oldPutSQL, oldBatch("acme", calls)},
		{oldPutSQL, oldBatch("acme", moved)},
		{oldPutSQL, oldBatch("other", calls[:1])},
		{oldDeleteSQL, []any{"acme", []string{calls[6].ID.Key()}}},
		{oldKeySQL, []any{make([]byte, 32)}},
	} {
		if _, err := c.Exec(t.Context(), statement.sql, statement.args...); err != nil {
			t.Fatalf("%.80s: %v", statement.sql, err)
		}
	}
	return c, moved[:6]
}

// oldBatch is the arguments of oldPutSQL.
func oldBatch(company string, calls []callvault.Call) []any {
	var ids, workspaces, documents []string
	var times []int64
	for _, c := range callvault.NewBatch(slices.Clone(calls)).Calls() {
		ids, times = append(ids, c.ID.Key()), append(times, int64(c.Time))
		workspaces, documents = append(workspaces, c.Workspace.Key()), append(documents, string(c.Document))
	}
	return []any{company, ids, times, workspaces, documents}
}

// A store of schema 2 is brought up to date: its calls, their numbers and keys stay,
// and everything beside them is right. What an older program that still runs would count
// wrongly, it is refused.
func TestOldStoreIsBroughtUpToDate(t *testing.T) {
	url := database(t)
	old, want := oldStore(t, url)
	s := open(t, url)
	if found := told(t, s.Check); found != "" {
		t.Errorf("found %s", found)
	}
	calls := s.Calls("acme")
	var got []callvault.Call
	var numbers []int64
	err := calls.Changes(t.Context(), 0, -1, func(r callvault.Record) error {
		numbers = append(numbers, r.Number)
		if !r.Deleted {
			r.Document = bytes.Clone(r.Document)
			got = append(got, r.Call)
		}
		return nil
	})
	slices.SortFunc(got, func(a, b callvault.Call) int { return a.ID.Compare(b.ID) })
	if diff := cmp.Diff(want, got); diff != "" || err != nil || !slices.Equal(numbers, []int64{1, 2, 6, 8, 9, 10}) {
		t.Errorf("numbers %v, %v, calls (-want +got):\n%s", numbers, err, diff)
	}
	whole := callvault.Query{Range: callvault.Range{From: -1, To: 3e8 + 1}}
	if n, err := calls.Count(t.Context(), whole); n != 4 || err != nil {
		t.Errorf("counts %d, %v", n, err)
	}
	keys, _, err := s.Keys(t.Context(), callvault.KeysVersion{})
	wantKey := callvault.Key{ID: "K", Kind: callvault.BasicKey, Company: "acme", Scopes: []callvault.Scope{"a", "b"},
		Created: time.Unix(5, 0).UTC(), Expires: time.Unix(6, 0).UTC()}
	if diff := cmp.Diff([]callvault.Key{wantKey}, keys); diff != "" || err != nil {
		t.Errorf("keys, %v (-want +got):\n%s", err, diff)
	}
	for _, company := range []string{"acme", "other", "empty"} {
		if lines := timelines(t, s.Calls(company)); len(lines) != 1 || lines[0].From != 0 {
			t.Errorf("company %s has the timelines %v", company, lines)
		}
	}
	if _, err := calls.Put(t.Context(), sample(t, 3)); err != nil {
		t.Error(err)
	}
	if lines := timelines(t, calls); len(lines) != 1 {
		t.Errorf("after a write there are the timelines %v", lines)
	}
	if _, err := old.Exec(t.Context(), oldCountSQL, "acme"); err == nil {
		t.Error("an older program counts")
	}
	if _, err := old.Exec(t.Context(), oldPutSQL, oldBatch("acme", want)...); err == nil {
		t.Error("an older program writes")
	}
}

// A store of schema 4 gets the names and facts of its calls, and one of schema 6 the facts, all or
// none. What an older program that still runs would write without facts, it is refused.
func TestNamesAndFactsAreFilled(t *testing.T) {
	const toSchema6 = `DROP TABLE callvault.facts; DROP FUNCTION callvault.open_company, callvault.facts_of, callvault.set_facts, callvault.numbers_of, callvault.write_calls, callvault.bury_calls, callvault.withhold_calls, callvault.load_calls;
		CREATE FUNCTION callvault.put_batch(text, text[], bigint[], text[], text[], bigint[]) RETURNS bigint[] LANGUAGE sql AS 'SELECT NULL::bigint[]';
		CREATE FUNCTION callvault.put_calls(text, text[], bigint[], text[], text[], bigint[]) RETURNS bigint[] LANGUAGE sql AS 'SELECT NULL::bigint[]';
		CREATE FUNCTION callvault.remove_calls(text, text[], bigint[]) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
		CREATE FUNCTION callvault.delete_calls(text, text[], bigint[]) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
		CREATE FUNCTION callvault.load_records(text, bigint[], text[], bigint[], text[], text[], bigint[]) RETURNS boolean LANGUAGE sql AS 'SELECT true';`
	for version, was := range map[int]struct {
		before string
		steps  []string
	}{
		4: {toSchema6 + `DROP TABLE callvault.names, callvault.mirrors, callvault.mirror_values, callvault.apart;
			DROP FUNCTION callvault.add_names, callvault.is_awaited, callvault.refuse_mirrored, callvault.stand_apart, callvault.meet_apart`,
			[]string{filledNamesSQL, addNamesSQL, setFactsSQL, setVersionSQL}},
		6: {toSchema6, []string{numbersSQL, factsOfSQL, setFactsSQL, setVersionSQL}},
	} {
		t.Run(fmt.Sprint("schema ", version), func(t *testing.T) {
			url := database(t)
			s := open(t, url)
			batch := make([]callvault.Call, fillAtOnce+10)
			for i := range batch {
				batch[i] = storetest.Sample{ID: fmt.Sprint(i), Time: callvault.Time(-i), Host: fmt.Sprint(i % 300), Workspace: "7", System: `a"b`}.Call(t)
			}
			for _, company := range []string{"acme", "other"} {
				var some []callvault.Call
				for i := 0; i < len(batch); i += 3 {
					some = append(some, batch[i])
				}
				for _, put := range [][]callvault.Call{some, slices.Clone(batch)} { // the second into each row of facts
					if _, err := s.Calls(company).Put(t.Context(), callvault.NewBatch(put)); err != nil {
						t.Fatal(err)
					}
				}
				batch = batch[:fillAtOnce]
			}
			if found := told(t, s.Check); found != "" {
				t.Errorf("found %s", found)
			}
			execute(t, s, was.before)
			execute(t, s, fmt.Sprintf(`UPDATE callvault.schema SET version = %d`, version))
			for _, statement := range was.steps {
				if _, err := openAs(t, url, hangUp{statement}, mustPlan(t)); err == nil {
					t.Fatal("the store was opened")
				}
				if now, _, err := schemaVersion(t.Context(), s.pool); err != nil || now != version {
					t.Errorf("the schema is %d, %v", now, err)
				}
			}
			s = open(t, url)
			if found := told(t, s.Check); found != "" {
				t.Errorf("found %s", found)
			}
			older := `SELECT count(*) FROM pg_proc WHERE pronamespace = 'callvault'::regnamespace AND proname IN ('put_batch', 'put_calls', 'remove_calls', 'delete_calls', 'load_records')`
			left := -1
			if err := s.pool.QueryRow(t.Context(), older).Scan(&left); err != nil || left != 0 {
				t.Errorf("%d functions of older programs are left, %v", left, err)
			}
			for _, company := range []string{"acme", "other"} {
				q := callvault.ViewQuery{Query: callvault.Query{Range: callvault.AllTime}, Filter: callvault.Filter{Hosts: []string{"299"}}, Limit: 1}
				if v := storetest.WantView(t, s.Calls(company), q); len(v.Facets[callvault.ByHost]) != 300 || v.Figures.Calls != 16 {
					t.Errorf("%d hosts of %s, of one %d calls", len(v.Facets[callvault.ByHost]), company, v.Figures.Calls)
				}
			}
		})
	}
}

// hangUp ends the connection on which a statement is sent, as kill -9 of the program does.
type hangUp struct{ statement string }

func (h hangUp) TraceQueryStart(ctx context.Context, c *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if data.SQL == h.statement {
		c.PgConn().Conn().Close()
	}
	return ctx
}

func (hangUp) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (h hangUp) TraceBatchStart(ctx context.Context, c *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	for _, query := range data.Batch.QueuedQueries {
		h.TraceQueryStart(ctx, c, pgx.TraceQueryStartData{SQL: query.SQL})
	}
	return ctx
}

func (hangUp) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (hangUp) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// Whatever ends the program in the midst of it leaves the old store, whole.
func TestUpgradeIsAllOrNone(t *testing.T) {
	url := database(t)
	old, calls := oldStore(t, url)
	for _, statement := range []string{unfilledSQL, fillDocumentsSQL, setCountsSQL, filledSQL, setVersionSQL} {
		if _, err := openAs(t, url, hangUp{statement}, mustPlan(t)); err == nil {
			t.Fatal("the store was opened")
		}
		n := 0
		if err := old.QueryRow(t.Context(), oldCountSQL, "acme").Scan(&n); n != 6 || err != nil {
			t.Errorf("the old store counts %d calls, %v", n, err)
		}
		if _, err := old.Exec(t.Context(), oldPutSQL, oldBatch("acme", calls)...); err != nil {
			t.Error(err)
		}
	}
	if found := told(t, open(t, url).Check); found != "" {
		t.Errorf("found %s", found)
	}
}

// A store in which something is missing is not given checksums that say that all is well.
func TestUnsoundStoreIsNotBroughtUpToDate(t *testing.T) {
	url := database(t)
	old, _ := oldStore(t, url)
	if _, err := old.Exec(t.Context(), `DELETE FROM callvault.ids WHERE number = 6`); err != nil {
		t.Fatal(err)
	}
	_, err := openAs(t, url, nil, mustPlan(t))
	if err == nil || !strings.Contains(err.Error(), "call 6 of company acme: its row is malformed; repair the store with the callvault that wrote it") {
		t.Errorf("got %v", err)
	}
}
