//go:build unix

package postgres

import (
	"encoding/json"
	"testing"

	"github.com/callvault/callvault"
)

// What lies beyond a range is not read, however much there is: a plan by the
// right index may still go on to its end.
func TestReadsStop(t *testing.T) {
	// Blocks of 8 kB, of 4,000 that the calls have.
	const (
		most   = 60
		fewest = 40 // where no edge of a total is read
	)
	s := open(t, database(t))
	fillSkewed(t, s)
	execute(t, s, `VACUUM (ANALYZE) callvault.documents, callvault.counts`)
	workspace, err := callvault.ParseID("1")
	if err != nil {
		t.Fatal(err)
	}
	few := callvault.Range{From: 1_000_000, To: 3_000_000}
	wide := callvault.Range{From: 1_000_000, To: 40_000_000_001}
	whole := callvault.Range{From: callvault.BucketWidth(0), To: 100 * callvault.BucketWidth(0)}
	for _, test := range []struct {
		name string
		most int
		callvault.Query
	}{
		{"few calls", most, callvault.Query{Range: few}},
		{"few calls of a workspace", most, callvault.Query{Range: few, Workspace: workspace}},
		{"many calls", most, callvault.Query{Range: wide}},
		{"many calls of a workspace", most, callvault.Query{Range: wide, Workspace: workspace}},
		{"many calls of a workspace, in whole buckets", fewest, callvault.Query{Range: whole, Workspace: workspace}},
	} {
		for what, st := range map[string]Statement{
			"page":       PageStatement(callvault.DefaultCompany, test.Query, test.Start(), 101),
			"first page": FirstStatement(callvault.DefaultCompany, test.Query, 101),
			"total":      FirstStatement(callvault.DefaultCompany, test.Query, 0),
		} {
			if blocks := blocksRead(t, s, st); blocks > test.most {
				t.Errorf("%s, %s: %d blocks were read", test.name, what, blocks)
			}
		}
	}
	some := Statement{changesSQL, []any{callvault.DefaultCompany, 150_000, 10}}
	if blocks := blocksRead(t, s, some); blocks > most {
		t.Errorf("some changes: %d blocks were read", blocks)
	}
	none := firstIDsStatement(callvault.DefaultCompany, callvault.Query{Range: callvault.Range{From: few.From + 1, To: few.From + 2}, Workspace: workspace}, 100)
	if blocks := blocksRead(t, s, none); blocks > most {
		t.Errorf("a deletion of nothing: %d blocks were read", blocks)
	}
}

// blocksRead is how many blocks a statement looks at.
func blocksRead(t *testing.T, s *Store, st Statement) int {
	t.Helper()
	var text []byte
	err := s.pool.QueryRow(t.Context(), "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+st.SQL, st.Args...).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	var explained []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	if err := json.Unmarshal(text, &explained); err != nil {
		t.Fatal(err)
	}
	return explained[0].Plan.Hit + explained[0].Plan.Read
}
