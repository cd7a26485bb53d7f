//go:build unix

package postgres

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// What is wrong in a column that only this engine has is found and made right too.
func TestCheckAndRepair(t *testing.T) {
	for _, tt := range []struct{ damage, found, done string }{
		{`UPDATE callvault.counts SET total = total + 1 WHERE level = 1 AND workspace = ''`, "from 1970-01-01T00:00:00Z to 1970-01-01T04:00:00Z: 11 calls counted, but 10 found", "corrected 1 counts"},
		{`INSERT INTO callvault.counts VALUES ('default', '', 2, 99, 5, 7, 1)`, "5 calls counted, but 0 found", "corrected 1 counts"},
		{`UPDATE callvault.ids SET workspace = '' WHERE number = 4`, "call 4 is not where the table ids has it", "restored the ids of 1 calls"},
		{`UPDATE callvault.ids SET checksum = NULL WHERE time IS NULL`, "the tombstone of call 11 is damaged: its row is malformed", "removed 1 damaged tombstones"},
	} {
		t.Run(tt.damage, func(t *testing.T) {
			t.Parallel()
			s := open(t, database(t))
			calls := s.Calls("default")
			if _, err := calls.Put(t.Context(), batchOf(10, 1)); err != nil {
				t.Fatal(err)
			}
			tombstone(t, calls)
			execute(t, s, tt.damage)
			if found := told(t, s.Check); !strings.Contains(found, tt.found) {
				t.Errorf("found %s, want %s", found, tt.found)
			}
			if done := repaired(t, s); !strings.Contains(done, tt.done) {
				t.Errorf("did %s, want %s", done, tt.done)
			}
			if found := told(t, s.Check); found != "" {
				t.Errorf("after the repair: %s", found)
			}
		})
	}
}

// A call that stands where it was before and where it is now is believed where it is now.
// One that is as it was before, and nowhere as it is now, was lost.
func TestRepairOfOldRows(t *testing.T) {
	s := open(t, database(t))
	calls := s.Calls("default")
	moved := slices.Clone(batchOf(10, 1).Calls())
	moved[4].Time = 50
	for _, batch := range []callvault.Batch{batchOf(10, 1), callvault.NewBatch(moved)} {
		if _, err := calls.Put(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		execute(t, s, `CREATE TABLE IF NOT EXISTS callvault.kept AS SELECT * FROM callvault.documents`)
	}
	execute(t, s, `INSERT INTO callvault.documents SELECT * FROM callvault.kept WHERE time = 4`)
	err := s.Repair(t.Context(), callvault.NoLoss, func(string) {})
	if found := told(t, s.Check); err != nil || found != "" {
		t.Errorf("after the repair of a call that stood twice: %s, %v", found, err)
	}
	execute(t, s, `DELETE FROM callvault.documents WHERE time = 50; INSERT INTO callvault.documents SELECT * FROM callvault.kept WHERE time = 4`)
	if found := told(t, s.Check); !strings.Contains(found, "the calls differ from those that were last written") {
		t.Errorf("found %s", found)
	}
	if err := s.Repair(t.Context(), callvault.NoLoss, func(string) {}); !errors.Is(err, callvault.ErrLoss) {
		t.Errorf("repaired: %v", err)
	}
	repaired(t, s)
	if found := told(t, s.Check); found != "" {
		t.Errorf("after the loss was accepted: %s", found)
	}
	if n, err := calls.Latest(t.Context()); n != 11 || err != nil {
		t.Errorf("the latest number is %d, %v, and was 11", n, err)
	}
}

// A key that is damaged keeps nobody from revoking another.
func TestRevokeBesideADamagedKey(t *testing.T) {
	s := open(t, database(t))
	for _, id := range []string{"A", "B"} {
		if err := s.AddKey(t.Context(), callvault.Key{ID: id, Kind: callvault.BasicKey, Company: "default"}); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, s, `UPDATE callvault.keys SET scopes = 'everything' WHERE id = 'A'`)
	if err := s.RevokeKey(t.Context(), "default", "B", time.Unix(1, 0)); err != nil {
		t.Error(err)
	}
	damage := (*callvault.DamageError)(nil)
	if err := s.RevokeKey(t.Context(), "default", "A", time.Unix(1, 0)); !errors.As(err, &damage) || damage.Key != "A" {
		t.Errorf("revoking the damaged key: %v", err)
	}
}

// batchOf is calls of a workspace, which stand so far apart.
func batchOf(n int, apart callvault.Time) callvault.Batch {
	batch := make([]callvault.Call, n)
	for i := range batch {
		batch[i] = callvault.Call{Time: callvault.Time(i) * apart, Document: []byte("{}")}
		copy(batch[i].ID[:], key(i+1))
		copy(batch[i].Workspace[:], key(7))
	}
	return callvault.NewBatch(batch)
}

// tombstone leaves that of call 11.
func tombstone(t *testing.T, calls callvault.Calls) {
	t.Helper()
	last := batchOf(11, 1).Calls()[10]
	_, err := calls.Put(t.Context(), callvault.NewBatch([]callvault.Call{last}))
	if err == nil {
		_, err = calls.Delete(t.Context(), []callvault.ID{last.ID})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func timelines(t *testing.T, calls callvault.Calls) []callvault.Timeline {
	t.Helper()
	timelines, err := calls.Timelines(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return timelines
}

// A check and a repair of a sound store read each row a few times, however many
// there are, and whatever the server knows of the tables: none compares each count
// with each call.
func TestCheckAndRepairAreLinear(t *testing.T) {
	const calls = 3000
	for _, statistics := range []string{"without statistics", "with statistics"} {
		t.Run(statistics, func(t *testing.T) {
			s := open(t, database(t))
			// Each in a bucket of its own.
			if _, err := s.Calls("default").Put(t.Context(), batchOf(calls, callvault.BucketWidth(0))); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Mirror("default").Take(t.Context(), callvault.Lease{}, "https://api.example.com", "test"); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Calls("default").DeleteFirst(t.Context(), callvault.Query{Range: callvault.AllTime}, calls/3); err != nil {
				t.Fatal(err)
			}
			if statistics == "with statistics" {
				execute(t, s, `ANALYZE callvault.documents, callvault.ids, callvault.counts, callvault.companies, callvault.apart, callvault.mirrors`)
			}
			for _, law := range laws {
				checkWork(t, s, 100*calls, law.query, "default")
			}
			for _, statement := range slices.Concat(followApartSQL, []string{removeTwiceSQL, followSQL, removeGoneSQL, raiseNumberSQL}) {
				checkWork(t, s, 100*calls, statement, "default")
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
	if done := repaired(t, s); done != "" {
		t.Errorf("did %s in a sound store", done)
	}
	execute(t, s, `UPDATE callvault.companies SET number = 1 WHERE company = 'wrong'`)
	if done, want := repaired(t, s), "company wrong: raised the latest number of 1 companies"; done != want {
		t.Errorf("did %q, want %q", done, want)
	}
}

// repaired is what a repair reports that accepts losses.
func repaired(t *testing.T, s *Store) string {
	t.Helper()
	return told(t, func(ctx context.Context, report func(string)) error {
		return s.Repair(ctx, callvault.AcceptLoss, report)
	})
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

// A view without words reads no titles, but their checksum, which a check reads too.
func TestTitlesChecksumIsChecked(t *testing.T) {
	s := open(t, database(t))
	if _, err := s.Calls("acme").Put(t.Context(), sample(t, 3)); err != nil {
		t.Fatal(err)
	}
	execute(t, s, `UPDATE callvault.facts SET titles_checksum = titles_checksum + 1`)
	const want = "the checksum of its facts from"
	if found := told(t, s.Check); !strings.Contains(found, want) {
		t.Errorf("found %q", found)
	}
	if _, err := s.Calls("acme").View(t.Context(), callvault.ViewQuery{Query: callvault.Query{Range: callvault.AllTime}}); damageOf(err) == nil {
		t.Errorf("viewed with %v", err)
	}
	if done := repaired(t, s); !strings.Contains(done, "rewrote the facts of 3 calls") {
		t.Errorf("did %q", done)
	}
}
