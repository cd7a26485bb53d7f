package sqlite

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

// What is wrong in a column that only this engine has is found and made right too.
func TestCheckAndRepair(t *testing.T) {
	for _, tt := range []struct{ damage, found string }{
		{`UPDATE counts SET calls = calls + 1 WHERE level = 1`, "2 calls counted, but 1 found"},
		{`INSERT INTO counts VALUES (1, '', 2, 99, 5, 0, 1)`, "5 calls counted, but 0 found"},
	} {
		s := open(t, filepath.Join(t.TempDir(), "damaged.db"))
		if _, err := s.Calls("default").Put(t.Context(), callvault.NewBatch([]callvault.Call{{ID: mustID(t, "1"), Document: []byte("{}")}})); err != nil {
			t.Fatal(err)
		}
		if err := s.onWriter(func(c *conn) error { return c.script(tt.damage) }); err != nil {
			t.Fatal(err)
		}
		if found := told(t, s.Check); !strings.Contains(found, tt.found) {
			t.Errorf("found %s, want %s", found, tt.found)
		}
		done := told(t, func(ctx context.Context, report func(string)) error { return s.Repair(ctx, callvault.NoLoss, report) })
		if found := told(t, s.Check); done != "company default: corrected 1 counts" || found != "" {
			t.Errorf("did %s, and then found %s", done, found)
		}
	}
}

// Of a call that stands at its place and at an earlier one the latest is believed, wherever its
// id leads, and nothing is lost.
func TestRepairOfTwoPlaces(t *testing.T) {
	for _, damage := range []string{
		``, `DELETE FROM ids`, `UPDATE ids SET time = 77`, `UPDATE ids SET time = 4, number = 1`, `UPDATE ids SET time = 50, number = 9`,
	} {
		s := open(t, filepath.Join(t.TempDir(), "damaged.db"))
		calls := s.Calls("default")
		for _, time := range []callvault.Time{4, 50} {
			call := callvault.Call{ID: mustID(t, "1"), Time: time, Document: []byte("{}")}
			_, err := calls.Put(t.Context(), callvault.NewBatch([]callvault.Call{call}))
			if err == nil && time == 4 {
				err = s.onWriter(func(c *conn) error { return c.script(`CREATE TABLE before AS SELECT * FROM documents`) })
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := s.onWriter(func(c *conn) error { return c.script(`INSERT INTO documents SELECT * FROM before; ` + damage) }); err != nil {
			t.Fatal(err)
		}
		done := told(t, func(ctx context.Context, report func(string)) error { return s.Repair(ctx, callvault.NoLoss, report) })
		if found := told(t, s.Check); found != "" || !strings.Contains(done, "removed 1 duplicate calls") {
			t.Errorf("%s: did %s, and then found %s", damage, done, found)
		}
		err := calls.Get(t.Context(), []callvault.ID{mustID(t, "1")}, func(r callvault.Record) error {
			if r.Time != 50 {
				t.Errorf("%s: the call is at %s", damage, r.Time)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

var everything = callvault.Query{Range: callvault.AllTime}

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
		return s.Repair(t.Context(), callvault.NoLoss, func(done string) { t.Errorf("did %s", done) })
	})
	if err != nil {
		t.Error(err)
	}
}
