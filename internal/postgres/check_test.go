//go:build unix

package postgres

import (
	"context"
	"fmt"
	"strings"
	"testing"

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

// told is what a check or a repair reports.
func told(t *testing.T, run func(context.Context, func(string)) error) string {
	t.Helper()
	var lines []string
	if err := run(t.Context(), func(line string) { lines = append(lines, line) }); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
