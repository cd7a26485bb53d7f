package mirror

import (
	"slices"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/upstream"
)

// A hold ends when the shortage and the deletions of 24 hours are back under G. It has no time to end by.
func TestHoldEnds(t *testing.T) {
	for _, c := range []struct {
		shortage, gone int
		held           bool
	}{{51, 0, true}, {30, 21, true}, {30, 20, false}, {50, 0, false}, {0, 0, false}} {
		m := shelved(nil, shelfState{})
		m.held = &hold{Reason: heldShort, Calls: 90}
		m.head = headState{At: m.up(), Total: 900, Visible: true, Shortage: c.shortage}
		m.gone = m.gone.add(m.up(), c.gone)
		if m.judge(); (m.held != nil) != c.held || c.held && m.held.Calls != c.shortage {
			t.Errorf("with a shortage of %d after %d deletions held is %+v", c.shortage, c.gone, m.held)
		}
	}
}

// An absent call goes if it is gone by its id, and a listing of the same minute has another call
// that is here.
func TestWitness(t *testing.T) {
	gone, there := upstream.Found{}, upstream.Found{There: true, Call: call(2, 90)}
	for name, c := range map[string]struct {
		answers []any // after that of the head
		lasts   time.Duration
		deleted int
	}{
		"another is listed":        {[]any{gone, lists(1, "", 1, 10)}, time.Minute, 1},
		"it takes over a minute":   {[]any{gone, lists(1, "", 1, 10)}, 61 * time.Second, 0},
		"none is listed":           {[]any{gone, lists(0, "")}, time.Second, 0},
		"none that is here":        {[]any{gone, lists(1, "", 5, 40)}, time.Second, 0},
		"only itself is listed":    {[]any{gone, lists(1, "", 2, 20)}, time.Second, 0},
		"it is there by its id":    {[]any{there}, time.Second, 0},
		"its id is refused":        {[]any{&gong.Error{Status: 400}}, time.Second, 0},
		"the id is not its own's":  {[]any{&gong.Error{Status: 404}}, time.Second, 0},
		"the listing is not there": {[]any{gone, &gong.Error{Status: 500}}, time.Second, 0},
	} {
		k := &keeping{values: make(map[string][]byte)}
		m, s := answering(calls(1, 10, 2, 20), k, append([]any{lists(1, "", 1, 10)}, c.answers...)...)
		now := at(0).UTC()
		m.config.Now = func() time.Time { return now }
		s.before = func() { now = now.Add(c.lasts) }
		m.edge.W, m.backfill.Done = at(100).UTC(), true
		m.cut(span(0, 100), []callvault.Time{at(0), at(50)}, time.Time{})
		m.sawHorizon(at(10))
		m.isAbsent(id(2), at(20))
		_ = m.drive(t.Context(), (*thread).settleAbsent)
		if err := m.commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a, is := m.absent[id(2)]; is && a.asked.IsZero() {
			t.Errorf("%s: it is asked for again at once", name)
		}
		if k.deleted != c.deleted || m.gone.within(m.up()) != c.deleted || len(s.answers) > 0 {
			t.Errorf("%s: %d calls went, and %d were counted, want %d; %d answers are left", name, k.deleted, m.gone.within(m.up()), c.deleted, len(s.answers))
		}
	}
}

// What is older than the oldest listed call goes only if the total after it agrees, as the head
// finds it then, and its first and last call are gone.
func TestRetentionIsSettled(t *testing.T) {
	gone, there := upstream.Found{}, upstream.Found{There: true, Call: call(1, 10)}
	for name, c := range map[string]struct {
		change  func(*Mirror)
		answers []any
		deleted int
	}{
		"all agrees":               {nil, []any{lists(2, "", 3, 30, 4, 40), gone, gone}, 2},
		"the first is there":       {nil, []any{lists(2, "", 3, 30, 4, 40), there}, 0},
		"the last is there":        {nil, []any{lists(2, "", 3, 30, 4, 40), gone, there}, 0},
		"the total differs":        {nil, []any{lists(5, "x", 3, 30)}, 0},
		"one is absent":            {nil, []any{lists(1, "", 3, 30)}, 0},
		"a difference is followed": {func(m *Mirror) { m.differs = &difference{n: 1} }, nil, 0},
		"one is of before": {func(m *Mirror) {
			m.state.(*keeping).apart = []callvault.Apart{{ID: id(1), Kind: callvault.Own, At: at(10)}}
		}, []any{lists(2, "", 3, 30, 4, 40), gone, gone}, 1},
		"and one was absent": {func(m *Mirror) { m.isAbsent(id(4), at(40)) }, nil, 0},
	} {
		k := &keeping{values: make(map[string][]byte)}
		m, s := answering(calls(1, 10, 2, 20, 3, 30, 4, 40), k, c.answers...)
		m.edge.W, m.backfill.Done = at(100).UTC(), true
		m.cut(span(0, 100), []callvault.Time{at(0), at(50)}, time.Time{})
		m.sawHorizon(at(5))
		m.sawHorizon(at(30))
		m.head = headState{At: m.up(), Total: 2, Prefix: 2, Visible: true}
		if c.change != nil {
			c.change(m)
		}
		err := m.drive(t.Context(), (*thread).retain)
		if c.deleted > 0 && (m.head.Prefix != 0 || !m.horizon.Accepted.Equal(at(30).UTC())) {
			t.Errorf("%s: the head is %+v, and the horizon %+v", name, m.head, m.horizon)
		}
		if err != nil || k.deleted != c.deleted || len(s.answers) > 0 {
			t.Errorf("%s: %d calls went, want %d; %d answers are left, %v", name, k.deleted, c.deleted, len(s.answers), err)
		}
	}
}

// The horizon may move as far as time does since its last accepted move, by the clock that is
// slower, and 4 days; or to where an operator accepted it.
func TestMayMove(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		up, here, moved, accepted time.Duration
		may                       bool
	}{
		{day, day, 5 * day, 0, true}, {day, day, 5*day + 1, 0, false},
		{30 * day, day, 6 * day, 0, false}, {day, 30 * day, 6 * day, 0, false},
		{30 * day, 30 * day, 34 * day, 0, true}, {day, day, 90 * day, 90 * day, true}, {day, day, 90 * day, 89 * day, false},
	} {
		m := shelved(nil, shelfState{})
		m.sawHorizon(at(0))
		now := m.config.Now().Add(c.here)
		m.config.Now = func() time.Time { return now }
		m.clock.Ahead = c.up - c.here
		m.horizon.Oldest = m.horizon.Oldest.Add(c.moved)
		if c.accepted > 0 {
			m.accepted.Horizon = at(0).UTC().Add(c.accepted)
		}
		if may := m.mayMove(); may != c.may {
			t.Errorf("%+v: it may move: %t", c, may)
		}
	}
}

// Deletions use up what an operator accepted before they count as those of 24 hours, and both are
// kept.
func TestAcceptedIsUsedUp(t *testing.T) {
	for _, c := range []struct{ gone, accepted, counted int }{{3, 7, 0}, {10, 0, 0}, {12, 0, 2}} {
		m := shelved(nil, shelfState{})
		m.accepted.Calls = 10
		m.countGone(c.gone)
		if m.accepted.Calls != c.accepted || m.gone.within(m.up()) != c.counted || m.draft.values["accepted"] == nil || m.draft.values["deletions"] == nil {
			t.Errorf("after %d of 10 accepted, %d are left and %d count; kept is %v", c.gone, m.accepted.Calls, m.gone.within(m.up()), m.draft.values)
		}
	}
}

// Calls that are absent longest are asked for first.
func TestOldestAbsent(t *testing.T) {
	m := shelved(nil, shelfState{})
	now := m.config.Now()
	m.config.Now = func() time.Time { return now }
	want := []callvault.ID{id(5), id(2), id(7), id(1)}
	for _, one := range want {
		m.isAbsent(one, at(0))
		now = now.Add(time.Second)
	}
	if got := m.oldestAbsent(); !slices.Equal(got, want) {
		t.Errorf("they are %v, want %v", got, want)
	}
}
