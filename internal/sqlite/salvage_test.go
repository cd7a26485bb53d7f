package sqlite

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

// A leaf that SQLite can't read costs a salvage the calls on it, whatever leaf that is.
func TestSalvageOfUnreadablePages(t *testing.T) {
	f := fillFile(t)
	sound := f.bytes(t)
	for name, mayMiss := range map[string]int{"documents": 60, "counts": 0, "ids": 0} {
		content := bytes.Clone(sound)
		if err := os.WriteFile(f.path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		leaves := f.leaves(t, name, content)
		at := len(leaves) / 2
		if name == "counts" {
			at = 0 // of what a salvage goes by
		}
		clear(leaves[at])
		if err := os.WriteFile(f.path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		saved, damaged := f.salvaged(t)
		if saved < manyRows-mayMiss || (mayMiss > 0) != (saved < manyRows) || (name == "ids") != (len(damaged) == 0) {
			t.Errorf("%s: %d calls were salvaged, and %q", name, saved, damaged)
		}
		if text := strings.Join(damaged, " "); strings.Contains(text, "not in the range") {
			t.Errorf("%s: a sound call is damaged: %s", name, text)
		}
		s := open(t, f.path)
		if err := s.Repair(t.Context(), callvault.AcceptLoss, func(string) {}); err == nil || !strings.Contains(err.Error(), "--skip-damaged") {
			t.Errorf("%s: repaired with %v", name, err)
		}
		s.Close()
	}
}

// A repair does not copy a value whose type a disk has changed. That a user goes is a loss, and
// is refused before it is accepted.
func TestRepairOfAnotherType(t *testing.T) {
	for table, change := range map[string]string{
		"counts":    "UPDATE counts SET level = 'x' WHERE (company, workspace, level, bucket) IN (SELECT company, workspace, level, bucket FROM counts LIMIT 1 OFFSET 9)",
		"directory": "INSERT INTO directory VALUES (1, 'users', '7', 'x', '{}')",
	} {
		t.Run(table, func(t *testing.T) { repairOfAnotherType(t, table, change) })
	}
}

func repairOfAnotherType(t *testing.T, table, change string) {
	f := fillFile(t)
	for _, statements := range [][]string{
		{"PRAGMA writable_schema = ON", "UPDATE sqlite_schema SET sql = replace(sql, 'STRICT, ', '') WHERE name = '" + table + "'"},
		{change},
		{"PRAGMA writable_schema = ON", "UPDATE sqlite_schema SET sql = replace(sql, 'WITHOUT', 'STRICT, WITHOUT') WHERE name = '" + table + "'"},
	} {
		s := open(t, f.path)
		err := s.onWriter(func(c *conn) (err error) {
			for _, statement := range statements {
				err = errors.Join(err, c.once(statement))
			}
			return err
		})
		if err = errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if found := f.found(t); !strings.Contains(found, "non-INTEGER") {
		t.Fatalf("found %s", found)
	}
	s := open(t, f.path)
	if table == "directory" {
		if err := s.Repair(t.Context(), callvault.NoLoss, func(string) {}); !errors.Is(err, callvault.ErrLoss) || !strings.Contains(f.found(t), "non-INTEGER") {
			t.Errorf("repaired with %v", err)
		}
	}
	if err := s.Repair(t.Context(), callvault.AcceptLoss, func(string) {}); err != nil {
		t.Fatal(err)
	}
	if found := told(t, s.Check); found != "" {
		t.Errorf("found %s", found)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if saved, damaged := f.salvaged(t); saved != manyRows || damaged != nil {
		t.Errorf("%d calls, and %q", saved, damaged)
	}
}
