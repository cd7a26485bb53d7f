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
	const most = 60 // blocks of 8 kB, of 4,000 that the calls have
	s := open(t, database(t))
	fillSkewed(t, s)
	execute(t, s, `VACUUM (ANALYZE) callvault.documents, callvault.counts`)
	workspace, err := callvault.ParseID("1")
	if err != nil {
		t.Fatal(err)
	}
	few := callvault.Range{From: 1_000_000, To: 3_000_000}
	wide := callvault.Range{From: 1_000_000, To: 40_000_000_001}
	for _, test := range []struct {
		name string
		callvault.Query
	}{
		{"few calls", callvault.Query{Range: few}},
		{"few calls of a workspace", callvault.Query{Range: few, Workspace: workspace}},
		{"many calls", callvault.Query{Range: wide}},
		{"many calls of a workspace", callvault.Query{Range: wide, Workspace: workspace}},
	} {
		for what, st := range map[string]Statement{
			"page":       PageStatement(callvault.DefaultCompany, test.Query, test.Start(), 101),
			"first page": FirstStatement(callvault.DefaultCompany, test.Query, 101),
			"total":      FirstStatement(callvault.DefaultCompany, test.Query, 0),
		} {
			if blocks := blocksRead(t, s, st); blocks > most {
				t.Errorf("%s, %s: %d blocks were read", test.name, what, blocks)
			}
		}
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
