package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite/sqlitex"

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
		{"a count that is too high", `UPDATE counts SET calls = calls + 1 WHERE level = 1 AND workspace = ''`, "of level 1 of workspace '' counts 11 calls and has 10", "1 counts were wrong", 10},
		{"a count that is missing", `DELETE FROM counts WHERE level = 0 AND workspace <> ''`, "counts 0 calls and has 10", "1 counts were wrong", 10},
		{"a count of nothing", `INSERT INTO counts VALUES (1, '', 2, 99, 5)`, "bucket 99 of level 2 of workspace '' counts 5 calls and has 0", "1 counts were wrong", 10},
		{"an id that is missing", `DELETE FROM ids WHERE number = 4`, "stands at no place that its id knows", "gave 1 calls their ids back", 10},
		{"an id that looks elsewhere", `UPDATE ids SET time = time + 1 WHERE number = 4`, "stands for a call that is not there", "gave 1 calls their ids back", 10},
		{"a document that is missing", `DELETE FROM documents WHERE time = 4`, "stands for a call that is not there", "made tombstones of 1 ids", 9},
		{"a call that stands twice", `INSERT INTO documents SELECT company, time + 100, id, workspace, document FROM documents WHERE time = 4`, "stands at no place that its id knows", "removed 1 calls", 10},
		{"a call that stands twice and whose id is lost", `INSERT INTO documents SELECT company, time + 100, id, workspace, document FROM documents WHERE time = 4; DELETE FROM ids WHERE number = 5`, "stands at no place that its id knows", "removed 1 calls", 10},
		{"a number that is there twice", `UPDATE ids SET number = 3 WHERE number = 4`, "number 3 is that of 2 ids", "gave 1 ids numbers of their own", 10},
		{"a counter that is behind", `UPDATE companies SET number = 7`, "the latest number is 7, and that of its ids 10", "set the latest number of 1 companies", 10},
		{"everything", `DELETE FROM counts; DELETE FROM ids; UPDATE companies SET number = 0`, "counts 0 calls", "gave 10 calls their ids back", 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, filepath.Join(t.TempDir(), "damaged.db"))
			batch := make([]callvault.Call, 10)
			for i := range batch {
				batch[i] = callvault.Call{ID: mustID(t, fmt.Sprint(i+1)), Time: callvault.Time(i), Workspace: mustID(t, "7"), Document: []byte("{}")}
			}
			if _, err := s.Calls("default").Put(t.Context(), callvault.NewBatch(batch)); err != nil {
				t.Fatal(err)
			}
			if err := s.onWriter(func(c *conn) error { return sqlitex.ExecuteScript(c.Conn, tt.damage, nil) }); err != nil {
				t.Fatal(err)
			}
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

// A repair of a sound store keeps no writer waiting.
func TestRepairOfASoundStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	s, writer := open(t, path), open(t, path)
	err := writer.write(t.Context(), func(*conn) error {
		return s.Repair(t.Context(), func(done string) { t.Errorf("did %s", done) })
	})
	if err != nil {
		t.Error(err)
	}
}
