package page

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callvault/callvault"
)

// A search in a range counts what it finds outside of it, to the call.
func TestOutside(t *testing.T) {
	made := varied(t, 300, rand.New(rand.NewPCG(11, 12)))
	h := start(t, Config{}, made)
	for _, where := range []string{"harbor", "system:zoom longer:30m", "workspace:80", "nothinglikethis"} {
		for _, pairs := range [][]string{{"range", "all"}, {"range", "today"}, {"from", "2026-02-10", "to", "2026-02-20"}} {
			everywhere := read[look](t, h, "/api/view"+with("range", "all", "where", where)).Figures.Calls
			query := with(append(pairs, "where", where)...)
			want := everywhere - read[look](t, h, "/api/view"+query).Figures.Calls
			if got := read[outside](t, h, "/api/outside"+query).Calls; got == nil || *got != want {
				t.Errorf("%s: %v calls, want %d", query, got, want)
			}
		}
	}
}

// endless has calls that take for ever to look at.
type endless struct{ *store }

type endlessCalls struct{ callvault.Calls }

func (e endless) Calls(company string) callvault.Calls { return endlessCalls{e.store.Calls(company)} }

func (endlessCalls) View(ctx context.Context, _ callvault.ViewQuery) (callvault.View, error) {
	<-ctx.Done()
	return callvault.View{}, fmt.Errorf("view: %w", ctx.Err())
}

// Where calls are too many to be counted in time, that is the answer.
func TestOutsideOfTooMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		made := at("2026-03-04T00:00:00Z")
		h := start(t, Config{Store: endless{&store{companies: map[string]calls{callvault.DefaultCompany: made}}}}, made)
		began := time.Now()
		if w := get(h, "/api/outside?range=today&where=harbor"); w.Code != http.StatusOK || w.Body.String() != "{\"calls\":null}\n" || time.Since(began) != outsideWithin {
			t.Errorf("%d %s after %v", w.Code, w.Body, time.Since(began))
		}
	})
}

// counted counts how often calls are walked over or counted.
type counted struct {
	*store
	walks *int
}

type countedCalls struct {
	callvault.Calls
	walks *int
}

func (c counted) Calls(company string) callvault.Calls {
	return countedCalls{c.store.Calls(company), c.walks}
}

func (c countedCalls) View(ctx context.Context, q callvault.ViewQuery) (callvault.View, error) {
	*c.walks++
	return c.Calls.View(ctx, q)
}

func (c countedCalls) Count(ctx context.Context, q callvault.Query) (int, error) {
	*c.walks++
	return c.Calls.Count(ctx, q)
}

// What is new is counted in the view that is shown, once for each number of the company.
func TestLatest(t *testing.T) {
	now := time.Date(2026, 2, 14, 22, 0, 0, 0, time.UTC)
	made := varied(t, 200, rand.New(rand.NewPCG(13, 14)))
	made.rows = slices.DeleteFunc(made.rows, func(c callvault.Call) bool { return c.Time >= callvault.CeilTime(now) })
	s := &store{companies: map[string]calls{callvault.DefaultCompany: made}}
	walks := 0
	h := start(t, Config{Store: counted{s, &walks}, Now: func() time.Time { return now }}, calls{})
	// ask is how many calls the view has more than are shown of it.
	ask := func(query string, shown look) int {
		t.Helper()
		l := read[latest](t, h, "/api/latest"+query+"&shown="+shown.From+"/"+shown.To+"&number=0")
		if l.Number != int64(len(s.companies[callvault.DefaultCompany].rows)) || l.Calls == nil {
			t.Fatalf("%s: %+v", query, l)
		}
		return *l.Calls - shown.Figures.Calls
	}
	add := func(id int, at time.Time, further string) {
		t.Helper()
		c := call(id, at, "")
		c.Document = append(c.Document[:len(c.Document)-1], further+"}"...)
		c, err := callvault.ParseCall(c.Document)
		if err != nil {
			t.Fatal(err)
		}
		made.rows = append(made.rows, c)
		slices.SortFunc(made.rows, func(a, b callvault.Call) int { return a.Position().Compare(b.Position()) })
		s.companies[callvault.DefaultCompany] = made
	}
	queries := map[string]string{
		"all":      with("range", "all"),
		"week":     with("range", "7d"),
		"february": with("from", "2026-02-01", "to", "2026-03-01"),
		"zoom":     with("range", "7d", "where", "system:zoom"),
	}
	shown := map[string]look{}
	for name, query := range queries {
		shown[name] = read[look](t, h, "/api/view"+query)
	}
	expect := func(what string, want map[string]int) {
		t.Helper()
		for name, query := range queries {
			if got := ask(query, shown[name]); got != want[name] {
				t.Errorf("%s: %d new calls in %s, want %d", what, got, name, want[name])
			}
		}
	}
	expect("nothing", nil)
	add(1001, now.AddDate(0, -1, 0), "")
	expect("an old call", map[string]int{"all": 1})
	add(1002, now.Add(-time.Hour), `,"system":"Zoom"`)
	add(1003, now.Add(-time.Hour), `,"system":"WebEx"`)
	expect("two calls of today", map[string]int{"all": 3, "week": 2, "february": 2, "zoom": 1})
	now = now.Add(4 * time.Hour) // the week begins a day later
	add(1004, now, "")
	expect("a call of the next day", map[string]int{"all": 4, "week": 3, "february": 3, "zoom": 1})

	walks = 0
	query := fmt.Sprintf("/api/latest%s&number=%d", queries["zoom"], len(made.rows))
	if l := read[latest](t, h, query); l != (latest{Number: int64(len(made.rows))}) || walks > 0 {
		t.Errorf("nothing has changed: %+v after %d walks", l, walks)
	}
	if w := getAs(h, "acme", "/api/latest?company=default"); w.Code != http.StatusForbidden {
		t.Errorf("of another company: %d", w.Code)
	}
}
