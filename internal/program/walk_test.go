package program_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault/internal/program"
)

// Whatever is stored and asked for, the pages of a walk put together are
// exactly what a slow, obvious filter over the input gives, in order, each
// once; every page says how many there are.
func TestWalks(t *testing.T) {
	for seed, pageSize := range []int{1, 3, 10, 100, 1000} {
		t.Run(fmt.Sprintf("page-size %d", pageSize), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(uint64(seed), 0))
			c := program.New(t)
			stored := make(map[string][]record)
			keys := make(map[string]program.Key)
			for _, company := range []string{"acme", "globex"} {
				records := randomRecords(random, 1+random.IntN(300))
				var lines []string
				for _, r := range records {
					lines = append(lines, r.line(random))
				}
				c.Put(company, lines...)
				stored[company], keys[company] = records, c.Key("--company", company)
			}
			s := c.Serve("--page-size", fmt.Sprint(pageSize), "--dates", "optional", "--rate-limit", "off")
			for company, records := range stored {
				client := as(s, keys[company])
				for range 40 {
					q := randomQuestion(random)
					checkWalk(t, client, q, records)
				}
				checkWalk(t, client, question{}, records)
			}
		})
	}
}

func checkWalk(t *testing.T, client *program.Client, q question, records []record) {
	t.Helper()
	want := q.answer(records)
	if want == nil {
		program.WantErrors(t, client.Get(q.parameters().Encode()), 404, noCalls)
		return
	}
	if diff := cmp.Diff(want, client.Walk(q.parameters())); diff != "" {
		t.Fatalf("%+v (-want +got)\n%s", q, diff)
	}
}

// A walk with the cursor alone, and one whose toDateTime is later on every
// page, see what a walk with all parameters repeated sees.
func TestWalkingHabits(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	c := program.New(t)
	records := randomRecords(random, 50)
	var lines []string
	for _, r := range records {
		lines = append(lines, r.line(random))
	}
	c.Put("default", lines...)
	client := as(c.Serve("--page-size", "7"), c.Key())
	q := question{from: "2026-03-29T00:00:00Z", to: "2027-01-01T00:00:00Z"}
	want := strings.Join(q.answer(records), "\n")
	for name, next := range map[string]func(p program.Page, number int) string{
		"cursor alone": func(p program.Page, _ int) string { return "cursor=" + *p.Records.Cursor },
		"later toDateTime": func(p program.Page, number int) string {
			later := q
			later.to = fmt.Sprintf("2027-01-01T00:00:%02dZ", number)
			return program.WithCursor(later.parameters(), p)
		},
		"fromDateTime alone": func(p program.Page, _ int) string { return program.WithCursor(question{from: q.from}.parameters(), p) },
	} {
		p := client.Page(q.parameters().Encode())
		got := p.Documents()
		for number := 1; p.Records.Cursor != nil; number++ {
			p = client.Page(next(p, number))
			got = append(got, p.Documents()...)
		}
		if strings.Join(got, "\n") != want {
			t.Errorf("%s: %d calls, want %d", name, len(got), len(records))
		}
	}
}
