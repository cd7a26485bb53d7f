package callvault

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// What stores keep of a call stays as it is: another record or another line is a migration.
func TestFactsAreKept(t *testing.T) {
	for document, want := range map[string]struct{ record, line string }{
		`{"id":"99999999999999999999","title":"Ünïted \"Nine\" — Q3","scheduled":"2026-03-01T10:00:00+01:00","started":"2026-03-01T09:05:30Z","duration":1830,"primaryUserId":"7","direction":"Conference","system":"Zoom","scope":"External","workspaceId":"70","isPrivate":true}`: {
			"80064bf2b1f42400630de0b6b3a763ffff000726330005000001000002000003", "united nine q3\n"},
		`{"id":"1","started":"1969-12-31T23:59:59Z"}`: {
			"7ffffffffff0bdc0000000000000000001ffffff000000000000000000000000", "\n"},
		`{"id":"1","title":"long","started":"1970-01-01T00:00:00Z","duration":16777214}`: {
			"8000000000000000000000000000000001fffffe000000000000000000000000", "long\x0016777214\x000\n"},
		`{"id":"1","title":"Ring","started":"1970-01-01T00:00:00Z","clientUniqueId":"CDR-2025-0042"}`: {
			"8000000000000000000000000000000001ffffff000000000000000000000000", "ring\tcdr 2025 0042\n"},
		`{"id":"1","started":"1970-01-01T00:00:00Z","duration":16777214,"clientUniqueId":"1731846000.17"}`: {
			"8000000000000000000000000000000001fffffe000000000000000000000000", "\t1731846000 17\x0016777214\x000\n"},
		`{"id":"1","title":"Ring","started":"1970-01-01T00:00:00Z","clientUniqueId":"--"}`: {
			"8000000000000000000000000000000001ffffff000000000000000000000000", "ring\n"},
		`{"id":"1","started":"1970-01-01T00:00:00Z","clientUniqueId":"` + strings.Repeat("é", 101) + `"}`: {
			"8000000000000000000000000000000001ffffff000000000000000000000000", "\t" + strings.Repeat("e", 100) + "\n"},
		`{"id":"1","started":"1970-01-01T00:00:00Z","clientUniqueId":"\"` + strings.Repeat("é", 101) + `"}`: {
			"8000000000000000000000000000000001ffffff000000000000000000000000", "\t" + strings.Repeat("e", 99) + "\n"},
	} {
		c, err := ParseCall([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		change, tally, rows := new(FactChange), NewNameTally(), new(memory)
		change.Add(&c, tally)
		for field, name := range []string{"7", string(c.Workspace[:]), "Zoom"} {
			if key := (NameKey{Field(field), name}); tally.Of(key).Calls > 0 {
				tally.SetNumber(key, int64(field+1))
			}
		}
		if err := change.Apply(rows); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString((*rows)[0].Records); got != want.record || string((*rows)[0].Titles) != want.line {
			t.Errorf("%s is kept as %s %q, want %s %q", document, got, (*rows)[0].Titles, want.record, want.line)
		}
	}
}

// memory is a FactRows, in order.
type memory []FactRow

func (m *memory) FactRow(at Position, _ iter.Seq[Position]) (row FactRow, next Position, err error) {
	i, found := slices.BinarySearchFunc(*m, at, func(r FactRow, at Position) int { return r.Start.Compare(at) })
	if !found {
		i = max(0, i-1)
	}
	if i < len(*m) {
		row = (*m)[i]
	}
	if i+1 < len(*m) {
		next = (*m)[i+1].Start
	}
	return row, next, nil
}

func (m *memory) ReplaceFacts(start Position, rows []FactRow) error {
	*m = slices.DeleteFunc(*m, func(r FactRow) bool { return r.Start == start })
	for _, row := range rows {
		*m = append(*m, FactRow{row.Start, slices.Clone(row.Records), slices.Clone(row.Titles)})
	}
	slices.SortFunc(*m, func(a, b FactRow) int { return a.Start.Compare(b.Start) })
	return nil
}

// Whatever comes and goes, rows hold the calls that are there in their order, none is empty or
// above its bound, and small ones are joined.
func TestFactsAreMerged(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 4))
	rows, there := new(memory), make(map[Position]string)
	for step := range 400 {
		change, tally := new(FactChange), NewNameTally()
		for range 1 + random.IntN(1+random.IntN(200)) {
			id, _ := ParseID(fmt.Sprint(1 + random.IntN(50)))
			c := Call{ID: id, Time: Time(random.IntN(100))}
			if step%100 > 50 && random.IntN(8) > 0 {
				delete(there, c.Position())
				change.Remove(c.Position())
				continue
			}
			title := strings.Repeat("x", 1+random.IntN(1+random.IntN(300)))
			c.Document = fmt.Appendf(nil, `{"id":"%s","title":"%s"}`, c.ID, title)
			there[c.Position()] = title
			change.Add(&c, tally)
		}
		if err := change.Apply(rows); err != nil {
			t.Fatal(err)
		}
		met := 0
		for i, row := range *rows {
			if n := len(row.Records); n == 0 || positionIn(row.Records) != row.Start || n+len(row.Titles) > maxFactRow {
				t.Fatalf("step %d: row %d from %v has %d and %d bytes", step, i, row.Start, n, len(row.Titles))
			}
			titles := bytes.Split(row.Titles, []byte{'\n'})
			for n := range len(row.Records) / recordSize {
				p := positionIn(row.Records[n*recordSize:])
				if title, ok := there[p]; !ok || title != string(titles[n]) || i+1 < len(*rows) && p.Compare((*rows)[i+1].Start) >= 0 {
					t.Fatalf("step %d: %v has %q, want %q", step, p, titles[n], title)
				}
				met++
			}
		}
		if met != len(there) {
			t.Fatalf("step %d: %d calls, want %d", step, met, len(there))
		}
		if most := 2 + 6*size(*rows)/maxFactRow; len(*rows) > most {
			t.Fatalf("step %d: %d rows, want at most %d", step, len(*rows), most)
		}
	}
}

func size(rows []FactRow) (n int) {
	for _, row := range rows {
		n += len(row.Records) + len(row.Titles)
	}
	return n
}
