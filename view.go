package callvault

import (
	"bytes"
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
	misses, values := w.q.Filter.misses(&r.Call), valuesOf(&r.Call, &d)
	if misses == 0 && w.q.Earlier.From <= r.Time && r.Time < w.q.Earlier.To {
		count(&w.earlier, &w.earlierLengths, &d)
	}
	if !w.q.Has(&r.Call) {
		return nil
	}
	for facet := range Facet(facets) {
		if misses&^(1<<facet) == 0 {
			addBar(&w.facets[facet], values[facet], &d)
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
		addBar(&w.units[unit], values[w.q.Stack], &d)
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

// valuesOf are the values of a call's fields, or "" for null. Long ones are names: see MaxName.
func valuesOf(c *Call, d *gong.Call) (values [facets]string) {
	for field, name := range namesOf(c) {
		values[facetOf[field]] = NameKey{Field(field), string(name)}.Value()
	}
	if d.Direction != nil {
		values[ByDirection] = string(*d.Direction)
	}
	if d.Scope != nil {
		values[ByScope] = string(*d.Scope)
	}
	return values
}

// valueOf is the value of a number or a code.
func (w *factWalk) valueOf(facet Facet, number int) string {
	switch {
	case number == 0:
		return ""
	case facet == ByDirection:
		return directionNames[number]
	case facet == ByScope:
		return scopeNames[number]
	}
	return w.names[number].Value()
}

// compare is the order of the list.
func (w *factWalk) compare(a, b hit) int {
	if turn := cmp.Compare(b.duration, a.duration); turn != 0 && w.q.Longest {
		return turn
	}
	return bytes.Compare(b.place[:], a.place[:])
}

// hit keeps a call if it may be one of the list. Twice as many are kept as are wanted, and one
// more, which tells whether others follow.
func (w *factWalk) hit(h hit) {
	if p := w.q.Before; p != nil && w.compare(h, hit{placeOf(p.Position), p.Duration}) <= 0 {
		return
	}
	if w.isFull && w.compare(w.last, h) <= 0 {
		return
	}
	if w.hits = append(w.hits, h); len(w.hits) > 2*(w.q.Limit+1) {
		slices.SortFunc(w.hits, w.compare)
		w.hits = w.hits[:w.q.Limit+1]
		w.isFull, w.last = true, w.hits[w.q.Limit]
	}
}

// list is the calls of the list.
func (w *factWalk) list(v *View) []hit {
	slices.SortFunc(w.hits, w.compare)
	if v.More = len(w.hits) > w.q.Limit; v.More {
		w.hits = w.hits[:w.q.Limit]
	}
	return w.hits
}

// answer fills in all but the calls.
func (w *factWalk) answer(v *View) {
	v.Figures, v.Earlier = w.here.figures(), w.earlier.figures()
	for _, unit := range w.units {
		var bars []Bar
		for place, s := range unit {
			bars = appendBar(bars, w.valueOf(w.q.Stack, w.stacked[place]), s)
		}
		slices.SortFunc(bars, func(a, b Bar) int { return cmp.Compare(a.Value, b.Value) })
		v.Units = append(v.Units, bars)
	}
	for facet, s := range w.byNull {
		v.Facets[facet] = appendBar(v.Facets[facet], "", s)
	}
	for number, s := range w.byNumber {
		if s.calls > 0 {
			facet := facetOf[w.names[number].Field]
			v.Facets[facet] = appendBar(v.Facets[facet], w.names[number].Value(), s)
		}
	}
	for i, facet := range codedFacets {
		for code, s := range w.byCode[i] {
			if s.calls > 0 {
				v.Facets[facet] = appendBar(v.Facets[facet], w.valueOf(facet, code), s)
			}
		}
	}
	for _, bars := range v.Facets {
		slices.SortFunc(bars, func(a, b Bar) int {
			return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Value, b.Value))
		})
	}
}

func appendBar(bars []Bar, value string, s sums) []Bar {
	if s.calls == 0 {
		return bars
	}
	return append(bars, Bar{value, s.calls, s.seconds})
}

// measures add up to figures.
type measures struct {
	f     Figures
	short [24 * 60 * 60]int32 // calls by their duration in seconds
	long  []int64             // durations of a day and more
}

func (m *measures) add(duration int64, scope byte) {
	m.f.Calls++
	if duration >= 0 {
		m.f.Timed, m.f.Seconds = m.f.Timed+1, m.f.Seconds+duration
		if duration < int64(len(m.short)) {
			m.short[duration]++
		} else {
			m.long = append(m.long, duration)
		}
	}
	switch scope {
	case externalScope:
		m.f.Outside++
		m.f.Scoped++
	case internalScope:
		m.f.Scoped++
	}
}

var internalScope, externalScope = codeOf(scopeNames, []byte("Internal")), codeOf(scopeNames, []byte("External"))

func (m *measures) figures() Figures {
	if n := m.f.Timed; n > 0 {
		slices.Sort(m.long)
		m.f.Median = (float64(m.nth((n-1)/2)) + float64(m.nth(n/2))) / 2
	}
	return m.f
}

// nth is the n-th duration, from 0, in their order.
func (m *measures) nth(n int) int64 {
	for duration, calls := range &m.short { // without a copy
		if n < int(calls) {
			return int64(duration)
		}
		n -= int(calls)
	}
	return m.long[n]
}
