package main

import (
	"io"
	"os"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/callvault/callvault"
	store "github.com/callvault/callvault/internal/sqlite"
)

// What the yardstick of counts writes is what the store writes.
func TestInsertCounted(t *testing.T) {
	folder := t.TempDir()
	s, err := newSample(invent(2000), folder+"/calls")
	if err != nil {
		t.Fatal(err)
	}
	if err := insertBare(folder+"/bare.db", s.ordered, insertCounted, io.Discard); err != nil {
		t.Fatal(err)
	}
	put(t, folder+"/put.db", s.ordered)
	got, want := counts(t, folder+"/bare.db"), counts(t, folder+"/put.db")
	if len(want) == 0 || len(got) != len(want) {
		t.Fatalf("%d counts, not %d", len(got), len(want))
	}
	for key, n := range want {
		if got[key] != n {
			t.Errorf("%v counts %d calls, not %d", key, got[key], n)
		}
	}
}

// put puts the calls of a file into a store.
func put(t *testing.T, db, file string) {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	calls, err := readBatch(newLines(in), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Calls(callvault.DefaultCompany).Put(t.Context(), callvault.NewBatch(calls)); err != nil {
		t.Fatal(err)
	}
}

// counts are the rows of the table.
func counts(t *testing.T, db string) map[[3]string]int {
	t.Helper()
	conn, err := sqlite.OpenConn(db, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	rows := make(map[[3]string]int)
	err = sqlitex.ExecuteTransient(conn, "SELECT workspace, level, bucket, calls FROM counts", &sqlitex.ExecOptions{
		ResultFunc: func(st *sqlite.Stmt) error {
			rows[[3]string{st.ColumnText(0), st.ColumnText(1), st.ColumnText(2)}] = st.ColumnInt(3)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
