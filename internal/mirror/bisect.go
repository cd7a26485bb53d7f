package mirror

import (
	"errors"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
)

// Rule 4. A range whose total differs is split at the median of our calls in it. The total of
// the right half is asked for, that of the left half follows, and each half that differs is
// followed. At 100 calls the leaf is read whole: that settles what is new, absent, or counted
// and not listed. No cut divides a remembered leaf. A descent that is broken off is found again
// at the next cut of the sweep.
const (
	descentRequests = 250 // at most, in descentPeriod
	descentPeriod   = 5 * time.Minute
)

// descents counts the requests of bisecting.
type descents struct {
	since time.Time // by the machine's clock
	used  int
}

// errBroken ends a descent that has used up its requests.
var errBroken = errors.New("the descent took too many requests")

func (m *Mirror) bisectDue() time.Time {
	if m.differs != nil {
		return time.Time{}
	}
	return m.pollDue(m.poll())
}

// pollDue is when a leaf is read again. It is at once if that was kept by a clock that was ahead.
func (m *Mirror) pollDue(leaf *leaf) time.Time {
	switch {
	case leaf == nil:
		return never
	case leaf.kept.Next.Sub(m.up()) > lastPoll+jump:
		return time.Time{}
	}
	return leaf.kept.Next
}

// bisect follows the difference that was seen last, and reads the leaves that are due: on hold,
// too, because that deletes nothing, and what they explain no longer must not prolong the hold.
func (t *thread) bisect() error {
	if d := t.differs; d != nil {
		err := t.descend(*d)
		t.differs = nil // what was seen meanwhile may be the same difference
		if err != nil {
			return notBroken(err)
		}
	}
	for leaf := t.poll(); !t.pollDue(leaf).After(t.up()); leaf = t.poll() {
		if err := t.readLeaf(leaf.Range); err != nil {
			return notBroken(err)
		}
	}
	return nil
}

// notBroken is an error of a descent.
func notBroken(err error) error {
	if errors.Is(err, errBroken) {
		return nil
	}
	return err
}

// mayDescend counts a request of bisecting.
func (t *thread) mayDescend() error {
	d := &t.descents
	if now := t.config.Now(); now.Sub(d.since) >= descentPeriod || now.Before(d.since) {
		*d = descents{since: now}
	}
	if d.used++; d.used > descentRequests {
		t.rest("bisect", descentPeriod)
		return errBroken
	}
	return nil
}

// descend follows a difference to its leaves.
func (t *thread) descend(d difference) error {
	if t.held != nil || d.n == 0 {
		return nil
	}
	if explained, err := t.isExplained(t.ctx, d); err != nil || explained {
		return err
	}
	here, err := t.here(t.ctx, d.Range)
	if err != nil {
		return err
	}
	if here+max(d.n, 0) <= pageSize {
		return t.readLeaf(d.Range)
	}
	m, err := t.median(d.Range)
	if err != nil {
		return err
	}
	if m == d.From {
		return t.readLeaf(d.Range)
	}
	if err := t.mayDescend(); err != nil {
		return err
	}
	right := callvault.Query{Range: callvault.Range{From: m, To: d.To}, Workspace: d.Workspace}
	before, total, err := t.totalOf(budget.Bisect, right)
	if err != nil {
		return err
	}
	t.says("bisected", "from", right.From.String(), "to", right.To.String())
	if err := t.commit(t.ctx); err != nil {
		return err
	}
	after, err := t.measure(t.ctx, right, total)
	if err != nil {
		return err
	}
	left := difference{callvault.Query{Range: callvault.Range{From: d.From, To: m}, Workspace: d.Workspace}, d.n - before.n}
	if err := t.descend(after); err != nil {
		return err
	}
	return t.descend(left)
}

// readLeaf reads a range whole and remembers its excess.
func (t *thread) readLeaf(r callvault.Range) error {
	w := t.walk(budget.Bisect, r)
	w.ids = make(map[callvault.ID]bool)
	for !w.ended {
		if err := t.mayDescend(); err != nil {
			return err
		}
		if err := w.next(); err != nil {
			return err
		}
	}
	t.wereRead(r, max(0, w.total-w.listed))
	return t.withheldIn(r, w.ids)
}

// median is a time that divides our calls of a range in about two halves, at the time of a call
// and not within a leaf. It is the range's beginning if there is none.
func (t *thread) median(r callvault.Range) (callvault.Time, error) {
	count, err := t.calls.Count(t.ctx, callvault.Query{Range: r})
	if err != nil || count == 0 {
		return r.From, err
	}
	lo, hi := r.From, r.To // the median is in [lo, hi)
	below := 0             // calls before lo
	for hi-lo > 1 {
		middle := lo + (hi-lo)/2
		n, err := t.calls.Count(t.ctx, callvault.Query{Range: callvault.Range{From: lo, To: middle}})
		if err != nil {
			return 0, err
		}
		if below+n <= count/2 {
			lo, below = middle, below+n
		} else {
			hi = middle
		}
		if below > count*2/5 {
			break
		}
	}
	at := lo
	err = t.calls.Scan(t.ctx, callvault.Query{Range: callvault.Range{From: lo, To: r.To}}, callvault.Position{Time: lo}, 1, func(record callvault.Record) error {
		at = record.Time
		return nil
	})
	if leaf := t.leaves.around(at); leaf != nil {
		at = leaf.From
		if at <= r.From && leaf.To < r.To {
			at = leaf.To
		}
	}
	return max(at, r.From), err
}

// withheldIn makes calls absent that an operator deleted here and that a leaf did not list: the
// upstream may no longer have them, and then they must weigh nothing.
func (t *thread) withheldIn(r callvault.Range, listed map[callvault.ID]bool) error {
	return t.state.ApartIn(t.ctx, r, func(a callvault.Apart) error {
		if a.Kind == callvault.Withheld && r.From <= a.At && a.At < r.To && !listed[a.ID] {
			t.isAbsent(a.ID, a.At)
		}
		return nil
	})
}
