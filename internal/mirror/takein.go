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
	c := comparison{m, where, make(map[callvault.ID]*callvault.Call), make(map[callvault.ID]bool), make(apart)}
	for i := range a.page.Calls {
		c.listed[a.page.Calls[i].ID] = &a.page.Calls[i]
	}
	if a.asked.Workspace.IsZero() {
		if err := c.missing(ctx, a, taken.last); err != nil {
			return taken, err
		}
	}
	if err := c.elsewhere(ctx); err != nil {
		return taken, err
	}
	for id, call := range c.listed {
		m.isThere(id)
		if !c.there[id] && !c.isWithheld(call) {
			c.put(call)
			m.cameLate(a.class, call.Time)
			m.wakeLeaf(call.Time)
		}
	}
	return taken, nil
}

// comparison compares the calls of a page with those that are here.
type comparison struct {
	*Mirror
	where  places
	listed map[callvault.ID]*callvault.Call
	there  map[callvault.ID]bool // of those listed, which are here
	apart  apart
}

// compare drafts a call that is here and listed, if it is different.
func (c *comparison) compare(record callvault.Record) error {
	call := c.listed[record.ID]
	if call == nil {
		return nil
	}
	c.there[record.ID] = true
	at, isStrange := c.where.strange[record.ID]
	stands, isApart := c.apart[record.ID]
	asBefore := isApart == isStrange
	if isStrange {
		asBefore = stands.Kind == callvault.Strange && stands.At == at
	}
	if !asBefore || !bytes.Equal(call.Document, record.Document) {
		c.put(call)
	}
	return nil
}

// isWithheld tells whether an operator deleted a call, and it is listed where it was before.
func (c *comparison) isWithheld(call *callvault.Call) bool {
	at, isStrange := c.where.strange[call.ID]
	if !isStrange {
		at = call.Time
	}
	stands := c.apart[call.ID]
	return stands.Kind == callvault.Withheld && stands.Counted && stands.At == at
}

// put drafts a call as it was listed.
func (c *comparison) put(call *callvault.Call) {
	c.draft.calls = append(c.draft.calls, *call)
	if at, isStrange := c.where.strange[call.ID]; isStrange {
		c.draft.strange[call.ID] = at
		c.log.Debug("a call is listed at another time than its own", "call", call.ID.String(), "time", call.Time.String(), "listed", at.String())
	}
}

// missing compares our calls of the stretch that a page speaks for, and drafts those that it
// does not list as absent. Before the first call of all history nothing is absent: that is for
// retention.
func (c *comparison) missing(ctx context.Context, a answer, last callvault.Position) error {
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
	if err := c.apart.read(ctx, c.state, callvault.Range{From: from.Time, To: last.Time + 1}); err != nil {
		return err
	}
	horizon := c.horizon.at()
	absentHere := func(id callvault.ID, at callvault.Time) {
		if c.listed[id] == nil && !broken[id] && at >= horizon {
			c.isAbsent(id, at)
		}
	}
	err := c.calls.Scan(ctx, a.asked, from, -1, func(record callvault.Record) error {
		if record.Position().Compare(last) > 0 {
			return errEnough
		}
		if _, isApart := c.apart[record.ID]; !isApart {
			absentHere(record.ID, record.Time)
		}
		return c.compare(record)
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	// One that counts at the time of a page's last call is listed before that page ends or after
	// it: neither that page nor the next one says that it is absent.
	inner := callvault.Range{From: from.Time, To: last.Time}
	if !from.ID.IsZero() {
		inner.From++
	}
	for id, stands := range c.apart {
		if stands.Kind == callvault.Strange && inner.From <= stands.At && stands.At < inner.To {
			absentHere(id, stands.At)
		}
	}
	return nil
}

// elsewhere compares the calls that are listed here and are at another time in the store.
func (c *comparison) elsewhere(ctx context.Context) error {
	var ids []callvault.ID
	for id := range c.listed {
		if !c.there[id] {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	times := make(map[callvault.Time]bool)
	err := c.calls.Get(ctx, ids, func(record callvault.Record) error {
		times[record.Time] = true
		return nil
	})
	if err != nil || len(times) == 0 {
		return err
	}
	for at := range times {
		if err := c.apart.read(ctx, c.state, callvault.Range{From: at, To: at + 1}); err != nil {
			return err
		}
	}
	return c.calls.Get(ctx, ids, c.compare)
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

// apart are calls that stand apart: they don't count where they are here, or are not here.
type apart map[callvault.ID]callvault.Apart

// read reads those that are here or counted in a range.
func (a apart) read(ctx context.Context, state callvault.MirrorReads, r callvault.Range) error {
	return state.ApartIn(ctx, r, func(stands callvault.Apart) error {
		a[stands.ID] = stands
		return nil
	})
}

// mostUnkept is how many documents that can't be kept the log is told of.
const mostUnkept = 1000

// cannotKeep tells the log, once, of each document that was listed and can't be kept. Until the
// upstream mends it, it counts as not listed.
func (m *Mirror) cannotKeep(skipped []error) {
	for _, err := range skipped {
		text := upstream.Text(err)
		if !m.unkept[text] && len(m.unkept) < mostUnkept {
			m.unkept[text] = true
			m.log.Warn("the upstream lists a document that can't be kept", "document", text)
		}
	}
}
