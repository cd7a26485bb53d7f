package callvault

import (
	"bytes"
	"cmp"
	"errors"
	"iter"
	"slices"
)

// FactRows are the rows of a company's facts within a transaction. It is for engines.
type FactRows interface {
	// FactRow returns the last row that begins at or before a position, or else the first one,
	// and where the next one begins. Both are zero where there is none. The rows of later
	// positions, which ascend, are likely to be asked for next.
	FactRow(at Position, later iter.Seq[Position]) (row FactRow, next Position, err error)

	// ReplaceFacts writes rows in place of the one that begins at a position, or beside the
	// others if it is zero.
	ReplaceFacts(start Position, rows []FactRow) error
}

// maxFactRow is the most bytes of a row of several calls: it then lies on one page of SQLite,
// and PostgreSQL keeps it in two pieces.
const maxFactRow = 4000

// FactChange is what a transaction does to calls, in its order. It is for engines.
type FactChange struct {
	facts  []fact
	titles []byte
	names  []*Named // that the facts have by their places, from 1
}

// fact is a call that is there now, or gone: then it has no title. It has no pointers, which
// the collector of garbage would follow in each of them.
type fact struct {
	record   [recordSize]byte
	names    [nameFields]int32
	from, to int // of the title
}

func (f *fact) place() []byte { return f.record[:placeSize] }

// Grow makes room for changes.
func (c *FactChange) Grow(n int) { c.facts = slices.Grow(c.facts, n) }

// Len is how many changes are not applied.
func (c *FactChange) Len() int { return len(c.facts) }

// Add takes a call that is there now, also into a tally of names, which have their numbers when
// the change is applied.
func (c *FactChange) Add(call *Call, tally *NameTally) {
	f := fact{from: len(c.titles)}
	var names rawNames
	f.record, names, c.titles = appendFacts(c.titles, call)
	for field, name := range tally.add(call, names) {
		if name == nil {
			continue
		}
		if name.place == 0 {
			c.names = append(c.names, name)
			name.place = int32(len(c.names))
		}
		f.names[field] = name.place
	}
	f.to = len(c.titles)
	c.facts = append(c.facts, f)
}

// Remove takes the position of a call that is gone.
func (c *FactChange) Remove(p Position) {
	at := placeOf(p)
	f := fact{}
	copy(f.record[:], at[:])
	c.facts = append(c.facts, f)
}

var errManyNames = errors.New("the company has more than 16,777,215 hosts, workspaces and systems together; import fewer into one company")

// Apply writes the change to the rows, and forgets it.
func (c *FactChange) Apply(rows FactRows) error {
	for i := range c.facts {
		f := &c.facts[i]
		for field, place := range f.names {
			if place == 0 {
				continue
			}
			number := c.names[place-1].Number
			if number > maxNumber {
				return errManyNames
			}
			put24(f.record[namesAt+3*field:], number)
		}
	}
	facts := inOrder(c.facts)
	for len(facts) > 0 {
		n, err := c.merge(rows, facts)
		if err != nil {
			return err
		}
		facts = facts[n:]
	}
	for _, name := range c.names {
		name.place = 0
	}
	c.facts, c.titles, c.names = c.facts[:0], c.titles[:0], c.names[:0]
	return nil
}

// inOrder are the last facts of each position, in order.
func inOrder(facts []fact) []fact {
	compare := func(a, b *fact) int { return bytes.Compare(a.place(), b.place()) }
	isInOrder := true
	for i := 1; i < len(facts) && isInOrder; i++ {
		isInOrder = compare(&facts[i-1], &facts[i]) < 0
	}
	if isInOrder {
		return facts
	}
	order := make([]int, len(facts))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(compare(&facts[a], &facts[b]), a-b) })
	sorted := make([]fact, 0, len(facts))
	for i, n := range order {
		if i+1 == len(order) || compare(&facts[n], &facts[order[i+1]]) != 0 {
			sorted = append(sorted, facts[n])
		}
	}
	return sorted
}

// merge writes the first facts to the row that they belong to, and tells how many there were. A
// row that gets small takes the next one in.
func (c *FactChange) merge(rows FactRows, facts []fact) (n int, err error) {
	row, next, err := rows.FactRow(positionIn(facts[0].place()), positionsOf(facts[1:]))
	if err != nil {
		return 0, err
	}
	var m merger
	starts := []Position{row.Start}
	for {
		end := placeOf(next)
		until := n
		for until < len(facts) && (next == Position{} || bytes.Compare(facts[until].place(), end[:]) < 0) {
			until++
		}
		m.merge(&row, facts[n:until], c.titles)
		n = until
		if m.size >= maxFactRow/4 || m.size == 0 || next == (Position{}) {
			break
		}
		if row, next, err = rows.FactRow(next, positionsOf(facts[n:])); err != nil {
			return 0, err
		}
		starts = append(starts, row.Start)
	}
	for _, start := range starts[1:] {
		if err := rows.ReplaceFacts(start, nil); err != nil {
			return 0, err
		}
	}
	pieces := m.cut(next == Position{})
	if len(starts) == 1 && len(pieces) > 0 && pieces[0].isSame(&row) {
		pieces, starts[0] = pieces[1:], Position{}
		if len(pieces) == 0 {
			return n, nil
		}
	}
	return n, rows.ReplaceFacts(starts[0], pieces)
}

func positionsOf(facts []fact) iter.Seq[Position] {
	return func(yield func(Position) bool) {
		for i := range facts {
			if !yield(positionIn(facts[i].place())) {
				return
			}
		}
	}
}

func (r *FactRow) isSame(as *FactRow) bool {
	return bytes.Equal(r.Records, as.Records) && bytes.Equal(r.Titles, as.Titles)
}

// merger collects the calls of rows.
type merger struct {
	records, titles []byte
	sizes           []int // of the titles
	size            int
}

// merge adds the calls of a row as facts with these lines change them.
func (m *merger) merge(row *FactRow, facts []fact, lines []byte) {
	records, titles := row.Records, row.Titles
	for len(records) >= recordSize || len(facts) > 0 {
		turn := 1
		switch {
		case len(facts) == 0:
			turn = -1
		case len(records) >= recordSize:
			turn = bytes.Compare(records[:placeSize], facts[0].place())
		}
		if turn <= 0 {
			end := bytes.IndexByte(titles, '\n') + 1
			if turn < 0 {
				m.add(records[:recordSize], titles[:end])
			}
			records, titles = records[recordSize:], titles[end:]
		}
		if turn >= 0 {
			if f := &facts[0]; f.from < f.to {
				m.add(f.record[:], lines[f.from:f.to])
			}
			facts = facts[1:]
		}
	}
}

func (m *merger) add(record, title []byte) {
	m.records, m.titles = append(m.records, record...), append(m.titles, title...)
	m.sizes = append(m.sizes, len(title))
	m.size += recordSize + len(title)
}

// cut makes rows of the calls: of the last ones full ones, for those that follow, and of others
// equal ones, which have room.
func (m *merger) cut(isLast bool) (rows []FactRow) {
	bound := maxFactRow
	if n := (m.size + maxFactRow - 1) / maxFactRow; n > 1 && !isLast {
		bound = m.size/n + 1
	}
	for first := 0; first < len(m.sizes); {
		n, titles, size := 0, 0, 0
		for _, title := range m.sizes[first:] {
			if n > 0 && (size >= bound || size+recordSize+title > maxFactRow) {
				break
			}
			n, titles, size = n+1, titles+title, size+recordSize+title
		}
		row := FactRow{Records: m.records[:n*recordSize], Titles: m.titles[:titles]}
		row.Start = positionIn(row.Records)
		rows = append(rows, row)
		m.records, m.titles, first = m.records[n*recordSize:], m.titles[titles:], first+n
	}
	return rows
}
