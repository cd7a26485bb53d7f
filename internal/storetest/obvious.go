package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// ObviousView answers a ViewQuery by a look at each document. It is the law that engines are
// compared with.
func ObviousView(ctx context.Context, from callvault.Reads, q callvault.ViewQuery) (v callvault.View, err error) {
	w := obvious{q: q, units: make([]map[string]*callvault.Bar, len(q.Units))}
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
		v.Units = append(v.Units, bars(unit, func(a, b callvault.Bar) int { return cmp.Compare(a.Value, b.Value) }))
	}
	for facet := range v.Facets {
		v.Facets[facet] = bars(w.facets[facet], func(a, b callvault.Bar) int {
			return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Value, b.Value))
		})
	}
	v.Calls, v.More = w.list()
	return v, nil
}

// WantView reports where a view, of the store or of calls that came one by one, is another one
// than that of a look at each document.
func WantView(t testing.TB, reads callvault.Reads, q callvault.ViewQuery) callvault.View {
	t.Helper()
	want, err := ObviousView(t.Context(), reads, q)
	if err != nil {
		t.Fatal(err)
	}
	got, err := reads.View(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	same(t, fmt.Sprintf("the view of %+v", q), got, want)
	var facts callvault.CallFacts
	err = reads.Scan(t.Context(), all(), all().Start(), -1, func(r callvault.Record) error { return facts.Add(&r.Call) })
	if err != nil {
		t.Fatal(err)
	}
	want.Number, want.Calls, want.More = 0, nil, false
	same(t, fmt.Sprintf("the view of calls that came one by one, of %+v", q), facts.View(q), want)
	return got
}

// obvious is a walk over all calls of a ViewQuery.
type obvious struct {
	q                       callvault.ViewQuery
	here, earlier           callvault.Figures
	lengths, earlierLengths []int64
	units                   []map[string]*callvault.Bar
	facets                  [facets]map[string]*callvault.Bar
	calls                   []timedCall
}

type timedCall struct {
	callvault.Record
	duration int64
}

func (w *obvious) meet(r callvault.Record) error {
	d, err := gong.ParseCall(r.Document)
	if err != nil {
		return err
	}
	filter, values := w.q.Filter, valuesOf(&d)
	isIn := filter.Has(&r.Call)
	if isIn && w.q.Earlier.From <= r.Time && r.Time < w.q.Earlier.To {
		addUp(&w.earlier, &w.earlierLengths, &d)
	}
	if !w.q.Has(&r.Call) {
		return nil
	}
	for facet, value := range values {
		if others := without(filter, callvault.Facet(facet)); others.Has(&r.Call) {
			addBar(&w.facets[facet], value, &d)
		}
	}
	if !isIn {
		return nil
	}
	addUp(&w.here, &w.lengths, &d)
	if unit, found := slices.BinarySearch(w.q.Units, r.Time); found || unit > 0 {
		if !found {
			unit--
		}
		addBar(&w.units[unit], values[w.q.Stack], &d)
	}
	c := timedCall{r, -1}
	if d.Duration != nil {
		c.duration = *d.Duration
	}
	c.Document = slices.Clone(r.Document)
	w.calls = append(w.calls, c)
	return nil
}

// without is a filter without its part for a facet.
func without(f callvault.Filter, facet callvault.Facet) callvault.Filter {
	switch facet {
	case callvault.BySystem:
		f.Systems = nil
	case callvault.ByDirection:
		f.Directions = nil
	case callvault.ByScope:
		f.Scopes = nil
	case callvault.ByHost:
		f.Hosts = nil
	case callvault.ByWorkspace:
		f.Workspaces = nil
	}
	return f
}

// valuesOf are the values of a call's fields, or "" for null. Of long ones a part counts.
func valuesOf(d *gong.Call) (values [facets]string) {
	set := func(facet callvault.Facet, value *string) {
		if value != nil {
			values[facet] = string([]rune(*value)[:min(callvault.MaxName, utf8.RuneCountInString(*value))])
		}
	}
	set(callvault.BySystem, d.System)
	set(callvault.ByDirection, (*string)(d.Direction))
	set(callvault.ByScope, (*string)(d.Scope))
	set(callvault.ByHost, d.PrimaryUserID)
	set(callvault.ByWorkspace, d.WorkspaceID)
	return values
}

const facets = len(callvault.View{}.Facets)

// list is the calls of the list that stand after the place of the query.
func (w *obvious) list() (calls []callvault.Record, more bool) {
	compare := func(a, b timedCall) int {
		if turn := cmp.Compare(b.duration, a.duration); turn != 0 && w.q.Longest {
			return turn
		}
		return b.Position().Compare(a.Position())
	}
	slices.SortFunc(w.calls, compare)
	for _, c := range w.calls {
		if p := w.q.Before; p != nil && compare(c, timedCall{callvault.Record{Call: callvault.Call{ID: p.ID, Time: p.Time}}, p.Duration}) <= 0 {
			continue
		}
		if len(calls) == w.q.Limit {
			return calls, true
		}
		calls = append(calls, c.Record)
	}
	return calls, false
}

func (w *obvious) figures(f callvault.Figures, lengths []int64) callvault.Figures {
	if n := len(lengths); n > 0 {
		slices.Sort(lengths)
		f.Median = (float64(lengths[(n-1)/2]) + float64(lengths[n/2])) / 2
	}
	return f
}

func addUp(f *callvault.Figures, lengths *[]int64, d *gong.Call) {
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

func addBar(to *map[string]*callvault.Bar, value string, d *gong.Call) {
	if *to == nil {
		*to = make(map[string]*callvault.Bar)
	}
	b := (*to)[value]
	if b == nil {
		b = &callvault.Bar{Value: value}
		(*to)[value] = b
	}
	b.Calls++
	if d.Duration != nil {
		b.Seconds += *d.Duration
	}
}

func bars(of map[string]*callvault.Bar, order func(a, b callvault.Bar) int) (bars []callvault.Bar) {
	for _, b := range of {
		bars = append(bars, *b)
	}
	slices.SortFunc(bars, order)
	return bars
}
