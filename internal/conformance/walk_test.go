package conformance

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever is stored and asked for, the pages of a walk put together are
// exactly what a slow, obvious filter over the input gives, in order, each
// once; every page says how many there are.
func TestWalks(t *testing.T) {
	for seed, pageSize := range []int{1, 3, 10, 100, 1000} {
		t.Run(fmt.Sprintf("page-size %d", pageSize), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(uint64(seed), 0))
			c := newCLI(t)
			stored := make(map[string][]record)
			keys := make(map[string]key)
			for _, company := range []string{"acme", "globex"} {
				records := randomRecords(random, 1+random.IntN(300))
				var lines []string
				for _, r := range records {
					lines = append(lines, r.line(random))
				}
				c.put(company, lines...)
				stored[company], keys[company] = records, c.key("--company", company)
			}
			s := c.serve("--page-size", fmt.Sprint(pageSize), "--dates", "optional", "--limit", "off")
			for company, records := range stored {
				client := s.as(keys[company])
				for range 40 {
					q := randomQuestion(random)
					checkWalk(t, client, q, records)
				}
				checkWalk(t, client, question{}, records)
			}
		})
	}
}

func checkWalk(t *testing.T, client *client, q question, records []record) {
	t.Helper()
	want := q.answer(records)
	if want == nil {
		wantErrors(t, client.get(q.parameters().Encode()), 404, noCalls)
		return
	}
	if diff := cmp.Diff(want, client.walk(q.parameters())); diff != "" {
		t.Fatalf("%+v (-want +got)\n%s", q, diff)
	}
}

// A walk with the cursor alone, and one whose toDateTime is later on every
// page, see what a walk with all parameters repeated sees.
func TestWalkingHabits(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	c := newCLI(t)
	records := randomRecords(random, 50)
	var lines []string
	for _, r := range records {
		lines = append(lines, r.line(random))
	}
	c.put("default", lines...)
	client := c.serve("--page-size", "7").as(c.key())
	q := question{from: "2026-03-29T00:00:00Z", to: "2027-01-01T00:00:00Z"}
	want := strings.Join(q.answer(records), "\n")
	for name, next := range map[string]func(p page, number int) string{
		"cursor alone": func(p page, _ int) string { return "cursor=" + *p.Records.Cursor },
		"later toDateTime": func(p page, number int) string {
			later := q
			later.to = fmt.Sprintf("2027-01-01T00:00:%02dZ", number)
			return withCursor(later.parameters(), p)
		},
		"fromDateTime alone": func(p page, _ int) string { return withCursor(question{from: q.from}.parameters(), p) },
	} {
		p := client.page(q.parameters().Encode())
		got := p.documents()
		for number := 1; p.Records.Cursor != nil; number++ {
			p = client.page(next(p, number))
			got = append(got, p.documents()...)
		}
		if strings.Join(got, "\n") != want {
			t.Errorf("%s: %d calls, want %d", name, len(got), len(records))
		}
	}
}
