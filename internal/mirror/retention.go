package mirror

import (
	"context"
	"slices"
	"time"

	"github.com/callvault/callvault"
)

// Rule 7. Calls older than h, the oldest call that the upstream lists, are a prefix. It is
// deleted without asking for each call by id when (a) it has at most 50 calls, or h moved no
// further than the time since its last accepted move and 4 days; (b) D(h,W) = 0, asked after
// all other differences are settled; (c) its first and its last call are 404 by id. If (b)
// fails for a day, calls are asked by id. If (a) fails, that is a hold.
const (
	retentionRest = 10 * time.Minute // between two attempts
	unsettledFor  = 24 * time.Hour
	removeAtOnce  = 1000 // calls in a commit
)

func (m *Mirror) retentionDue() time.Time {
	isPrefix := m.head.Visible && m.head.Prefix > 0 && m.backfill.Done
	isAll := !m.head.Visible && m.accepted.Empty && m.head.Shortage > 0
	if !isPrefix && !isAll {
		return never
	}
	return m.head.At
}

// retain deletes the prefix, if it may go.
func (t *thread) retain() error {
	t.rest("retention", retentionRest)
	if !t.head.Visible {
		return t.removeAll()
	}
	if t.head.Prefix > smallPrefix && !t.mayMove() {
		t.holdFor(heldRetention, t.head.Prefix, t.horizon.Oldest)
		return nil
	}
	if t.isUnsettled() {
		return t.prefixByID()
	}
	if err := t.askHead(); err != nil || t.held != nil || t.head.Prefix == 0 {
		return err
	}
	if t.isUnsettled() {
		return t.prefixByID()
	}
	witnessed := t.config.Now()
	ids, err := t.counted(t.ctx, callvault.Range{From: beginning, To: t.horizon.at()})
	if err != nil || len(ids) == 0 {
		return err
	}
	gone, err := t.areGone(ids)
	if err != nil || !gone {
		return err
	}
	return t.removePrefix(witnessed, ids)
}

// areGone tells whether the first and the last of some calls are 404 by id. What is there is
// taken in.
func (t *thread) areGone(ids []callvault.ID) (bool, error) {
	for _, id := range []callvault.ID{ids[0], ids[len(ids)-1]} {
		found, err := t.call(id)
		if err != nil {
			return false, err
		}
		if found.There {
			t.rest("retention", headPeriod)
			t.moved(found.Call)
			return false, nil
		}
	}
	return true, nil
}

// removeAll deletes all calls before W, which an operator has accepted because the upstream
// lists none. No other call can be a witness, so that the operator is.
func (t *thread) removeAll() error {
	if err := t.askHead(); err != nil || t.held != nil || t.head.Visible {
		return err
	}
	witnessed := t.config.Now()
	ids, err := t.counted(t.ctx, t.covered())
	if err != nil || len(ids) == 0 {
		return err
	}
	gone, err := t.areGone(ids)
	if err != nil || !gone {
		return err
	}
	whole, err := t.removeCalls("deleted all calls, because the upstream lists none", witnessed, ids)
	if whole && err == nil {
		t.head.Shortage = 0 // it stays accepted until a call is listed, for calls that are too recent now
		t.keep("head", t.head)
	}
	return err
}

// isUnsettled tells whether there are differences other than the prefix.
func (t *thread) isUnsettled() bool {
	return t.differs != nil || t.isRunning("bisect") || len(t.absent) > 0
}

// prefixByID makes the prefix absent, a part each day, when other differences have not been
// settled for a day.
func (t *thread) prefixByID() error {
	h := &t.horizon
	if h.Unsettled.IsZero() || t.isAhead(h.Unsettled) {
		h.Unsettled = t.up()
		t.keep("horizon", h)
	}
	if t.up().Sub(h.Unsettled) < unsettledFor || t.absentIn(callvault.Range{From: beginning, To: h.at()}) > 0 {
		return nil
	}
	ids, err := t.counted(t.ctx, callvault.Range{From: beginning, To: h.at()})
	if err != nil {
		return err
	}
	left := t.most(t.head.Total) - t.gone.within(t.up()) - len(t.absent)
	for _, id := range ids[:max(0, min(left, len(ids)))] {
		t.isAbsent(id, beginning)
	}
	return nil
}

// removePrefix deletes the prefix, and accepts the move of the horizon at its end.
func (t *thread) removePrefix(witnessed time.Time, ids []callvault.ID) error {
	whole, err := t.removeCalls("deleted what is older than the upstream's oldest call", witnessed, ids)
	if !whole || err != nil {
		return err
	}
	t.horizon.accept(t.up(), t.config.Now())
	t.horizon.Unsettled = time.Time{}
	t.keep("horizon", t.horizon)
	t.head.Prefix = 0
	t.keep("head", t.head)
	t.joinBefore(t.horizon.at())
	return nil
}

// removeCalls deletes calls in parts, so that no commit is large, and tells whether all are gone.
// When the witness is a minute old it stops, and the rule begins again with another one.
func (t *thread) removeCalls(why string, witnessed time.Time, ids []callvault.ID) (whole bool, err error) {
	for part := range slices.Chunk(ids, removeAtOnce) {
		if t.config.Now().Sub(witnessed) > witnessAge {
			return false, nil
		}
		for _, id := range part {
			t.isThere(id)
			t.remove(id)
		}
		t.says(why)
		if err := t.commit(t.ctx); err != nil {
			return false, err
		}
		t.rest("retention", 0)
	}
	return true, nil
}

// counted are the calls of a range that the upstream should list, in order.
func (m *Mirror) counted(ctx context.Context, r callvault.Range) (ids []callvault.ID, err error) {
	stand := make(apart)
	if err := stand.read(ctx, m.state, r); err != nil {
		return nil, err
	}
	err = m.calls.Scan(ctx, callvault.Query{Range: r}, r.Start(), -1, func(record callvault.Record) error {
		if _, isApart := stand[record.ID]; !isApart {
			ids = append(ids, record.ID)
		}
		return nil
	})
	return ids, err
}
