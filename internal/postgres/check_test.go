//go:build unix

package postgres

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// Whatever is wrong beside the calls is found, and made right so that nothing is
// found any more; calls that are there stay.
func TestCheckAndRepair(t *testing.T) {
	for _, tt := range []struct {
		name, damage string
		found, done  string
		calls        int
	}{
		{"a count that is too high", `UPDATE callvault.counts SET calls = calls + 1 WHERE level = 1 AND workspace = ''`, "of level 1 of workspace '' counts 11 calls and has 10", "1 counts were wrong", 10},
		{"a count that is missing", `DELETE FROM callvault.counts WHERE level = 0 AND workspace <> ''`, "counts 0 calls and has 10", "1 counts were wrong", 10},
		{"a count of nothing", `INSERT INTO callvault.counts VALUES ('default', '', 2, 99, 5)`, "bucket 99 of level 2 of workspace '' counts 5 calls and has 0", "1 counts were of no calls", 10},
		{"an id that is missing", `DELETE FROM callvault.ids WHERE number = 4`, "stands at no place that its id knows", "gave 1 calls their ids back", 10},
		{"an id that looks elsewhere", `UPDATE callvault.ids SET time = time + 1 WHERE number = 4`, "stands for a call that is not there", "gave 1 calls their ids back", 10},
		{"an id that looks into another workspace", `UPDATE callvault.ids SET workspace = '' WHERE number = 4`, "stands at no place that its id knows", "gave 1 calls their ids back", 10},
		{"a document that is missing", `DELETE FROM callvault.documents WHERE time = 4`, "stands for a call that is not there", "made tombstones of 1 ids", 9},
		{"a call that stands twice", `INSERT INTO callvault.documents SELECT company, time + 100, id, workspace, document FROM callvault.documents WHERE time = 4`, "stands at no place that its id knows", "removed 1 calls", 10},
		{"a call that stands twice and whose id is lost", `WITH d AS (DELETE FROM callvault.ids WHERE number = 5) INSERT INTO callvault.documents SELECT company, time + 100, id, workspace, document FROM callvault.documents WHERE time = 4`, "stands at no place that its id knows", "removed 1 calls", 10},
		{"a number that is there twice", `UPDATE callvault.ids SET number = 3 WHERE number = 4`, "number 3 is that of 2 ids", "gave 1 ids numbers of their own", 10},
		{"a counter that is behind", `UPDATE callvault.companies SET number = 7`, "the latest number is 7, and that of its ids 10", "set the latest number of 1 companies", 10},
		{"everything", `TRUNCATE callvault.counts, callvault.ids`, "counts 0 calls", "gave 10 calls their ids back", 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, database(t))
			batch := make([]callvault.Call, 10)
			for i := range batch {
				batch[i] = callvault.Call{Time: callvault.Time(i), Document: []byte("{}")}
				copy(batch[i].ID[:], fmt.Sprintf("%020d", i+1))
				copy(batch[i].Workspace[:], fmt.Sprintf("%020d", 7))
			}
			if _, err := s.Calls("default").Put(t.Context(), callvault.NewBatch(batch)); err != nil {
				t.Fatal(err)
			}
			execute(t, s, tt.damage)
			if found := told(t, s.Check); !strings.Contains(found, tt.found) {
				t.Errorf("found %s, want %s", found, tt.found)
			}
			if done := told(t, s.Repair); !strings.Contains(done, tt.done) {
				t.Errorf("did %s, want %s", done, tt.done)
			}
			if found := told(t, s.Check); found != "" {
				t.Errorf("after the repair: %s", found)
			}
			all := callvault.Query{Range: callvault.AllTime}
			if n, err := s.Calls("default").Count(t.Context(), all); n != tt.calls || err != nil {
				t.Errorf("counts %d calls, %v, want %d", n, err, tt.calls)
			}
		})
	}
}

// A check and a repair of a sound store read each row a few times, however many
// there are, and whatever the server knows of the tables: none compares each count
// with each call.
func TestCheckAndRepairAreLinear(t *testing.T) {
	const calls = 3000
	for _, statistics := range []string{"without statistics", "with statistics"} {
		t.Run(statistics, func(t *testing.T) {
			s := open(t, database(t))
			batch := make([]callvault.Call, calls)
			for i := range batch {
				batch[i] = callvault.Call{Time: callvault.Time(i) << 28, Document: []byte("{}")} // each in a bucket of its own
				copy(batch[i].ID[:], key(i+1))
				copy(batch[i].Workspace[:], key(1+i%2))
			}
			if _, err := s.Calls("default").Put(t.Context(), callvault.NewBatch(batch)); err != nil {
				t.Fatal(err)
			}
			if statistics == "with statistics" {
				execute(t, s, `ANALYZE callvault.documents, callvault.ids, callvault.counts, callvault.companies`)
			}
			for _, query := range checks {
				checkWork(t, s, 100*calls, query)
			}
			for _, repair := range repairs {
				checkWork(t, s, 100*calls, repair.query, "default")
			}
		})
	}
}

// checkWork runs a statement and reports it when its plan's nodes met more than
// some rows, all together.
func checkWork(t *testing.T, s *Store, most float64, query string, args ...any) {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) `+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%v: %s", err, query)
	}
	met, loops := 0.0, 1.0
	for _, line := range lines {
		var n float64
		if found := work.FindStringSubmatch(line); found != nil {
			n, _ = strconv.ParseFloat(found[1], 64)
			loops, _ = strconv.ParseFloat(found[2], 64)
		} else if found := removed.FindStringSubmatch(line); found != nil {
			n, _ = strconv.ParseFloat(found[1], 64)
		}
		met += n * loops
	}
	if met > most || met == 0 {
		t.Errorf("%.0f rows were met, want at most %.0f:\n%s", met, most, strings.Join(lines, "\n"))
	}
}

var (
	work    = regexp.MustCompile(`\(actual rows=(\d+(?:\.\d+)?) loops=(\d+)\)`)
	removed = regexp.MustCompile(`Rows Removed by (?:Join )?Filter: (\d+)`)
)

// A repair of a store in which nothing is wrong, or of another company, keeps no
// writer waiting.
func TestRepairLocksWhatIsWrong(t *testing.T) {
	s := open(t, database(t))
	for _, company := range []string{"sound", "wrong"} {
		if _, err := s.Calls(company).Put(t.Context(), sample(t, 3)); err != nil {
			t.Fatal(err)
		}
	}
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if _, err := tx.Exec(t.Context(), lockCompanySQL, "sound"); err != nil {
		t.Fatal(err)
	}
	if done := told(t, s.Repair); done != "" {
		t.Errorf("did %s in a sound store", done)
	}
	execute(t, s, `UPDATE callvault.companies SET number = 1 WHERE company = 'wrong'`)
	if done, want := told(t, s.Repair), "set the latest number of 1 companies"; done != want {
		t.Errorf("did %q, want %q", done, want)
	}
}

// told is what a check or a repair reports.
func told(t *testing.T, run func(context.Context, func(string)) error) string {
	t.Helper()
	var lines []string
	if err := run(t.Context(), func(line string) { lines = append(lines, line) }); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
