package callvault

import (
	"bytes"
	"cmp"
	"slices"
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
	Calls   int     `json:"calls"`
	Timed   int     `json:"timed"`   // calls with a duration
	Seconds int64   `json:"seconds"` // of these together
	Median  float64 `json:"median"`  // of their durations, in seconds; 0 without any
	Outside int     `json:"outside"` // calls whose scope is External
	Scoped  int     `json:"scoped"`  // calls whose scope is External or Internal
}

// Bar is the calls with one value of a facet.
type Bar struct {
	Value   string `json:"value"` // as in documents; "" is null
	Calls   int    `json:"calls"`
	Seconds int64  `json:"seconds"`
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

// rank is the first part of the order of the list, the greatest first.
func (w *factWalk) rank(at Time, duration int64) int64 {
	if w.q.Longest {
		return duration
	}
	return int64(at)
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
		w.least = w.rank(timeIn(w.last.place[:]), w.last.duration)
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

// term is a word that the texts of calls must have, or a number that may be the id instead.
type term struct {
	word []byte
	id   []byte // as records have it, or nil
}

// match finds the calls of a row that have all terms. The first is looked for in all lines at once,
// and the others in the lines that have it.
func (w *factWalk) match(row *FactRow, n int) {
	w.matches = append(w.matches[:0], make([]bool, n)...)
	record := func(i int) []byte { return row.Records[i*recordSize : (i+1)*recordSize] }
	first := &w.terms[0]
	for i := 0; first.id != nil && i < n; i++ {
		if first.isIn(record(i)) {
			w.matches[i] = w.hasOthers(record(i), lineOf(row.Titles, i))
		}
	}
	lines := row.Titles
	i, begin, end := -1, 0, 0 // of a line
	for at := 0; at < len(lines); {
		found := bytes.Index(lines[at:], first.word)
		if found < 0 {
			return
		}
		if at += found; at >= end {
			if i, begin, end = i+1, end, end+bytes.IndexByte(lines[end:], '\n')+1; at >= end {
				i += 1 + bytes.Count(lines[end:at], []byte{'\n'})
				begin, end = bytes.LastIndexByte(lines[:at], '\n')+1, at+bytes.IndexByte(lines[at:], '\n')+1
			}
		}
		if !isWord(lines, at) {
			at++
			continue
		}
		w.matches[i] = len(w.terms) == 1 || w.hasOthers(record(i), lines[begin:end])
		at = end
	}
}

func (t *term) isIn(record []byte) bool {
	return t.id != nil && bytes.Equal(record[idAt:placeSize], t.id)
}

// hasOthers tells whether a call has the terms behind the first.
func (w *factWalk) hasOthers(record, line []byte) bool {
	for i := range w.terms[1:] {
		if t := &w.terms[1+i]; !t.isIn(record) && !beginsWord(line, t.word) {
			return false
		}
	}
	return true
}

// beginsWord tells whether a text begins words of a line.
func beginsWord(line, text []byte) bool {
	for at := 0; ; at++ {
		found := bytes.Index(line[at:], text)
		if found < 0 {
			return false
		}
		if at += found; isWord(line, at) {
			return true
		}
	}
}

// isWord tells whether a word begins in a line, where there is a letter or a digit. What stands
// behind the texts is none.
func isWord(line []byte, at int) bool {
	return at == 0 || line[at-1] == ' ' || line[at-1] == clientTab || line[at-1] == '\n'
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

// CallFacts are facts of calls that come from anywhere, such as a list, for views of them. The
// zero CallFacts has none.
type CallFacts struct {
	rows  []FactRow
	names map[NameKey]int64
}

// Add takes a call.
func (f *CallFacts) Add(c *Call) error {
	if f.names == nil {
		f.names = make(map[NameKey]int64)
	}
	last := len(f.rows) - 1
	if last < 0 || len(f.rows[last].Records)+len(f.rows[last].Titles) >= maxFactRow {
		f.rows = append(f.rows, FactRow{Start: c.Position()})
		last++
	}
	row := &f.rows[last]
	record, names, titles := appendFacts(row.Titles, c)
	for field, name := range names {
		if len(name) == 0 {
			continue
		}
		key := NameKey{Field(field), string(name)}
		number, isKnown := f.names[key]
		if !isKnown {
			number = int64(len(f.names)) + 1
			f.names[key] = number
		}
		if number > maxNumber {
			return errManyNames
		}
		put24(record[namesAt+3*field:], number)
	}
	row.Records, row.Titles = append(row.Records, record[:]...), titles
	return nil
}

// View answers a query as a store does, but without calls.
func (f *CallFacts) View(q ViewQuery) (v View) {
	w := newWalk(q)
	for key, number := range f.names {
		_ = w.name(key, number) // it has no error
	}
	w.resolve()
	for _, within := range w.ranges() {
		for i := range f.rows {
			w.meet(within, &f.rows[i]) // nothing is wrong with rows that no one has kept
		}
	}
	w.answer(&v)
	return v
}
