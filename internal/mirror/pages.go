package mirror

import (
	"context"
	"encoding/json"
	"slices"
	"sort"
	"time"

	"github.com/callvault/callvault"
)

const (
	pageSize  = 100 // calls on a page of the API
	pageCalls = 90  // that a page of the sweep has when it is cut
)

// page is a stretch of history that one request reads. It ends where the next one begins, and
// the last one at W.
type page struct {
	from callvault.Time
	read time.Time // when it was last read, by the upstream's clock
}

// pages are the pages of the covered history, in order of time.
type pages []page

// pageValue is a page as it is kept.
type pageValue struct {
	Read time.Time `json:"read"`
}

func (p *pages) parse(key string, value []byte) error {
	from, err := parseTimeKey(key)
	if err != nil {
		return err
	}
	var v pageValue
	if err := json.Unmarshal(value, &v); err != nil {
		return err
	}
	*p = append(*p, page{from, v.Read}) // keys come in order
	return nil
}

// at is the place of the page that a time falls into, -1 before the first.
func (p pages) at(t callvault.Time) int {
	return sort.Search(len(p), func(i int) bool { return p[i].from > t }) - 1
}

// overlapping are the places [i, j) of the pages that a range overlaps.
func (p pages) overlapping(r callvault.Range) (i, j int) {
	if r.From >= r.To {
		return 0, 0
	}
	return max(0, p.at(r.From)), p.at(r.To-1) + 1
}

// span is the range of the page at a place, when history ends at w.
func (p pages) span(i int, w callvault.Time) callvault.Range {
	r := callvault.Range{From: p[i].from, To: w}
	if i+1 < len(p) {
		r.To = p[i+1].from
	}
	return r
}

// unread is the first page from a place on, around the end of [lo, hi), that was not read
// since a time, or by a clock that was ahead; -1 if all were.
func (p pages) unread(lo, hi, start int, since time.Time, isAhead func(time.Time) bool) int {
	for n := range hi - lo {
		i := lo + (start-lo+n)%(hi-lo)
		if p[i].read.Before(since) || isAhead(p[i].read) {
			return i
		}
	}
	return -1
}

// cut replaces the pages of a range by those that begin at the cuts. What a range does not
// overlap stays.
func (m *Mirror) cut(r callvault.Range, cuts []callvault.Time, read time.Time) {
	lo := sort.Search(len(m.pages), func(i int) bool { return m.pages[i].from >= r.From })
	hi := sort.Search(len(m.pages), func(i int) bool { return m.pages[i].from >= r.To })
	fresh := make(pages, len(cuts))
	for i, from := range cuts {
		fresh[i] = page{from, read}
		m.keep("span/"+timeKey(from), pageValue{read})
	}
	for _, old := range m.pages[lo:hi] {
		if !slices.Contains(cuts, old.from) {
			m.forget("span/" + timeKey(old.from))
		}
	}
	m.pages = slices.Replace(m.pages, lo, hi, fresh...)
}

// recut cuts a range that begins where a page begins into pages of about 90 of our calls.
func (m *Mirror) recut(ctx context.Context, r callvault.Range, read time.Time) error {
	count, err := m.calls.Count(ctx, callvault.Query{Range: r})
	if err != nil {
		return err
	}
	parts := max(1, (count+pageCalls-1)/pageCalls)
	return m.cutEvery(ctx, r, (count+parts-1)/parts, read)
}

// cutEvery cuts a range that begins where a page begins into pages of so many of our calls, of
// which the last may have fewer. Calls of one instant stay on one page.
func (m *Mirror) cutEvery(ctx context.Context, r callvault.Range, each int, read time.Time) error {
	cuts := []callvault.Time{r.From}
	n, last := 0, r.From
	err := m.calls.Scan(ctx, callvault.Query{Range: r}, r.Start(), -1, func(record callvault.Record) error {
		if n >= each && record.Time != last {
			cuts = append(cuts, record.Time)
			n = 0
		}
		n++
		last = record.Time
		return nil
	})
	if err != nil {
		return err
	}
	m.cut(r, cuts, read)
	return nil
}

// wasRead marks the page at a place as read, and cuts it again when it has become too large for
// one request, or so small that it fits on the next.
func (m *Mirror) wasRead(ctx context.Context, i int, now time.Time) error {
	r := m.pages.span(i, m.w())
	m.pages[i].read = now
	m.keep("span/"+timeKey(r.From), pageValue{now})
	count, err := m.calls.Count(ctx, callvault.Query{Range: r})
	if err != nil {
		return err
	}
	if count > pageSize {
		return m.recut(ctx, r, now)
	}
	if i+1 >= len(m.pages) || m.pages[i+1].from >= m.w() || count > pageCalls/2 {
		return nil
	}
	both := callvault.Range{From: r.From, To: m.pages.span(i+1, m.w()).To}
	if count, err = m.calls.Count(ctx, callvault.Query{Range: both}); err == nil && count <= pageCalls {
		// The next one may not have been read in this round: both are read with it.
		m.cut(both, []callvault.Time{r.From}, m.pages[i+1].read)
	}
	return err
}

// advance moves W on after an answer that confirms the clock. It cuts the last page when that has
// become too large: into full pages and a rest that grows, because two halves would stay halves.
func (m *Mirror) advance(ctx context.Context) error {
	if !m.clock.heard {
		return nil
	}
	m.clock.heard = false
	w := m.edge.advance(m.up(), m.warm.Read)
	if w.Equal(m.edge.W) {
		return nil
	}
	first := m.edge.W.IsZero()
	m.edge.W = w
	m.keep("edge", m.edge)
	if first {
		m.backfill = backfillState{C: w}
		m.keep("backfill", m.backfill)
		m.cut(callvault.Range{From: m.w(), To: m.w() + 1}, []callvault.Time{m.w()}, m.up())
		return nil
	}
	tail := m.pages.span(len(m.pages)-1, m.w())
	count, err := m.calls.Count(ctx, callvault.Query{Range: tail})
	if err != nil || count <= pageSize {
		return err
	}
	return m.cutEvery(ctx, tail, pageCalls, m.pages[len(m.pages)-1].read)
}
