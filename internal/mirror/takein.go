package mirror

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/upstream"
)

// answer is a page of calls with what it speaks for: the places after one and up to another in
// a range that was asked for. Of one workspace it says nothing about calls that it does not list.
type answer struct {
	class budget.Class
	asked callvault.Query
	after callvault.Position
	page  upstream.Page
}

// takenIn is what came of taking in a page.
type takenIn struct {
	first  callvault.Time     // of the first call that stands at its own time
	last   callvault.Position // where it ends
	listed int                // calls that are kept
}

// errEnough ends a scan.
var errEnough = errors.New("enough calls were read")

// takeIn drafts what a page changes: calls that are new or different, and our calls of its
// stretch that it does not list, which become absent. An empty answer is no exception, because
// the head is asked before anything is deleted.
func (m *Mirror) takeIn(ctx context.Context, a answer) (takenIn, error) {
	where := placed(a)
	taken := takenIn{first: where.first, last: a.asked.End(), listed: len(a.page.Calls)}
	if a.page.Cursor != "" {
		taken.last = where.last
	}
	listed := make(map[callvault.ID]*upstream.Listed, len(a.page.Calls))
	for i := range a.page.Calls {
		listed[a.page.Calls[i].ID] = &a.page.Calls[i]
	}
	there := make(map[callvault.ID]bool, len(listed))
	compare := func(record callvault.Record) error {
		call := listed[record.ID]
		if call == nil {
			return nil
		}
		there[record.ID] = true
		at, isStrange := where.strange[record.ID]
		stands, apart := m.apart[record.ID]
		asBefore := !isStrange && !apart || isStrange && stands == standsApart{callvault.Strange, at}
		if !asBefore || !bytes.Equal(call.Document, record.Document) {
			m.put(call.Call, where)
		}
		return nil
	}
	if a.asked.Workspace.IsZero() {
		if err := m.missing(ctx, a, taken.last, listed, compare); err != nil {
			return taken, err
		}
	}
	var others []callvault.ID
	for id := range listed {
		if !there[id] {
			others = append(others, id)
		}
	}
	if len(others) > 0 {
		if err := m.calls.Get(ctx, others, compare); err != nil {
			return taken, err
		}
	}
	for id, call := range listed {
		if !there[id] {
			m.put(call.Call, where)
			m.cameLate(a.class, call.Time)
		}
		m.isThere(id)
	}
	m.wakeLeaves(listed, there)
	return taken, nil
}

// put drafts a call as it was listed.
func (m *Mirror) put(call callvault.Call, where places) {
	m.draft.calls = append(m.draft.calls, call)
	if at, isStrange := where.strange[call.ID]; isStrange {
		m.draft.strange[call.ID] = at
		m.log.Debug("a call is listed at another time than its own", "call", call.ID.String(), "time", call.Time.String(), "listed", at.String())
	}
}

// missing compares our calls of the stretch that a page speaks for, and drafts those that it
// does not list as absent. Before the first call of all history nothing is absent: that is for
// retention.
func (m *Mirror) missing(ctx context.Context, a answer, last callvault.Position, listed map[callvault.ID]*upstream.Listed, compare func(callvault.Record) error) error {
	broken := make(map[callvault.ID]bool, len(a.page.Skipped))
	for _, err := range a.page.Skipped {
		if skipped := (*upstream.SkippedError)(nil); errors.As(err, &skipped) {
			broken[skipped.ID] = true
		}
	}
	from := a.after
	if start := a.asked.Start(); from.Compare(start) < 0 {
		from = start
	}
	horizon := m.horizon.at()
	absentHere := func(id callvault.ID, at callvault.Time) {
		if listed[id] == nil && !broken[id] && at >= horizon {
			m.isAbsent(id, at)
		}
	}
	err := m.calls.Scan(ctx, a.asked, from, -1, func(record callvault.Record) error {
		if record.Position().Compare(last) > 0 {
			return errEnough
		}
		if _, apart := m.apart[record.ID]; !apart {
			absentHere(record.ID, record.Time)
		}
		return compare(record)
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	for id, listedAt := range m.strange {
		at := callvault.Position{Time: listedAt, ID: id}
		if at.Compare(from) > 0 && at.Compare(last) <= 0 {
			absentHere(id, listedAt)
		}
	}
	return nil
}

// places are where an upstream listed the calls of a page.
type places struct {
	strange map[callvault.ID]callvault.Time // those that it listed at another time than their own
	first   callvault.Time                  // of the first call that stands at its own time, or where the page begins
	last    callvault.Position
}

// placed finds out where a page lists its calls. The longest run of calls in the one order,
// within what was asked for, stands at its own times; any other call counts where it was
// listed, at the time of the one before it, or of the first one.
func placed(a answer) places {
	calls := a.page.Calls
	best := make([]int, len(calls)) // the length of the longest run that ends here
	before := make([]int, len(calls))
	end := -1
	for i := range calls {
		if calls[i].Time < a.asked.From || calls[i].Time >= a.asked.To {
			continue
		}
		best[i], before[i] = 1, -1
		for j := i - 1; j >= 0; j-- {
			if best[j] >= best[i] && calls[j].Position().Compare(calls[i].Position()) < 0 {
				best[i], before[i] = best[j]+1, j
				if j == i-1 && best[j] == i {
					break // everything before is in order: there is no longer run
				}
			}
		}
		if end < 0 || best[i] > best[end] {
			end = i
		}
	}
	inOrder := make([]bool, len(calls))
	for i := end; i >= 0; i = before[i] {
		inOrder[i] = true
	}
	p := places{strange: make(map[callvault.ID]callvault.Time), last: a.after}
	if start := a.asked.Start(); p.last.Compare(start) < 0 {
		p.last = start
	}
	p.first = p.last.Time
	if first := slices.Index(inOrder, true); first >= 0 {
		p.first = calls[first].Time
	}
	for i := range calls {
		if inOrder[i] {
			p.last = calls[i].Position()
		} else {
			p.strange[calls[i].ID] = max(p.first, p.last.Time)
		}
	}
	return p
}

// standsApart is a call that does not count where it is here.
type standsApart struct {
	kind callvault.Apartness
	at   callvault.Time
}

// readApart reads which calls stand apart. Those withheld are not here, so that no comparison
// meets them.
func (m *Mirror) readApart(ctx context.Context) error {
	m.apart = make(map[callvault.ID]standsApart)
	m.strange = make(map[callvault.ID]callvault.Time)
	for _, kind := range []callvault.Apartness{callvault.Own, callvault.Kept, callvault.Strange} {
		err := m.state.Apart(ctx, kind, func(a callvault.Apart) error {
			m.standApart(a.ID, standsApart{kind, a.At})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *Mirror) standApart(id callvault.ID, stands standsApart) {
	m.apart[id] = stands
	if stands.kind == callvault.Strange {
		m.strange[id] = stands.at
	} else {
		delete(m.strange, id)
	}
}

func (m *Mirror) standInLine(id callvault.ID) {
	delete(m.apart, id)
	delete(m.strange, id)
}

// stoodApart follows a commit.
func (m *Mirror) stoodApart(change callvault.MirrorChange) {
	for _, call := range change.Calls.Calls() {
		m.standInLine(call.ID)
		if at, isStrange := change.Strange[call.ID]; isStrange {
			m.standApart(call.ID, standsApart{callvault.Strange, at})
		}
	}
	for _, id := range change.Delete {
		m.standInLine(id)
	}
	for _, id := range change.Keep {
		m.standApart(id, standsApart{kind: callvault.Kept})
	}
}

// mostUnkept is how many documents that can't be kept the log is told of.
const mostUnkept = 1000

// cannotKeep tells the log, once, of each document that was listed and can't be kept. Until the upstream
// mends it, it counts as not listed.
func (m *Mirror) cannotKeep(skipped []error) {
	for _, err := range skipped {
		text := upstream.Text(err)
		if !m.unkept[text] && len(m.unkept) < mostUnkept {
			m.unkept[text] = true
			m.log.Warn("the upstream lists a document that can't be kept", "document", text)
		}
	}
}
