package mirror

import (
	"errors"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
)

// Rule 2. The head asks once an hour for all of [beginning, W): the grand total and the oldest
// call that is listed, which is the horizon. It decides "connected, hold, retention" before
// anything is deleted. While the backfill is under way, c stands in for the beginning.
const headPeriod = time.Hour

// headState is what the last head found.
type headState struct {
	At       time.Time `json:"at"`       // by the upstream's clock; zero before the first
	Total    int       `json:"total"`    // that the upstream counts below W
	Shortage int       `json:"shortage"` // how many calls fewer than are here and can be explained
	Prefix   int       `json:"prefix"`   // calls here that are older than any that is listed
	Visible  bool      `json:"visible"`  // whether it listed a call
}

// horizon is h, the time of the oldest call that is listed, and its last accepted move.
type horizon struct {
	Oldest   time.Time `json:"oldest"`   // as the last head found it; zero before the backfill's end
	Accepted time.Time `json:"accepted"` // up to which older calls were deleted together
	Moved    time.Time `json:"moved"`    // when that was accepted, by the upstream's clock
	Here     time.Time `json:"here"`     // the same by the machine's clock

	Unsettled time.Time `json:"unsettled"` // since when other differences keep the prefix here
}

// at is h as a time of calls: the beginning while it is not known.
func (h horizon) at() callvault.Time {
	if h.Oldest.IsZero() {
		return beginning
	}
	return callvault.FloorTime(h.Oldest)
}

// covered is the history that the rules work on: [beginning, W), or [c, W) before the
// backfill's end.
func (m *Mirror) covered() callvault.Range {
	r := callvault.Range{From: beginning, To: m.w()}
	if !m.backfill.Done {
		r.From = callvault.FloorTime(m.backfill.C)
	}
	return r
}

func (m *Mirror) headDue() time.Time {
	covered := m.covered()
	if m.head.At.IsZero() || m.whole.wants(budget.Head) && covered.From < covered.To {
		return time.Time{}
	}
	return m.nextAfter(m.head.At, headPeriod)
}

// askHead is the one request of the head, and what follows from it.
func (t *thread) askHead() error {
	r := t.covered()
	nothing := t.edge.W.IsZero() || r.From >= r.To
	if nothing { // any answer tells the upstream's clock, and whether the key sees a call
		r = callvault.Range{From: beginning, To: forever}
	}
	page, err := t.first(budget.Head, r)
	if errors.Is(err, errEnded) {
		return err // it says nothing about the upstream
	}
	if err != nil {
		if kindOf(err) == refusedAll {
			t.head.At = t.up()
			t.keep("head", t.head)
		}
		t.heardOf(t.why(err))
		return err
	}
	if t.access.Refused {
		t.access.Refused = false
		t.heardOf("")
	}
	if nothing {
		t.head.Visible = page.Total > 0
		if !t.edge.W.IsZero() {
			t.head.At = t.up() // the backfill may begin
			t.keep("head", t.head)
		}
		taken, err := t.takeIn(t.ctx, answer{budget.Backfill, callvault.Query{Range: r}, r.Start(), page})
		t.reads(taken.first, taken.last.Time)
		return err
	}
	oldest := r.From
	if t.backfill.Done && len(page.Calls) > 0 {
		oldest = placed(answer{budget.Head, callvault.Query{Range: r}, r.Start(), page}).first
		t.sawHorizon(oldest)
	}
	known := callvault.Range{From: oldest, To: r.To}
	if page.Total > 0 {
		if _, err := t.takeIn(t.ctx, answer{budget.Head, callvault.Query{Range: known}, known.Start(), page}); err != nil {
			return err
		}
		t.reads(oldest, r.To)
		if err := t.commit(t.ctx); err != nil {
			return err
		}
	}
	t.whole.done(budget.Head)
	return t.conclude(known, page.Total)
}

// conclude decides what the grand total of a known history means.
func (t *thread) conclude(known callvault.Range, total int) error {
	here, err := t.here(t.ctx, known)
	if err != nil {
		return err
	}
	older, err := t.here(t.ctx, callvault.Range{From: beginning, To: known.From})
	if err != nil {
		return err
	}
	if !t.backfill.Done {
		older = 0
	}
	// While the backfill has covered nothing but empty weeks, its first look is what is known.
	visible := total > 0 || !t.backfill.Done && here == 0 && t.head.Visible
	excess, _ := t.leaves.excess(known)
	before := t.head.Shortage
	t.head = headState{At: t.up(), Total: total, Shortage: here + excess - total, Prefix: max(0, older), Visible: visible}
	t.keep("head", t.head)
	if t.head.Prefix == 0 && !t.horizon.Unsettled.IsZero() {
		t.horizon.Unsettled = time.Time{}
		t.keep("horizon", t.horizon)
	}
	if t.backfill.Done && t.horizon.Unsettled.IsZero() {
		for id, a := range t.absent { // what is older than the horizon is for retention
			if a.at < known.From {
				t.isThere(id)
			}
		}
	}
	if t.judge(); t.held != nil {
		if short := t.head.Shortage; short != before && short > 0 && short-excess <= t.most(total) {
			t.wakeAll() // the excess alone may be what holds, and it may be gone
		}
		return nil
	}
	if !visible {
		return nil // where nothing is listed, there is nothing to find
	}
	return t.audit(known, total)
}
