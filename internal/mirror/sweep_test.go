package mirror

import (
	"context"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/upstream"
)

// counting is an upstream that has the calls of a shelf. It counts some more, at their end.
type counting struct {
	Requests
	shelf shelf
	more  int
	asked int
}

const hour = callvault.Time(time.Hour / time.Microsecond)

func (c *counting) List(ctx context.Context, ask upstream.Ask) (page upstream.Page, err error) {
	c.asked++
	q := callvault.Query{Range: callvault.Range{From: callvault.FloorTime(ask.From), To: callvault.FloorTime(ask.To)}}
	total, _ := c.shelf.Count(ctx, q)
	page.Total = total + c.more
	err = c.shelf.Scan(ctx, q, q.Start(), pageSize, func(record callvault.Record) error {
		page.Calls = append(page.Calls, record.Call)
		return nil
	})
	if total > pageSize {
		page.Cursor = "more"
	}
	return page, err
}

// sweeping is a mirror of a call each hour of a week, in pages of two days, and its upstream, which
// counts some more.
func sweeping(state shelfState, more int) (*Mirror, *counting) {
	var here []callvault.Call
	for i := range callvault.Time(7 * 24) {
		at := at(0) + i*hour
		here = append(here, callvault.Call{ID: callvault.SourceID("hours", at.String()), Time: at})
	}
	m, end := shelved(here, state), at(7*24*3600)
	now := end.UTC().Add(windowAge)
	c := &counting{shelf: m.calls.(shelf), more: more}
	m.config.Requests, m.config.Now = c, func() time.Time { return now }
	m.edge.W, m.backfill.Done = end.UTC(), true
	m.cut(callvault.Range{From: at(0), To: end}, []callvault.Time{at(0), at(0) + 48*hour, at(0) + 96*hour}, time.Time{})
	return m, c
}

func sweepYoung(t *thread) error { return t.sweepPage(0) }

// The total that comes with a page of a sweep audits all that comes after it: a call that is
// counted in another page is followed as a difference at once.
func TestSweepAudits(t *testing.T) {
	for _, more := range []int{0, 2, -3} {
		m, up := sweeping(shelfState{}, more)
		if err := m.drive(t.Context(), sweepYoung); err != nil || up.asked != 1 || m.rounds[0].I != 1 {
			t.Fatalf("%d requests read %d pages, %v", up.asked, m.rounds[0].I, err)
		}
		read := m.pages[golden(0, m.rounds[0].S, m.rounds[0].K)]
		want := callvault.Range{From: read.from, To: m.w()}
		switch d := m.differs; {
		case more == 0 && d != nil:
			t.Errorf("%d calls of %v differ", d.n, d.Range)
		case more != 0 && (d == nil || d.n != more || d.Range != want):
			t.Errorf("%+v differs, want %d of %v", d, more, want)
		}
	}
}

// A page whose reading was ended before its answer came was not read.
func TestEndedSweep(t *testing.T) {
	m, _ := sweeping(shelfState{}, 0)
	a := &activity{run: sweepYoung}
	a.begin(t.Context(), m)
	a.end()
	if m.rounds[0].I != 0 || !m.pages[0].read.IsZero() {
		t.Errorf("%d pages were read, the first at %v", m.rounds[0].I, m.pages[0].read)
	}
}

// A difference of one workspace that calls from before the mirror, absent ones or excess may
// explain is not followed.
func TestExplainedWorkspace(t *testing.T) {
	for _, c := range []struct {
		n       int
		follows bool
	}{{-4, true}, {-3, false}, {0, false}, {2, false}, {3, true}} {
		own := callvault.Apart{Kind: callvault.Own}
		m, _ := sweeping(shelfState{apart: []callvault.Apart{own, own}}, 0)
		m.isAbsent(callvault.SourceID("hours", "absent"), at(3600))
		m.wereRead(span(0, 3600), 2)
		workspace, _ := callvault.ParseID("7")
		d := difference{callvault.Query{Range: m.covered(), Workspace: workspace}, c.n}
		a := &activity{run: func(t *thread) error { return t.descend(d) }}
		if a.begin(t.Context(), m); (a.running.want != nil) != c.follows {
			t.Errorf("a difference of %d is followed: %t", c.n, a.running.want != nil)
		}
		a.end()
	}
}

// When a page was read is kept, so that the next process does not read it again in this round.
func TestPageReadIsKept(t *testing.T) {
	m, _ := sweeping(shelfState{}, 0)
	m.draft.reset()
	err := m.wasRead(t.Context(), 1, m.up())
	if kept := m.draft.values["span/"+timeKey(m.pages[1].from)]; err != nil || kept == nil || !m.pages[1].read.Equal(m.up()) {
		t.Errorf("kept is %s, and the page was read at %v, %v", kept, m.pages[1].read, err)
	}
}
