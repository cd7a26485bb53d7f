package callvault

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"time"
)

// ViewRows is what ViewFacts needs of a company's rows, all of one moment. It is for engines.
type ViewRows interface {
	// Latest is that of Reads.
	Latest() (int64, error)

	// Count is that of Reads.
	Count(q Query) (int, error)

	// VisitNames visits the names with their numbers.
	VisitNames(visit func(key NameKey, number int64) error) error

	// VisitFacts visits the rows that hold the calls of a range, and perhaps others, the last
	// first. A row is valid until visit returns.
	VisitFacts(within Range, visit func(row *FactRow) error) error

	// VisitRecords is VisitFacts of rows that may lack their titles.
	VisitRecords(within Range, visit func(row *FactRow) error) error

	// Calls are the calls at some positions, verified. Their documents are the caller's.
	Calls(at []Position) ([]Record, error)
}

// ViewFacts answers a ViewQuery by one walk over facts, whatever the filter. It is for engines.
// If facts do not hold as many calls as are counted, it returns a *DamageError.
func ViewFacts(company string, rows ViewRows, q ViewQuery) (v View, err error) {
	if v.Number, err = rows.Latest(); err != nil {
		return v, err
	}
	visit := rows.VisitRecords
	if len(q.Filter.Words)+len(q.Filter.Numbers) > 0 {
		visit = rows.VisitFacts
	}
	w, err := walkFacts(company, rows, q, visit)
	if err == nil && w.lacksTitles {
		w, err = walkFacts(company, rows, q, rows.VisitFacts)
	}
	if err != nil {
		return v, err
	}
	if counted, err := rows.Count(q.Query); err != nil {
		return v, err
	} else if counted != w.inRange {
		return v, &DamageError{Company: company, Problem: fmt.Sprintf("%d calls counted, but facts of %d found", counted, w.inRange)}
	}
	w.answer(&v)
	var listed []Position
	for _, hit := range w.list(&v) {
		listed = append(listed, positionIn(hit.place[:]))
	}
	if len(listed) > 0 {
		v.Calls, err = rows.Calls(listed)
	}
	return v, err
}

func walkFacts(company string, rows ViewRows, q ViewQuery, visit func(Range, func(*FactRow) error) error) (*factWalk, error) {
	w := newWalk(q)
	if err := rows.VisitNames(w.name); err != nil {
		return nil, err
	}
	w.resolve()
	for _, within := range w.ranges() {
		err := visit(within, func(row *FactRow) error {
			if problem := w.meet(within, row); problem != "" {
				return &DamageError{Company: company, Problem: "of its facts from " + row.Start.Time.String() + ", " + problem}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return w, nil
}

// factWalk is a walk over facts.
type factWalk struct {
	q         ViewQuery
	names     []NameKey // by number
	misses    []uint8   // of each number the bit of its facet if the filter leaves it out
	nulls     [facets]uint8
	codes     [2][8]uint8 // misses of directions and scopes
	workspace int         // the number of the query's, or -1 for any
	terms     []term      // the longest word first, then numbers
	late      int64       // in minutes
	longer    int64       // in seconds

	lacksTitles   bool // a row had none, and they were needed
	inRange       int
	here, earlier measures
	byNumber      []sums // of systems, hosts and workspaces
	byNull        [facets]sums
	byCode        [2][8]sums
	unit          int
	units         [][]sums // of each the values of the stack, by their place in stacked
	stacked       []int    // numbers, or codes
	stackAt       []int32  // by number or code, from 1
	hits          []hit
	isFull        bool
	last          hit    // that may be one of the list, once it is full
	least         int64  // its rank, so that most others cost one comparison
	matches       []bool // of a row, the calls with all words
}

type sums struct {
	calls   int
	seconds int64
}

func (s *sums) add(duration int64) {
	s.calls++
	if duration > 0 {
		s.seconds += duration
	}
}

// hit is a call of the list.
type hit struct {
	place    place
	duration int64
}

// facetOf are the facets of fields that have names.
var facetOf = [nameFields]Facet{Hosts: ByHost, WorkspaceNames: ByWorkspace, Systems: BySystem}

func newWalk(q ViewQuery) *factWalk {
	w := &factWalk{q: q, workspace: -1, least: math.MinInt64, units: make([][]sums, len(q.Units))}
	w.name(NameKey{}, 0)
	for _, word := range q.Filter.Words {
		w.terms = append(w.terms, term{word: []byte(word)})
	}
	slices.SortStableFunc(w.terms, func(a, b term) int { return cmp.Compare(len(b.word), len(a.word)) })
	for _, digits := range q.Filter.Numbers {
		n := term{word: []byte(digits)}
		if id, err := ParseID(digits); err == nil {
			at := placeOf(Position{ID: id})
			n.id = at[idAt:]
		}
		w.terms = append(w.terms, n)
	}
	w.late, w.longer = int64(q.Filter.Late/time.Minute), int64(q.Filter.Longer/time.Second)
	if !q.Workspace.IsZero() {
		w.workspace = maxNumber + 1
	}
	return w
}

// name takes a name.
func (w *factWalk) name(key NameKey, number int64) error {
	if number < 0 || number > maxNumber || key.Field < 0 || key.Field >= nameFields {
		return nil // and facts with it are damaged
	}
	if n := int(number) + 1 - len(w.names); n > 0 {
		w.names = append(w.names, make([]NameKey, n)...)
	}
	w.names[number] = key
	return nil
}

// unknown is what the filter misses by a number without a name.
const unknown = 1 << 7

const namesNothing = "a number names nothing"

// resolve finds what the filter says of each value.
func (w *factWalk) resolve() {
	w.misses, w.byNumber = make([]uint8, len(w.names)), make([]sums, len(w.names))
	w.stackAt = make([]int32, max(len(w.names), len(w.codes[0])))
	for number, key := range w.names {
		if key.Name == "" {
			w.misses[number] = unknown
			continue
		}
		facet := facetOf[key.Field]
		if !w.q.Filter.Allows(facet, key.Value()) {
			w.misses[number] = 1 << facet
		}
		if facet == ByWorkspace && key.Name == w.q.Workspace.Key() {
			w.workspace = number
		}
	}
	for facet := range Facet(facets) {
		if !w.q.Filter.Allows(facet, "") {
			w.nulls[facet] = 1 << facet
		}
	}
	for i, values := range [][]string{directionNames, scopeNames} {
		for code, value := range values {
			if facet := codedFacets[i]; !w.q.Filter.Allows(facet, value) {
				w.codes[i][code] = 1 << facet
			}
		}
	}
}

var codedFacets = [2]Facet{ByDirection, ByScope}

// ranges are the spans that are walked, each once.
func (w *factWalk) ranges() []Range {
	here, earlier := w.q.Range, w.q.Earlier
	switch {
	case earlier.IsEmpty():
		return []Range{here}
	case here.IsEmpty():
		return []Range{earlier}
	case earlier.To < here.From || here.To < earlier.From:
		return []Range{here, earlier}
	}
	return []Range{{min(here.From, earlier.From), max(here.To, earlier.To)}}
}

// meet takes a row of a walk within a range, and tells what is wrong with it.
func (w *factWalk) meet(within Range, row *FactRow) (problem string) {
	n := len(row.Records) / recordSize
	if len(w.terms) > 0 {
		w.match(row, n)
	}
	q := &w.q
	filter := &q.Filter
	known := len(w.names)
	for i := range n {
		record := row.Records[i*recordSize : (i+1)*recordSize]
		at := timeIn(record)
		if at < within.From || at >= within.To {
			continue
		}
		host, workspace, system := get24(record[namesAt:]), get24(record[namesAt+3:]), get24(record[namesAt+6:])
		if host >= known || workspace >= known || system >= known {
			return namesNothing
		}
		if w.workspace >= 0 && workspace != w.workspace {
			continue
		}
		isHere := q.From <= at && at < q.To
		if isHere {
			w.inRange++
		}
		if len(w.terms) > 0 && !w.matches[i] {
			continue
		}
		duration, late := int64(get24(record[durationAt:])), int64(0)
		if duration >= tailed || w.late > 0 {
			duration, late = lengths(record, func() []byte {
				w.lacksTitles = w.lacksTitles || len(row.Titles) == 0
				return lineOf(row.Titles, i)
			})
		}
		flags := record[flagsAt]
		if w.longer > 0 && duration < w.longer || w.late > 0 && late < w.late ||
			filter.Private != nil && *filter.Private != (flags&privateFlag != 0) {
			continue
		}
		direction, scope := flags&(1<<scopeShift-1), flags>>scopeShift&3
		misses := w.missed(ByHost, host) | w.missed(ByWorkspace, workspace) | w.missed(BySystem, system) | w.codes[0][direction] | w.codes[1][scope]
		if misses&unknown != 0 {
			return namesNothing
		}
		if misses == 0 && q.Earlier.From <= at && at < q.Earlier.To {
			w.earlier.add(duration, scope)
		}
		if !isHere || misses&(misses-1) != 0 {
			continue
		}
		if misses != 0 { // a facet's own part of the filter does not count
			switch Facet(bits.TrailingZeros8(misses)) {
			case ByHost:
				w.addNamed(ByHost, host, duration)
			case ByWorkspace:
				w.addNamed(ByWorkspace, workspace, duration)
			case BySystem:
				w.addNamed(BySystem, system, duration)
			case ByDirection:
				w.byCode[0][direction].add(duration)
			case ByScope:
				w.byCode[1][scope].add(duration)
			}
			continue
		}
		w.addNamed(ByHost, host, duration)
		w.addNamed(ByWorkspace, workspace, duration)
		w.addNamed(BySystem, system, duration)
		w.byCode[0][direction].add(duration)
		w.byCode[1][scope].add(duration)
		w.here.add(duration, scope)
		if len(q.Units) > 0 {
			w.stack(at, [facets]int{BySystem: system, ByDirection: int(direction), ByScope: int(scope), ByHost: host, ByWorkspace: workspace}[q.Stack], duration)
		}
		if w.rank(at, duration) >= w.least {
			w.hit(hit{place(record[:placeSize]), duration})
		}
	}
	return ""
}

func (w *factWalk) missed(facet Facet, number int) uint8 {
	if number == 0 {
		return w.nulls[facet]
	}
	return w.misses[number]
}

func (w *factWalk) addNamed(facet Facet, number int, duration int64) {
	if number == 0 {
		w.byNull[facet].add(duration)
	} else {
		w.byNumber[number].add(duration)
	}
}

// lineOf is the line of a call of a row.
func lineOf(titles []byte, i int) []byte {
	for range i {
		titles = titles[bytes.IndexByte(titles, '\n')+1:]
	}
	line, _, _ := bytes.Cut(titles, []byte{'\n'})
	return line
}

// stack adds a call to its unit.
func (w *factWalk) stack(at Time, value int, duration int64) {
	units := w.q.Units
	for w.unit > 0 && at < units[w.unit] {
		w.unit--
	}
	for w.unit+1 < len(units) && at >= units[w.unit+1] {
		w.unit++
	}
	if at < units[w.unit] {
		return
	}
	place := int(w.stackAt[value]) - 1
	if place < 0 {
		place = len(w.stacked)
		w.stacked = append(w.stacked, value)
		w.stackAt[value] = int32(len(w.stacked))
	}
	unit := &w.units[w.unit]
	if n := place + 1 - len(*unit); n > 0 {
		*unit = append(*unit, make([]sums, n)...)
	}
	(*unit)[place].add(duration)
}
