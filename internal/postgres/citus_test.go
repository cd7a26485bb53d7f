//go:build unix

package postgres

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/postgrestest"
	"github.com/callvault/callvault/internal/storetest"
)

// ofOneMoment are the laws that a cluster does not keep: each worker has a moment of
// its own, which begins when a snapshot first asks it. See docs/citus.md.
var ofOneMoment = []string{"a_snapshot_is_of_one_moment", "records_are_counted"}

// acrossCompanies are damages that a cluster can't do by one statement.
var acrossCompanies = []string{"records_of_others", "titles_of_others", "rows_of_others"}

// TestCitus runs the laws on the cluster that CALLVAULT_TEST_CITUS names.
func TestCitus(t *testing.T) {
	for _, mode := range []string{"cache_statement", "exec"} {
		t.Run(mode, func(t *testing.T) {
			storetest.Run(t, func(t testing.TB) storetest.Open {
				if slices.Contains(ofOneMoment, path.Base(t.Name())) {
					t.Skip("a cluster's snapshot is not of one moment")
				}
				url := postgrestest.Citus(t) + "&default_query_exec_mode=" + mode
				return func(t testing.TB) callvault.Store { return open(t, url) }
			})
			storetest.RunDamaged(t, func(t testing.TB) (storetest.Open, storetest.Damage) {
				if slices.Contains(acrossCompanies, path.Base(t.Name())) {
					t.Skip("the damage reads another company's shard")
				}
				return damaged(postgrestest.Citus(t) + "&default_query_exec_mode=" + mode)
			})
		})
	}
}

// A large batch is deleted on a cluster, by id and by range, and a check finds what
// is wrong there, which a repair makes right.
func TestCitusDeletesAndRepairs(t *testing.T) {
	s := open(t, postgrestest.Citus(t))
	const size = 10_000
	batch := sample(t, 2*size)
	var ids []callvault.ID
	for _, call := range batch.Calls()[:size] {
		ids = append(ids, call.ID)
	}
	for _, company := range []string{"acme", "other", "third"} {
		if _, err := s.Calls(company).Put(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Calls("acme").Delete(t.Context(), ids); err != nil || n != size {
		t.Errorf("deleted %d, %v, want %d", n, err, size)
	}
	if n, err := s.Calls("acme").DeleteFirst(t.Context(), callvault.Query{Range: callvault.AllTime}, size-1); err != nil || n != size-1 {
		t.Errorf("deleted %d, %v, want %d", n, err, size-1)
	}
	if found := told(t, s.Check); found != "" {
		t.Errorf("found %s", found)
	}
	for _, damage := range []string{
		`UPDATE callvault.counts SET total = total + 1 WHERE company = 'acme' AND level = 2`,
		`DELETE FROM callvault.counts WHERE company = 'third' AND level = 0`,
		`INSERT INTO callvault.counts VALUES ('acme', '', 2, 99, 5, 0, 1)`,
		`DELETE FROM callvault.ids WHERE company = 'other' AND number < 4`,
		`DELETE FROM callvault.documents WHERE company = 'other' AND time = 5000000000`,
		`UPDATE callvault.ids SET number = 10 WHERE company = 'third' AND number = 11`,
		`UPDATE callvault.companies SET number = 3 WHERE company = 'acme'`,
		`INSERT INTO callvault.documents SELECT company, time + 7, id, workspace, document, number, checksum FROM callvault.documents WHERE company = 'third' AND time = 9000000000`,
	} {
		execute(t, s, damage)
	}
	if found := told(t, s.Check); !strings.Contains(found, "company acme: the latest number is 3") || !strings.Contains(found, "company other: call") || !strings.Contains(found, "company third: number 10") {
		t.Errorf("found %.2000s", found)
	}
	done := repaired(t, s)
	for _, want := range []string{"removed 1 damaged calls", "restored ", "removed 1 ids whose calls are missing", "raised the latest number of", "corrected "} {
		if !strings.Contains(done, want) {
			t.Errorf("%q is missing from %s", want, done)
		}
	}
	if found := told(t, s.Check); found != "" {
		t.Errorf("after the repair: %.2000s", found)
	}
}
