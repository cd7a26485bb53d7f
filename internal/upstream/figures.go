package upstream

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/when"
)

// Drawing is what calls come to: it is counted, and then drawn or printed.
type Drawing interface {
	Count(context.Context, Source) error
	Draw(io.Writer) error
	Came() Walked
}

// Figures are what the calls of a range come to, compared with the period before it, and which
// systems, directions, hosts and workspaces have the most of them. They are complete or an error.
type Figures struct {
	Query callvault.Query
	Span  when.Span // of the query, for people
	Zone  *time.Location
	Most  int  // values of each field that are shown; 0 is all
	JSON  bool // Draw prints JSON

	ByHours bool // the values with the most hours come first, and not those with the most calls

	Walked
	view    callvault.View
	earlier when.Span // zero where a beginning is open
	names   callvault.EntryNames
}

// facets are the fields that are ranked, as --where names them.
var facets = []struct {
	field, title string
	facet        callvault.Facet
	names        callvault.Kind
}{
	{"system", "SYSTEM", callvault.BySystem, ""},
	{"direction", "DIRECTION", callvault.ByDirection, ""},
	{"host", "WHO", callvault.ByHost, callvault.Users},
	{"workspace", "WORKSPACE", callvault.ByWorkspace, callvault.Workspaces},
}

// Count counts the calls of a source. An open end is compared as if it were now.
func (f *Figures) Count(ctx context.Context, source Source) (err error) {
	q := callvault.ViewQuery{Query: f.Query}
	now := time.Now().Truncate(time.Second).In(f.Zone)
	if span := f.Span; !span.From.IsZero() {
		if span.To.IsZero() {
			span.To = now
		}
		if f.earlier = span.Earlier(now); !f.earlier.From.IsZero() {
			q.Earlier = callvault.Range{From: callvault.CeilTime(f.earlier.From), To: callvault.CeilTime(f.earlier.To)}
		}
	}
	if f.view, f.Walked, err = source.View(ctx, q); err != nil {
		return err
	}
	if f.ByHours {
		for _, bars := range f.view.Facets {
			slices.SortStableFunc(bars, func(a, b callvault.Bar) int { return cmp.Compare(b.Seconds, a.Seconds) })
		}
	}
	if f.view.Figures.Calls > 0 {
		f.names, err = source.Names(ctx)
	}
	return err
}

// Draw prints the figures and the ranked values.
func (f *Figures) Draw(w io.Writer) error {
	if f.JSON {
		return screen.JSON(w, f.object())
	}
	now, before := f.view.Figures, f.view.Earlier
	rows := [][]string{
		{"", "", "BEFORE", "CHANGE"},
		{"calls", screen.Number(now.Calls), screen.Number(before.Calls), change(float64(now.Calls), float64(before.Calls))},
		{"hours talked", hours(now.Seconds), hours(before.Seconds), change(float64(now.Seconds), float64(before.Seconds))},
		{"median length", median(now), median(before), change(now.Median, before.Median)},
		{"with outsiders", percent(now.Outside, now.Scoped), percent(before.Outside, before.Scoped), points(now, before)},
	}
	screen.Printf(w, "calls %v\n", f.Span)
	if f.earlier.From.IsZero() {
		for i := range rows {
			rows[i] = rows[i][:2]
		}
		rows = rows[1:]
	} else {
		screen.Printf(w, "compared with those %v\n", f.earlier)
	}
	if err := screen.Ranking(w, rows); err != nil {
		return err
	}
	for _, facet := range f.ranked() {
		if len(facet.Values) == 0 || len(facet.Values) == 1 && facet.Values[0].Value == "" {
			continue
		}
		rows := [][]string{{facet.title, "CALLS", "SHARE", "HOURS"}}
		for _, v := range facet.Values {
			name := screen.Clean(v.called())
			if screen.IsTerminal(w) {
				name = screen.Short(name, screen.Width(w)/2)
			}
			rows = append(rows, []string{name, screen.Number(v.Calls), percent(v.Calls, facet.calls), hours(v.Seconds)})
		}
		if facet.Others > 0 {
			rows = append(rows, []string{fmt.Sprintf("and %s more; --limit 0 shows all", screen.Number(facet.Others))})
		}
		screen.Printf(w, "\n")
		if err := screen.Ranking(w, rows); err != nil {
			return err
		}
	}
	return nil
}

// ranked is a field with the values that most calls have.
type ranked struct {
	Field  string   `json:"field"`
	Values []Valued `json:"values"`
	Others int      `json:"others"` // values that are not here

	title string
	calls int
}

// Valued is the calls with one value of a field.
type Valued struct {
	Value   string `json:"value"` // as in documents; empty for calls without one
	Name    string `json:"name,omitempty"`
	Calls   int    `json:"calls"`
	Seconds int64  `json:"seconds"`

	isShared bool // the name
}

func (v Valued) called() string {
	switch {
	case v.isShared:
		return fmt.Sprintf("%s (%s)", v.Name, v.Value)
	case v.Value == "":
		return "none"
	}
	return cmp.Or(v.Name, v.Value)
}

// ranked are the fields with their values.
func (f *Figures) ranked() (all []ranked) {
	for _, facet := range facets {
		bars := f.view.Facets[facet.facet]
		r := ranked{Field: facet.field, title: facet.title, Values: []Valued{}}
		called := make(map[string]int)
		for _, bar := range bars {
			r.calls += bar.Calls
			called[f.names.Of(facet.names, bar.Value)]++
		}
		if f.Most > 0 {
			r.Others = max(0, len(bars)-f.Most)
		}
		for _, bar := range bars[:len(bars)-r.Others] {
			name := f.names.Of(facet.names, bar.Value)
			r.Values = append(r.Values, Valued{bar.Value, name, bar.Calls, bar.Seconds, name != "" && called[name] > 1})
		}
		all = append(all, r)
	}
	return all
}

// object is the figures as the web page has them.
func (f *Figures) object() any {
	type period struct {
		From *time.Time `json:"from"` // null where it is open
		To   *time.Time `json:"to"`
		callvault.Figures
	}
	of := func(span when.Span, figures callvault.Figures) *period {
		p := period{Figures: figures}
		if !span.From.IsZero() {
			p.From = &span.From
		}
		if !span.To.IsZero() {
			p.To = &span.To
		}
		return &p
	}
	answer := struct {
		Figures *period  `json:"figures"`
		Earlier *period  `json:"earlier"` // null where there is none
		Facets  []ranked `json:"facets"`
	}{Figures: of(f.Span, f.view.Figures), Facets: f.ranked()}
	if !f.earlier.From.IsZero() {
		answer.Earlier = of(f.earlier, f.view.Earlier)
	}
	return answer
}

// hours are seconds in hours, with a tenth.
func hours(seconds int64) string {
	tenths := (seconds + 180) / 360
	return fmt.Sprintf("%s.%d", screen.Number(int(tenths/10)), tenths%10)
}

const none = "-" // in place of what can't be said

func median(f callvault.Figures) string {
	if f.Timed == 0 {
		return none
	}
	return screen.Length(int64(math.Round(f.Median)))
}

func share(part, whole int) float64 { return math.Round(100 * float64(part) / float64(whole)) }

func percent(part, whole int) string {
	if whole == 0 {
		return none
	}
	return fmt.Sprintf("%.0f %%", share(part, whole))
}

// change is by how much a figure differs from before.
func change(now, before float64) string {
	if before == 0 {
		return none
	}
	return fmt.Sprintf("%s %%", signed(math.Round(100*(now-before)/before)))
}

// points are by how many of a hundred the shares with outsiders differ.
func points(now, before callvault.Figures) string {
	if now.Scoped == 0 || before.Scoped == 0 {
		return none
	}
	return fmt.Sprintf("%s points", signed(share(now.Outside, now.Scoped)-share(before.Outside, before.Scoped)))
}

func signed(n float64) string {
	if n == 0 {
		return "±0"
	}
	if n < 0 {
		return "-" + screen.Number(int(-n))
	}
	return "+" + screen.Number(int(n))
}
