package mirror

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/upstream"
)

// Rule 6. A call of ours that a reading does not list is absent. While on hold that is all.
// Otherwise the head is asked, and each absent call by its id, at most G in 24 hours: a 200 is
// a move, a 404 with the id's own text a deletion, and any other answer means nothing. Each
// deletion has a witness: in the same minute a listing still lists another call that is here.
const (
	witnessAge = time.Minute      // between a 404 and its witness
	askFor     = 20 * time.Second // after the first 404, before a witness is asked for
	maxAsked   = 10               // ids to a witness
	absentRest = 15 * time.Minute // after ids that could not be settled
	maxAbsent  = 10_000           // that are remembered; others are found again
)

// absentCall is a call of ours that was not listed.
type absentCall struct {
	at    callvault.Time // where it was missing
	since time.Time
	asked time.Time // when this process asked for it last; zero if it has not
}

// absentValue is an absentCall as it is kept.
type absentValue struct {
	At    time.Time `json:"at"`
	Since time.Time `json:"since"`
}

func parseAbsent(absent map[callvault.ID]absentCall, key string, value []byte) error {
	id, err := callvault.ParseID(key)
	if err != nil {
		return err
	}
	var v absentValue
	if err := json.Unmarshal(value, &v); err != nil {
		return err
	}
	absent[id] = absentCall{at: callvault.FloorTime(v.At), since: v.Since}
	return nil
}

// isAbsent drafts that a call was not listed where it should be.
func (m *Mirror) isAbsent(id callvault.ID, at callvault.Time) {
	if _, known := m.absent[id]; known || len(m.absent) >= maxAbsent {
		return
	}
	a := absentCall{at: at, since: m.up()}
	m.absent[id] = a
	m.keep("absent/"+id.Key(), absentValue{at.UTC(), a.since})
}

// isThere drafts that a call is not absent, or no longer.
func (m *Mirror) isThere(id callvault.ID) {
	if _, known := m.absent[id]; known {
		delete(m.absent, id)
		m.forget("absent/" + id.Key())
	}
}

// absentIn is how many calls of a range are absent.
func (m *Mirror) absentIn(r callvault.Range) (n int) {
	for _, a := range m.absent {
		if r.From <= a.at && a.at < r.To {
			n++
		}
	}
	return n
}

// deletions are how many calls were deleted by id, by the hour.
type deletions []deletion

type deletion struct {
	At    time.Time `json:"at"` // the first of them, by the upstream's clock
	Calls int       `json:"calls"`
}

// within is how many there were in the last 24 hours.
func (d deletions) within(now time.Time) (n int) {
	for _, one := range d {
		if one.At.After(now.Add(-24 * time.Hour)) {
			n += one.Calls
		}
	}
	return n
}

// add counts deletions, and forgets those of more than a day ago.
func (d deletions) add(now time.Time, n int) deletions {
	d = slices.DeleteFunc(slices.Clone(d), func(one deletion) bool { return !one.At.After(now.Add(-24 * time.Hour)) })
	return append(d, deletion{now, n})
}

// absentDue is when the first of the absent calls may be asked for: those that were found while
// others were asked for do not wait for their rest.
func (m *Mirror) absentDue() time.Time {
	first := never
	for _, a := range m.absent {
		if due := m.nextAfter(a.asked, absentRest); due.Before(first) {
			first = due
		}
	}
	return first
}

// settleAbsent asks for the absent calls by id.
func (t *thread) settleAbsent() error {
	if err := t.askHead(); err != nil || t.held != nil || len(t.absent) == 0 {
		return err
	}
	calls, err := t.here(t.ctx, callvault.AllTime)
	if err != nil {
		return err
	}
	most, lately := t.most(calls), t.gone.within(t.up())
	if len(t.absent)+lately > most {
		t.holdFor(heldMany, len(t.absent), time.Time{})
		return nil
	}
	waiting := t.oldestAbsent()
	for len(waiting) > 0 {
		n, err := t.askSome(waiting)
		if err != nil || t.held != nil {
			return err
		}
		waiting = waiting[n:]
	}
	return nil
}

// oldestAbsent are the absent calls that may be asked for, those first that are absent longest.
func (m *Mirror) oldestAbsent() []callvault.ID {
	ids := make([]callvault.ID, 0, len(m.absent))
	for id, a := range m.absent {
		if !m.nextAfter(a.asked, absentRest).After(m.up()) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b callvault.ID) int {
		if turn := m.absent[a].since.Compare(m.absent[b].since); turn != 0 {
			return turn
		}
		return a.Compare(b)
	})
	return ids
}

// askSome asks for the first of the waiting calls by id, and for a witness to those that are
// gone. It returns how many it has asked for.
func (t *thread) askSome(waiting []callvault.ID) (asked int, err error) {
	var gone []callvault.ID
	var since time.Time // the first of them was gone
	for _, id := range waiting[:min(maxAsked, len(waiting))] {
		if len(gone) > 0 && t.config.Now().Sub(since) >= askFor {
			break
		}
		asked++
		a, still := t.absent[id]
		if !still {
			continue
		}
		a.asked = t.up()
		t.absent[id] = a
		found, err := t.call(id)
		switch {
		case err != nil && kindOf(err) == refusedOne:
		case err != nil:
			return asked, err
		case found.There:
			t.moved(found.Call)
		default:
			if len(gone) == 0 {
				since = t.config.Now()
			}
			gone = append(gone, id)
		}
	}
	if len(gone) == 0 {
		return asked, nil
	}
	witnessed, err := t.witnessed(gone)
	if err != nil || !witnessed || t.config.Now().Sub(since) > witnessAge {
		return asked, err
	}
	t.depart(gone)
	t.countGone(len(gone))
	t.says("settled absent calls", "asked", asked)
	return asked, nil
}

// moved drafts a call that was absent where it was, and is still there by its id.
func (m *Mirror) moved(call callvault.Call) {
	m.draft.calls = append(m.draft.calls, call)
	m.isThere(call.ID)
	m.says("a call moved", "call", call.ID.String(), "to", call.Time.String())
}

// depart drafts that calls go, or stay as kept.
func (m *Mirror) depart(gone []callvault.ID) {
	for _, id := range gone {
		if _, still := m.absent[id]; still {
			m.isThere(id)
			m.remove(id)
		}
	}
}

// countGone counts deletions: first those that an operator has accepted, which count against
// nothing, and then those of the last 24 hours.
func (m *Mirror) countGone(n int) {
	if n <= m.accepted.Calls {
		m.accepted.Calls -= n
		n = 0
	} else {
		n -= m.accepted.Calls
		m.accepted.Calls = 0
	}
	m.gone = m.gone.add(m.up(), n)
	m.keep("accepted", m.accepted)
	m.keep("deletions", m.gone)
}

// remove drafts the deletion of a call, or that it is kept.
func (m *Mirror) remove(id callvault.ID) {
	if m.config.KeepDeleted {
		m.draft.keep = append(m.draft.keep, id)
	} else {
		m.draft.remove = append(m.draft.remove, id)
	}
}

// witnessed lists from the call before the first one that is gone, and tells whether the
// upstream still lists a call that is here. Of those gone, what it lists is no longer absent.
func (t *thread) witnessed(gone []callvault.ID) (bool, error) {
	first := t.absent[gone[0]].at
	for _, id := range gone {
		first = min(first, t.absent[id].at)
	}
	r := callvault.Range{From: first, To: forever}
	var before []callvault.Position
	err := t.calls.ScanBack(t.ctx, callvault.Query{Range: callvault.AllTime}, r.Start(), pageSize, func(record callvault.Record) error {
		before = append(before, record.Position())
		return nil
	})
	stand := make(apart)
	if err == nil && len(before) > 0 {
		err = stand.read(t.ctx, t.state, callvault.Range{From: before[len(before)-1].Time, To: first})
	}
	if err != nil {
		return false, err
	}
	for _, at := range before {
		_, isAbsent := t.absent[at.ID]
		if _, isApart := stand[at.ID]; !isAbsent && !isApart {
			r.From = max(at.Time, t.horizon.at())
			break
		}
	}
	page, err := t.first(budget.ByID, r)
	if err != nil {
		return false, err
	}
	witnessed, err := t.holds(page, gone)
	if err != nil {
		return false, err
	}
	_, err = t.takeIn(t.ctx, answer{budget.ByID, callvault.Query{Range: r}, r.Start(), page})
	return witnessed, err
}

// holds tells whether a page lists a call that is here and not among those that are gone.
func (t *thread) holds(page upstream.Page, gone []callvault.ID) (holds bool, err error) {
	var ids []callvault.ID
	for _, call := range page.Calls {
		if !slices.Contains(gone, call.ID) {
			ids = append(ids, call.ID)
		}
	}
	err = t.calls.Get(t.ctx, ids, func(callvault.Record) error {
		holds = true
		return nil
	})
	return holds, err
}
