package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

// Whatever is wrong beside the calls is found, and made right so that nothing is
// found any more; calls that are there stay.
func TestCheckAndRepair(t *testing.T) {
	const twice = `INSERT INTO documents SELECT company, time + 100, id, workspace, number, checksum, document FROM documents WHERE time = 4`
	for _, tt := range []struct {
		name, damage string
		found, done  string
		accept       callvault.Loss // whether it is needed
		calls        int
	}{
		{"a count that is too high", `UPDATE counts SET calls = calls + 1 WHERE level = 1 AND workspace = ''`,
			"11 calls counted, but 10 found", "corrected 1 counts", callvault.NoLoss, 10},
		{"a count that is missing", `DELETE FROM counts WHERE level = 0 AND workspace <> ''`,
			"0 calls counted, but 10 found", "corrected 1 counts", callvault.AcceptLoss, 10},
		{"a count of nothing", `INSERT INTO counts VALUES (1, '', 2, 99, 5, 0, 1)`,
			"5 calls counted, but 0 found", "corrected 1 counts", callvault.NoLoss, 10},
		{"a digest", `UPDATE counts SET digest = digest + 1 WHERE level = 0 AND workspace = ''`,
			"differ from those that were last written", "corrected 1 counts", callvault.AcceptLoss, 10},
		{"a number of a count", `UPDATE counts SET number = 3 WHERE level = 2`,
			"is recorded as number 3, but a call has number 10", "corrected 2 counts", callvault.NoLoss, 10},
		{"an id that is missing", `DELETE FROM ids WHERE number = 4`,
			"is not where the table ids has it", "restored the ids of 1 calls", callvault.NoLoss, 10},
		{"an id that looks elsewhere", `UPDATE ids SET time = time + 1 WHERE number = 4`,
			"is missing, but the table ids has it", "restored the ids of 1 calls", callvault.NoLoss, 10},
		{"an id of another number", `UPDATE ids SET number = 11 WHERE number = 10`,
			"is not where the table ids has it", "restored the ids of 1 calls", callvault.NoLoss, 10},
		{"a document that is missing", `DELETE FROM documents WHERE time = 4`,
			"is missing, but the table ids has it", "removed 1 ids whose calls are missing", callvault.AcceptLoss, 9},
		{"a document of another title", `UPDATE documents SET document = '{ }' WHERE time = 4`,
			"call 5 is damaged: its checksum does not match", "removed 1 damaged calls", callvault.AcceptLoss, 9},
		{"a tombstone", `UPDATE ids SET checksum = checksum + 1 WHERE number = 12`,
			"the tombstone of call 99 is damaged", "removed 1 damaged tombstones", callvault.AcceptLoss, 10},
		{"an id that is none", `UPDATE documents SET id = '5' WHERE time = 4`,
			"is damaged: its checksum does not match", "removed 1 damaged calls", callvault.AcceptLoss, 9},
		{"a tombstone of no id", `UPDATE ids SET id = '99' WHERE number = 12`,
			" is damaged", "removed 1 damaged tombstones", callvault.AcceptLoss, 10},
		{"a call that stands twice", twice,
			"is not where the table ids has it", "removed 1 damaged calls", callvault.NoLoss, 10},
		{"a call that stands twice and whose id is lost", twice + `; DELETE FROM ids WHERE number = 5`,
			"is not where the table ids has it", "restored the ids of 1 calls", callvault.NoLoss, 10},
		{"a number that is there twice", `UPDATE ids SET number = 3 WHERE number = 4; UPDATE documents SET number = 3 WHERE number = 4`,
			"number 3 belongs to 2 ids", "removed 1 damaged calls", callvault.AcceptLoss, 9},
		{"a counter that is behind", `UPDATE companies SET number = 7`,
			"the latest number is 7, but the table ids has 12", "raised the latest number", callvault.NoLoss, 10},
		{"a key", `UPDATE keys SET scopes = 'all'`, "key K is damaged", "removed the damaged key K", callvault.AcceptLoss, 10},
		{"everything", `DELETE FROM counts; DELETE FROM ids; UPDATE companies SET number = 0`,
			"0 calls counted", "restored the ids of 10 calls", callvault.AcceptLoss, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, filepath.Join(t.TempDir(), "damaged.db"))
			batch := make([]callvault.Call, 10)
			for i := range batch {
				batch[i] = callvault.Call{ID: mustID(t, fmt.Sprint(i+1)), Time: callvault.Time(i), Workspace: mustID(t, "7"), Document: []byte("{}")}
			}
			calls := s.Calls("default")
			if _, err := calls.Put(t.Context(), callvault.NewBatch(batch)); err != nil {
				t.Fatal(err)
			}
			gone := callvault.Call{ID: mustID(t, "99"), Time: 99, Document: []byte("{}")}
			_, err1 := calls.Put(t.Context(), callvault.NewBatch([]callvault.Call{gone}))
			_, err2 := calls.Delete(t.Context(), []callvault.ID{gone.ID})
			if err := errors.Join(err1, err2, s.AddKey(t.Context(), callvault.Key{ID: "K", Company: "default"})); err != nil {
				t.Fatal(err)
			}
			if err := s.onWriter(func(c *conn) error { return c.script(tt.damage) }); err != nil {
				t.Fatal(err)
			}
			if found := told(t, s.Check); !strings.Contains(found, tt.found) {
				t.Errorf("found %s, want %s", found, tt.found)
			}
			if tt.accept == callvault.AcceptLoss {
				if err := s.Repair(t.Context(), callvault.NoLoss, func(done string) { t.Errorf("did %s", done) }); !errors.Is(err, callvault.ErrLoss) {
					t.Errorf("without accepting a loss: %v", err)
				}
			}
			before, err1 := calls.Latest(t.Context())
			first, err2 := calls.Timelines(t.Context())
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			if done := told(t, func(ctx context.Context, report func(string)) error { return s.Repair(ctx, tt.accept, report) }); !strings.Contains(done, tt.done) {
				t.Errorf("did %s, want %s", done, tt.done)
			}
			if found := told(t, s.Check); found != "" {
				t.Errorf("after the repair: %s", found)
			}
			if after, err := calls.Latest(t.Context()); err != nil || after < before {
				t.Errorf("the latest number went from %d to %d, %v", before, after, err)
			}
			_, err1 = calls.Put(t.Context(), callvault.NewBatch([]callvault.Call{gone}))
			after, err2 := calls.Timelines(t.Context())
			isDerived := tt.name == "a key" || tt.accept == callvault.NoLoss && strings.Contains(tt.damage, " counts ")
			if err := errors.Join(err1, err2); err != nil || len(after) != 1 || after[0].From != 0 || (after[0] == first[0]) != isDerived {
				t.Errorf("timelines %v, and before the repair %v, %v", after, first, err)
			}
			_, err := calls.Delete(t.Context(), []callvault.ID{gone.ID})
			if n, err1 := calls.Count(t.Context(), everything); n != tt.calls || errors.Join(err, err1) != nil {
				t.Errorf("counts %d calls, %v, want %d", n, errors.Join(err, err1), tt.calls)
			}
		})
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
