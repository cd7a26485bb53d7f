package mirror

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/upstream"
)

// scripted is an upstream that answers one request after the other.
type scripted struct {
	Requests
	answers []any // an upstream.Page, an upstream.Found or an error
	asked   []upstream.Ask
	before  func() // is called before an answer; nil is nothing
}

func (s *scripted) answer() any {
	if s.before != nil {
		s.before()
	}
	next := s.answers[0]
	s.answers = s.answers[1:]
	return next
}

func (s *scripted) List(_ context.Context, ask upstream.Ask) (upstream.Page, error) {
	s.asked = append(s.asked, ask)
	switch next := s.answer().(type) {
	case upstream.Page:
		return next, nil
	default:
		return upstream.Page{}, next.(error)
	}
}

func (s *scripted) Call(context.Context, callvault.ID) (upstream.Found, error) {
	switch next := s.answer().(type) {
	case upstream.Found:
		return next, nil
	default:
		return upstream.Found{}, next.(error)
	}
}

// answering is a mirror of some calls, whose upstream answers so.
func answering(here []callvault.Call, state callvault.MirrorState, answers ...any) (*Mirror, *scripted) {
	m := shelved(here, shelfState{})
	s := &scripted{answers: answers}
	m.config.Requests = s
	m.state = state
	return m, s
}

// drive runs to the end.
func (m *Mirror) drive(ctx context.Context, run func(*thread) error) error {
	a := &activity{run: run}
	a.begin(ctx, m)
	for a.running.want != nil {
		_, a.running.want.err = a.running.want.send(ctx)
		a.running.goOn(ctx)
	}
	return a.running.err
}

// lists is a page of an upstream that counts so many calls.
func lists(total int, cursor string, digitsAndSeconds ...int) upstream.Page {
	return upstream.Page{Total: total, Cursor: cursor, Calls: calls(digitsAndSeconds...)}
}

// A walk whose cursor is refused goes on from the time of its last call. Of the calls of that
// time it counts each once.
func TestWalkWithoutItsCursor(t *testing.T) {
	refused := &gong.Error{Status: 400}
	for _, answers := range [][]any{
		{lists(5, "x", 1, 10, 2, 20), refused, lists(4, "", 2, 20, 3, 20, 4, 30)},
		{lists(5, "x", 1, 10, 2, 20), refused, lists(4, "y", 2, 20), lists(4, "", 3, 20, 4, 30)},
	} {
		m, s := answering(nil, shelfState{}, answers...)
		err := m.drive(t.Context(), func(th *thread) error {
			excess, err := th.walk(budget.Young, span(0, 100)).whole()
			if excess != 1 {
				t.Errorf("the excess of 5 calls of which 4 are listed is %d", excess)
			}
			return err
		})
		if err != nil || len(s.answers) > 0 || !s.asked[2].From.Equal(at(20).UTC()) || s.asked[2].Cursor != "" {
			t.Errorf("asked %+v, %v", s.asked, err)
		}
	}
}

// The first page of a window is enough if its total is ours, no excess is known there, and the
// last whole reading is under an hour old by a clock that was right.
func TestWindows(t *testing.T) {
	now := at(0).UTC()
	for name, c := range map[string]struct {
		state windowState
		total int
		whole bool
	}{
		"all are here":        {windowState{Read: now.Add(-59 * time.Minute)}, 2, false},
		"one is not":          {windowState{Read: now.Add(-59 * time.Minute)}, 3, true},
		"excess is known":     {windowState{Read: now.Add(-59 * time.Minute), Excess: 1}, 2, true},
		"an hour later":       {windowState{Read: now.Add(-time.Hour)}, 2, true},
		"never read":          {windowState{}, 2, true},
		"a clock was ahead":   {windowState{Read: now.Add(2 * jump)}, 2, true},
		"a clock was not far": {windowState{Read: now.Add(jump / 2)}, 2, false},
	} {
		m, s := answering(calls(1, 10, 2, 20), shelfState{}, lists(c.total, "x", 1, 10), lists(c.total, "", 2, 20))
		m.edge.W, m.warm = now.Add(-windowAge), c.state
		m.warm.Began = now.Add(-time.Minute)
		if err := m.drive(t.Context(), (*thread).readWarm); err != nil {
			t.Fatal(err)
		}
		want := c.state
		want.Began, want.Period, want.Total = now, time.Minute, c.total
		if c.whole {
			want.Read, want.Excess = now, c.total-2
		}
		if got := len(s.asked) > 1; got != c.whole || m.warm != want {
			t.Errorf("%s: it is read to its end: %v; the state is %+v, want %+v", name, got, m.warm, want)
		}
	}
}

// Excess that is remembered, absent calls and what stands apart explain a difference, and the
// shortage that the head finds. What differs within a leaf is unknown.
func TestMeasure(t *testing.T) {
	m := shelved(calls(1, 10, 2, 20, 3, 60), shelfState{weight: -1})
	m.wereRead(span(0, 15), 5)
	m.isAbsent(id(2), at(20))
	for _, c := range []struct{ from, total, want int }{{0, 6, 0}, {0, 8, 2}, {0, 3, -3}, {15, 0, 0}, {15, 2, 2}, {5, 90, 0}} {
		if d, err := m.measure(t.Context(), callvault.Query{Range: span(c.from, 100)}, c.total); err != nil || d.n != c.want {
			t.Errorf("from %d on %d calls differ by %d, want %d, %v", c.from, c.total, d.n, c.want, err)
		}
	}
	m.head.Visible = true
	for _, c := range []struct{ total, shortage int }{{7, 0}, {3, 4}, {9, -2}} {
		if err := m.drive(t.Context(), func(th *thread) error { return th.conclude(span(0, 100), c.total) }); err != nil || m.head.Shortage != c.shortage || m.head.Total != c.total {
			t.Errorf("%d calls are %d with a shortage of %d, want %d, %v", c.total, m.head.Total, m.head.Shortage, c.shortage, err)
		}
	}
}

// The cut of a range is at the time of a call, and in no leaf. Without leaves it has about as many
// calls on either side. It is at the range's beginning only if no other is possible.
func TestMedian(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		var here []callvault.Call
		for i := range 40 {
			here = append(here, callvault.Call{ID: callvault.SourceID("median", at(i).String()), Time: at(chance.IntN(1000))})
		}
		slices.SortFunc(here, func(a, b callvault.Call) int { return (&a).Position().Compare((&b).Position()) })
		m := shelved(here, shelfState{})
		for range chance.IntN(5) {
			from := chance.IntN(1000)
			m.wereRead(span(from, from+1+chance.IntN(400)), 1)
		}
		cuts := make(map[callvault.Time]bool)
		for _, leaf := range m.leaves {
			cuts[leaf.From], cuts[leaf.To] = true, true
		}
		r := span(0, 1000)
		if len(m.leaves) > 0 && chance.IntN(2) == 0 {
			r.From = m.leaves[0].From
		}
		err := m.drive(t.Context(), func(th *thread) error {
			cut, err := th.median(r)
			below := slices.IndexFunc(here, func(one callvault.Call) bool { return one.Time >= cut })
			switch {
			case len(m.leaves) == 0 && (below < len(here)*2/5 || below > len(here)*3/5):
				t.Errorf("%d of %d calls are before the cut at %v", below, len(here), cut)
			case m.leaves.around(cut) != nil:
				t.Errorf("the cut at %v is in the leaf %v", cut, m.leaves.around(cut).Range)
			case cut < r.From || cut >= r.To:
				t.Errorf("the cut at %v is not in %v", cut, r)
			case !cuts[cut] && !slices.ContainsFunc(here, func(one callvault.Call) bool { return one.Time == cut }):
				t.Errorf("no call is at %v", cut)
			case cut == r.From && len(m.leaves) > 0 && m.leaves[0].From == r.From && m.leaves[0].To < r.To:
				t.Errorf("%v is not cut at the end of the leaf that it begins with", r)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// keeping is a state that keeps values, and tells how many commits deleted calls.
type keeping struct {
	shelfState
	values  map[string][]byte
	deleted int
}

func (k *keeping) Values(_ context.Context, prefix string, visit func(string, []byte) error) error {
	for key, value := range k.values {
		if strings.HasPrefix(key, prefix) {
			if err := visit(key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *keeping) Commit(_ context.Context, _ callvault.Lease, change callvault.MirrorChange) (callvault.PutResult, error) {
	for key, value := range change.Values {
		k.values[key] = value
	}
	k.deleted += len(change.Delete)
	return callvault.PutResult{}, nil
}

// A request is counted in the store before it is sent, and a Retry-After is there for the next
// process.
func TestRequestsAreCounted(t *testing.T) {
	const wait = 7 * time.Hour
	k := &keeping{values: make(map[string][]byte)}
	m, s := answering(nil, k, &gong.Error{Status: 503, RetryAfter: wait})
	limits := budget.Limits{Pace: 1, Daily: 5000}
	opened := func() *budget.Budget {
		b, err := budget.Open(t.Context(), k, callvault.Lease{}, limits, m.config.Now)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	m.budget = opened()
	now := m.config.Now().Add(time.Second)
	m.config.Now = func() time.Time { return now }
	m.budget = opened()
	now = now.Add(time.Second)
	before := len(k.values)
	s.before = func() {
		if len(k.values) != before+1 {
			t.Errorf("there are %d values when a request is sent, and %d were there before", len(k.values), before)
		}
	}
	m.activities = []*activity{{name: "hot", class: budget.Hot, due: m.hotDue, run: (*thread).readHot}}
	for len(s.asked) == 0 {
		if _, err := m.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	m.Close()
	if got := opened().Wait(budget.Hot); got != wait {
		t.Errorf("the next process waits for %v, want %v", got, wait)
	}
}

// The total of each workspace is asked for hourly, and daily when there are more than ten.
func TestManyWorkspaces(t *testing.T) {
	for n, want := range map[int]time.Duration{2: time.Hour, 10: time.Hour, 11: 24 * time.Hour} {
		m, s := answering(nil, shelfState{}, slices.Repeat([]any{lists(0, "")}, n)...)
		m.calls = shelf{workspaces: make([]callvault.ID, n)}
		for i := range n {
			m.calls.(shelf).workspaces[i] = callvault.SourceID("workspace", string(rune('a'+i)))
		}
		m.edge.W, m.backfill.Done, m.head.At = at(100).UTC(), true, m.up()
		if err := m.drive(t.Context(), (*thread).askWorkspaces); err != nil || len(s.asked) != n {
			t.Fatalf("%d requests were sent, %v", len(s.asked), err)
		}
		if got := m.workspacesDue().Sub(m.up()); got != want {
			t.Errorf("%d workspaces are asked for after %v, want %v", n, got, want)
		}
	}
}
