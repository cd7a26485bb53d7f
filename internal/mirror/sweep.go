package mirror

import (
	"errors"
	"math"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
)

// Rule 3. A sweep reads every page of a stretch of history once a round, in golden order. It
// requests each page as [p, W): it compares the page's calls, and the total audits everything
// after p. So a move shows as soon as a page begins between its two places.
type sweep struct {
	name     string
	class    budget.Class
	from, to time.Duration // ages, from older to younger; 0 is without an end
	period   time.Duration
}

// sweeps overlap by at least one round, so that no call passes from one to the next unread.
var sweeps = [3]sweep{
	{"young", budget.Young, 8 * 24 * time.Hour, 0, 6 * time.Hour},
	{"mid", budget.Mid, 33 * 24 * time.Hour, 7 * 24 * time.Hour, 24 * time.Hour},
	{"old", budget.Old, 0, 30 * 24 * time.Hour, 24 * time.Hour},
}

// pagesMore is how many pages more than twice those that it began with a round reads at most:
// some may be cut in two, and some can't be read.
const pagesMore = 20

// evenly is the part of a period over which a round is spread.
const evenly = 0.9

func evenPart(period time.Duration) time.Duration {
	return time.Duration(evenly * float64(period))
}

// round is a round of a sweep as it is kept.
type round struct {
	Began time.Time `json:"began"` // by the upstream's clock; zero before the first
	Ended time.Time `json:"ended"` // zero while it is under way
	K     int       `json:"k"`     // pages when it began
	S     int       `json:"s"`     // the stride
	I     int       `json:"i"`     // pages read
}

// stretch is the range of a sweep whose round began at a time.
func (m *Mirror) stretch(s sweep, began time.Time) callvault.Range {
	r := m.covered()
	if s.from > 0 {
		r.From = max(r.From, callvault.FloorTime(began.Add(-s.from)))
	}
	if s.to > 0 {
		r.To = min(r.To, callvault.FloorTime(began.Add(-s.to)))
	}
	return r
}

// sweepDue is when the next page of a sweep is due: pages are spread evenly over the period.
func (m *Mirror) sweepDue(i int) time.Time {
	s, r := sweeps[i], &m.rounds[i]
	if m.head.At.IsZero() || m.warm.Read.IsZero() || !m.head.Visible {
		return never
	}
	stretch := m.stretch(s, m.up())
	if stretch.From >= stretch.To {
		return never
	}
	switch {
	case m.whole.wants(s.class):
		return time.Time{}
	case r.Began.IsZero() || m.isAhead(r.Began):
		return time.Time{}
	case !r.Ended.IsZero():
		return m.nextAfter(r.Began, s.period)
	}
	spread := float64(evenPart(m.period(s.period))) * float64(r.I) / float64(max(1, r.K))
	return r.Began.Add(min(time.Duration(spread), m.period(s.period)))
}

// sweepPage reads the next page of a sweep, and begins and ends its rounds.
func (t *thread) sweepPage(i int) error {
	s, r := sweeps[i], &t.rounds[i]
	key := "round/" + s.name
	if r.Began.IsZero() || t.isAhead(r.Began) || !r.Ended.IsZero() || t.whole.begins(s.class) {
		r.begin(t.up())
		lo, hi := t.pages.overlapping(t.stretch(s, r.Began))
		r.K = max(1, hi-lo)
		r.S = stride(r.K)
		t.keep(key, r)
	}
	lo, hi := t.pages.overlapping(t.stretch(s, r.Began))
	at := -1
	if hi > lo {
		at = t.pages.unread(lo, hi, lo+golden(r.I, r.S, r.K)*(hi-lo)/r.K, r.Began, t.isAhead)
	}
	if at < 0 || r.I > 2*r.K+pagesMore {
		r.Ended = t.up()
		t.keep(key, r)
		t.whole.done(s.class)
		return nil
	}
	span := t.pages.span(at, t.w())
	if span.From >= span.To {
		r.I++
		t.keep(key, r)
		return t.wasRead(t.ctx, at, t.up())
	}
	began := t.up()
	w := t.walk(s.class, callvault.Range{From: span.From, To: t.w()})
	err := w.through(span.To)
	if errors.Is(err, errEnded) {
		return err // nothing was read
	}
	if err != nil {
		r.I++ // another page is next, so that one that can't be read holds up no other
		t.keep(key, r)
		return err
	}
	r.I++
	t.keep(key, r)
	// Pages may have been cut meanwhile: all that lie within the span were read.
	if err := t.wereSwept(span, began); err != nil {
		return err
	}
	if err := t.commit(t.ctx); err != nil {
		return err
	}
	return t.audit(w.asked, w.total)
}

// begin begins a round.
func (r *round) begin(now time.Time) {
	r.Began, r.Ended, r.I = now, time.Time{}, 0
}

// wereSwept marks the pages that lie within a span as read.
func (t *thread) wereSwept(span callvault.Range, now time.Time) error {
	for i := t.pages.at(span.From); i >= 0 && i < len(t.pages) && t.pages[i].from < span.To; i++ {
		if t.pages[i].from < span.From {
			continue
		}
		if err := t.wasRead(t.ctx, i, now); err != nil {
			return err
		}
	}
	return nil
}

// stride is the step of a round of k pages in golden order: a number near 0.618 k that has no
// factor in common with k, so that each page is visited once. A step that is close to a simple
// fraction of k, as 277 of 450 is to 8 of 13, would come near the same places again and again,
// so that the nearest number whose continued fraction has small parts is taken. After m pages no
// gap between cuts is then longer than 2.5/m of the history.
func stride(k int) int {
	near := int(math.Round(float64(k) / math.Phi))
	for most := 2; ; most++ {
		for d := range k/10 + 2 {
			for _, s := range []int{near + d, near - d} {
				if s > 0 && s <= max(1, k-1) && isEven(s, k, most) {
					return s
				}
			}
		}
	}
}

// isEven tells whether a and b have no factor in common, and the continued fraction of a/b no
// part above a number.
func isEven(a, b, most int) bool {
	for a != 0 {
		if b/a > most {
			return false
		}
		a, b = b%a, a
	}
	return b == 1
}

// golden is the page that is visited as number i of a round of k pages with stride s.
func golden(i, s, k int) int { return int(int64(i) * int64(s) % int64(k)) }
