package mirror

import (
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
)

// Rule 9. The backfill reads history, newest first, in spans of about 2,000 calls. The density of
// one span decides the width of the next. A span with more than 10,000 calls is read in halves.
// Each page is committed as it comes. The spans that were read to their end are [c, W), and the
// other rules work on that from the first hour.
const (
	spanCalls  = 2000
	spanMost   = 10_000
	firstWidth = 7 * 24 * time.Hour
	leastWidth = time.Minute
	mostWiden  = 8 // times the width of the span before
)

// backfillState is the backfill as it is kept.
type backfillState struct {
	C      time.Time     `json:"c"`
	Began  time.Time     `json:"began"`  // by the upstream's clock
	Done   bool          `json:"done"`   // all of history is covered
	W      time.Time     `json:"w"`      // W, when it began
	Total  int           `json:"total"`  // calls before that
	Oldest time.Time     `json:"oldest"` // the oldest call before c; zero while that is not known
	Width  time.Duration `json:"width"`  // of the next span
	From   time.Time     `json:"from"`   // where the span under way begins; zero if there is none
	At     time.Time     `json:"at"`     // up to where that was read
}

func (m *Mirror) backfillDue() time.Time {
	if m.backfill.Done || m.edge.W.IsZero() || m.head.At.IsZero() {
		return never
	}
	return time.Time{}
}

// readBack reads the next span of history.
func (t *thread) readBack() error {
	b := &t.backfill
	if b.Oldest.IsZero() {
		return t.measureHistory()
	}
	if b.From.IsZero() {
		if err := t.chooseSpan(); err != nil || b.From.IsZero() {
			return err
		}
	}
	return t.readSpan()
}

// measureHistory asks what there is before c. The backfill is done when that is nothing.
func (t *thread) measureHistory() error {
	b := &t.backfill
	r := callvault.Range{From: beginning, To: callvault.FloorTime(b.C)}
	if r.From >= r.To {
		t.backfilled() // although the upstream may count calls that it does not list
		return nil
	}
	page, err := t.first(budget.Backfill, r)
	if err != nil {
		return err
	}
	taken, err := t.takeIn(t.ctx, answer{budget.Backfill, callvault.Query{Range: r}, r.Start(), page})
	if err != nil {
		return err
	}
	t.reads(taken.first, taken.last.Time)
	if b.Began.IsZero() {
		b.Began, b.W, b.Total = t.up(), b.C, page.Total
	}
	if page.Total == 0 {
		t.backfilled()
		return nil
	}
	b.Oldest = taken.first.UTC()
	if b.Width == 0 {
		b.Width = min(firstWidth, max(leastWidth, time.Duration(float64(b.C.Sub(b.Oldest))*spanCalls/float64(page.Total))))
	}
	t.keep("backfill", b)
	return nil
}

// backfilled ends the backfill.
func (t *thread) backfilled() {
	b := &t.backfill
	b.Done = true
	t.keep("backfill", b)
	t.joinBefore(t.pages[0].from)
	t.head.At = time.Time{} // the horizon is not known yet
}

// chooseSpan asks for the first page of the next span, and for one half as wide if it holds too
// many calls.
func (t *thread) chooseSpan() error {
	b := &t.backfill
	for {
		from := b.C.Add(-b.Width).Truncate(time.Second)
		if from.Before(b.Oldest) {
			from = b.Oldest
		}
		r := callvault.Range{From: callvault.FloorTime(from), To: callvault.FloorTime(b.C)}
		page, err := t.first(budget.Backfill, r)
		if err != nil {
			return err
		}
		taken, err := t.takeIn(t.ctx, answer{budget.Backfill, callvault.Query{Range: r}, r.Start(), page})
		if err != nil {
			return err
		}
		if page.Total > spanMost && b.Width > leastWidth {
			b.Width = max(leastWidth, b.Width/2)
			continue
		}
		widen := float64(spanCalls) / float64(max(1, page.Total))
		b.Width = max(leastWidth, time.Duration(float64(b.C.Sub(from))*min(max(widen, 1.0/mostWiden), mostWiden)))
		b.From, b.At = from, taken.last.Time.UTC()
		t.reads(r.From, taken.last.Time)
		if page.Cursor == "" {
			return t.spanDone()
		}
		t.keep("backfill", b)
		return nil
	}
}

// readSpan reads the rest of the span under way.
func (t *thread) readSpan() error {
	b := &t.backfill
	if !b.At.Before(b.C) {
		return t.spanDone() // the process before ended at its end
	}
	w := t.walk(budget.Backfill, callvault.Range{From: callvault.FloorTime(b.At), To: callvault.FloorTime(b.C)})
	for !w.ended {
		if err := w.next(); err != nil {
			return err
		}
		b.At = w.at.Time.UTC()
		t.keep("backfill", b)
	}
	return t.spanDone()
}

// spanDone moves c to the beginning of the span.
func (t *thread) spanDone() error {
	b := &t.backfill
	r := callvault.Range{From: callvault.FloorTime(b.From), To: callvault.FloorTime(b.C)}
	if err := t.commit(t.ctx); err != nil {
		return err
	}
	b.C, b.From, b.At = b.From, time.Time{}, time.Time{}
	if !b.C.After(b.Oldest) {
		b.Oldest = time.Time{} // to be asked for again
	}
	t.keep("backfill", b)
	return t.recut(t.ctx, r, t.up())
}

// joinBefore makes all of history before a page and within it one page.
func (m *Mirror) joinBefore(at callvault.Time) {
	i := m.pages.at(at)
	if i < 0 {
		return
	}
	m.cut(callvault.Range{From: beginning, To: m.pages[i].from + 1}, []callvault.Time{beginning}, m.pages[i].read)
}
