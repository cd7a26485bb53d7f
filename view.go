package callvault

import (
	"cmp"
	"context"
	"slices"

	"github.com/callvault/callvault/gong"
)

// Facet is a field by whose values a View divides calls.
type Facet int

// The facets.
const (
	BySystem Facet = iota
	ByDirection
	ByScope
	ByHost
	ByWorkspace

	facets = iota
)

// ViewQuery asks what happened in a range: of calls of a query that a filter selects.
type ViewQuery struct {
	Query
	Filter Filter

	// Earlier is the range whose figures are compared; an empty one has no figures.
	Earlier Range

	// Units are the times at which the units of the chart begin: they ascend, the first is the
	// range's start. Stack is the facet that divides each.
	Units []Time
	Stack Facet

	// Calls asks for up to Limit calls that stand after Before in the order of the list, which
	// is from the newest, or from the longest; none where Limit is 0.
	Longest bool
	Before  *Place
	Limit   int
}

// Place is where a call stands in a list.
type Place struct {
	Position
	Duration int64 // in seconds, -1 for null; not read in a list from the newest
}

// View is the answer to a ViewQuery, of one moment.
type View struct {
	Number  int64 // the company's Latest
	Figures Figures
	Earlier Figures
	Units   [][]Bar       // of each unit its values, in order of the value
	Facets  [facets][]Bar // of each its values, those with the most calls first; its own part of the filter does not count
	Calls   []Record      // whose documents are the caller's
	More    bool          // calls follow
}

// Figures are what calls come to.
type Figures struct {
	Calls   int
	Timed   int     // calls with a duration
	Seconds int64   // of these together
	Median  float64 // of their durations, in seconds; 0 without any
	Outside int     // calls whose scope is External
	Scoped  int     // calls whose scope is External or Internal
}

// Bar is the calls with one value of a facet.
type Bar struct {
	Value   string // as in documents; "" is null
	Calls   int
	Seconds int64
}

// ObviousView answers a ViewQuery by a look at each document. It is the law that engines are
// compared with.
func ObviousView(ctx context.Context, from Reads, q ViewQuery) (v View, err error) {
	w := obvious{q: q, units: make([]map[string]*Bar, len(q.Units))}
	all := q.Query
	if q.Earlier.From < q.Earlier.To {
		all.From, all.To = min(all.From, q.Earlier.From), max(all.To, q.Earlier.To)
	}
	if v.Number, err = from.Latest(ctx); err != nil {
		return v, err
	}
	if err := from.Scan(ctx, all, all.Start(), -1, w.meet); err != nil {
		return v, err
	}
	v.Figures, v.Earlier = w.figures(w.here, w.lengths), w.figures(w.earlier, w.earlierLengths)
	for _, unit := range w.units {
		v.Units = append(v.Units, bars(unit, func(a, b Bar) int { return cmp.Compare(a.Value, b.Value) }))
	}
	for facet := range v.Facets {
		v.Facets[facet] = bars(w.facets[facet], func(a, b Bar) int {
			return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Value, b.Value))
		})
	}
	v.Calls, v.More = w.list()
	return v, nil
}

// obvious is a walk over all calls of a ViewQuery.
type obvious struct {
	q                       ViewQuery
	here, earlier           Figures
	lengths, earlierLengths []int64
	units                   []map[string]*Bar
	facets                  [facets]map[string]*Bar
	calls                   []listed
}

type listed struct {
	Record
	duration int64
}

func (w *obvious) meet(r Record) error {
	d, err := gong.ParseCall(r.Document)
	if err != nil {
		return err
	}
	misses := w.q.Filter.misses(&r.Call)
	if misses == 0 && w.q.Earlier.From <= r.Time && r.Time < w.q.Earlier.To {
		count(&w.earlier, &w.earlierLengths, &d)
	}
	if !w.q.Has(&r.Call) {
		return nil
	}
	for facet := range Facet(facets) {
		if misses&^(1<<facet) == 0 {
			addBar(&w.facets[facet], valueOf(facet, &d), &d)
		}
	}
	if misses != 0 {
		return nil
	}
	count(&w.here, &w.lengths, &d)
	if unit, found := slices.BinarySearch(w.q.Units, r.Time); found || unit > 0 {
		if !found {
			unit--
		}
		addBar(&w.units[unit], valueOf(w.q.Stack, &d), &d)
	}
	c := listed{r, -1}
	if d.Duration != nil {
		c.duration = *d.Duration
	}
	c.Document = slices.Clone(r.Document)
	w.calls = append(w.calls, c)
	return nil
}

// list is the calls of the list that stand after the place of the query.
func (w *obvious) list() (calls []Record, more bool) {
	compare := func(a, b listed) int {
		if turn := cmp.Compare(b.duration, a.duration); turn != 0 && w.q.Longest {
			return turn
		}
		return b.Position().Compare(a.Position())
	}
	slices.SortFunc(w.calls, compare)
	for _, c := range w.calls {
		if p := w.q.Before; p != nil && compare(c, listed{Record{Call: Call{ID: p.ID, Time: p.Time}}, p.Duration}) <= 0 {
			continue
		}
		if len(calls) == w.q.Limit {
			return calls, true
		}
		calls = append(calls, c.Record)
	}
	return calls, false
}

func (w *obvious) figures(f Figures, lengths []int64) Figures {
	if n := len(lengths); n > 0 {
		slices.Sort(lengths)
		f.Median = (float64(lengths[(n-1)/2]) + float64(lengths[n/2])) / 2
	}
	return f
}

func count(f *Figures, lengths *[]int64, d *gong.Call) {
	f.Calls++
	if d.Duration != nil {
		f.Timed, f.Seconds = f.Timed+1, f.Seconds+*d.Duration
		*lengths = append(*lengths, *d.Duration)
	}
	if d.Scope != nil && *d.Scope == gong.External {
		f.Outside++
	}
	if d.Scope != nil && (*d.Scope == gong.External || *d.Scope == gong.Internal) {
		f.Scoped++
	}
}

func addBar(to *map[string]*Bar, value string, d *gong.Call) {
	if *to == nil {
		*to = make(map[string]*Bar)
	}
	b := (*to)[value]
	if b == nil {
		b = &Bar{Value: value}
		(*to)[value] = b
	}
	b.Calls++
	if d.Duration != nil {
		b.Seconds += *d.Duration
	}
}

func bars(of map[string]*Bar, order func(a, b Bar) int) (bars []Bar) {
	for _, b := range of {
		bars = append(bars, *b)
	}
	slices.SortFunc(bars, order)
	return bars
}

// valueOf is the value of a call's field, or "" for null.
func valueOf(facet Facet, d *gong.Call) string {
	switch facet {
	case ByDirection:
		return text(d.Direction)
	case ByScope:
		return text(d.Scope)
	case BySystem:
		return text(d.System)
	case ByHost:
		return text(d.PrimaryUserID)
	}
	return text(d.WorkspaceID)
}

func text[T ~string](value *T) string {
	if value == nil {
		return ""
	}
	return string(*value)
}
