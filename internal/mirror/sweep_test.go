package mirror

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/upstream"
)

// hours is a store that has a call each hour of a range.
type hours struct {
	callvault.Calls
	all callvault.Range
}

// hoursState is the state of a mirror that keeps nothing, with some calls from before it.
type hoursState struct {
	callvault.MirrorState
	own int
}

// hoursUpstream is the upstream of hours. It has some more at their end, which it counts.
type hoursUpstream struct {
	Requests
	hours
	more int
}

const hour = callvault.Time(time.Hour / time.Microsecond)

func (h hours) each(r callvault.Range, visit func(callvault.Record) error) error {
	for i := callvault.Time(0); h.all.From+i*hour < h.all.To; i++ {
		if at := h.all.From + i*hour; at >= r.From && at < r.To {
			if err := visit(callvault.Record{Call: callvault.Call{ID: callvault.SourceID("hours", at.String()), Time: at}}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h hours) Count(_ context.Context, q callvault.Query) (n int, err error) {
	err = h.each(q.Range, func(callvault.Record) error { n++; return nil })
	return n, err
}

func (h hours) Scan(_ context.Context, q callvault.Query, _ callvault.Position, _ int, visit func(callvault.Record) error) error {
	return h.each(q.Range, visit)
}

func (h hours) Get(context.Context, []callvault.ID, func(callvault.Record) error) error { return nil }

func (hoursState) Weight(context.Context, callvault.Range) (int, error) { return 0, nil }

func (h hoursState) ApartIn(_ context.Context, _ callvault.Range, visit func(callvault.Apart) error) (err error) {
	for i := 0; i < h.own && err == nil; i++ {
		err = visit(callvault.Apart{Kind: callvault.Own})
	}
	return err
}

func (hoursState) Commit(context.Context, callvault.Lease, callvault.MirrorChange) (callvault.PutResult, error) {
	return callvault.PutResult{}, nil
}

func (h hoursUpstream) List(_ context.Context, ask upstream.Ask) (page upstream.Page, err error) {
	r := callvault.Range{From: callvault.FloorTime(ask.From), To: callvault.FloorTime(ask.To)}
	page.Total, err = h.Count(context.Background(), callvault.Query{Range: r})
	page.Total += h.more
	_ = h.each(r, func(record callvault.Record) error {
		if len(page.Calls) == pageSize {
			page.Cursor = "more"
			return errEnough
		}
		page.Calls = append(page.Calls, record.Call)
		return nil
	})
	return page, err
}

// sweeping is a mirror of a week of hours, in pages of two days, and its young sweep.
func sweeping(more int) (*Mirror, *activity) {
	h := hours{all: callvault.Range{From: at(0), To: at(7 * 24 * 3600)}}
	now := h.all.To.UTC().Add(windowAge)
	m := &Mirror{config: Config{Requests: hoursUpstream{hours: h, more: more}, Hurry: 1, Now: func() time.Time { return now }}, calls: h, state: hoursState{}, log: slog.New(slog.DiscardHandler)}
	m.memory.reset()
	m.draft.reset()
	m.edge.W, m.backfill.Done = h.all.To.UTC(), true
	m.cut(h.all, []callvault.Time{h.all.From, h.all.From + 48*hour, h.all.From + 96*hour}, time.Time{})
	return m, &activity{run: func(t *thread) error { return t.sweepPage(0) }}
}

// The total that comes with a page of a sweep audits all that comes after it: a call that is
// counted in another page is followed as a difference at once.
func TestSweepAudits(t *testing.T) {
	for _, more := range []int{0, 2, -3} {
		m, a := sweeping(more)
		a.begin(t.Context(), m)
		asked := 0
		for a.running.want != nil {
			asked++
			_, a.running.want.err = a.running.want.send(t.Context())
			a.running.goOn(t.Context())
		}
		if a.running.err != nil || asked != 1 || m.rounds[0].I != 1 {
			t.Fatalf("%d requests read %d pages, %v", asked, m.rounds[0].I, a.running.err)
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
	m, a := sweeping(0)
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
		m, _ := sweeping(0)
		m.state = hoursState{own: 2}
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
	m, _ := sweeping(0)
	m.draft.reset()
	err := m.wasRead(t.Context(), 1, m.up())
	if kept := m.draft.values["span/"+timeKey(m.pages[1].from)]; err != nil || kept == nil || !m.pages[1].read.Equal(m.up()) {
		t.Errorf("kept is %s, and the page was read at %v, %v", kept, m.pages[1].read, err)
	}
}
