package mirror

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/upstream"
)

var epoch = time.Date(2026, 3, 4, 11, 20, 0, 0, time.UTC)

// A round in golden order visits each page once, and after m pages no gap between the cuts is
// longer than 2.5/m of the history.
func TestGolden(t *testing.T) {
	for k := 1; k <= 700; k++ {
		s := stride(k)
		if s < 1 || s > k {
			t.Fatalf("the stride of %d pages is %d", k, s)
		}
		var cuts []int
		for i := range k {
			page := golden(i, s, k)
			at, twice := slices.BinarySearch(cuts, page)
			if twice || page < 0 || page >= k {
				t.Fatalf("of %d pages, number %d is page %d again", k, i, page)
			}
			cuts = slices.Insert(cuts, at, page)
			if k < 200 || i < 3 {
				continue
			}
			longest := cuts[0] + k - cuts[len(cuts)-1]
			for j := 1; j < len(cuts); j++ {
				longest = max(longest, cuts[j]-cuts[j-1])
			}
			if most := 5*k/(2*len(cuts)) + 1; longest > most {
				t.Fatalf("after %d of %d pages there is a gap of %d, want at most %d", i+1, k, longest, most)
			}
		}
	}
}

// W never moves back, is a whole hour, at least 36 hours behind, and never passes a history that
// was not read since a downtime.
func TestEdge(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var e edge
		var warm time.Time
		now := epoch
		for range 100 {
			now = now.Add(time.Duration(chance.IntN(240)-60) * time.Minute)
			w := e.advance(now, warm)
			switch {
			case w.Before(e.W):
				t.Fatalf("W moved back from %v to %v", e.W, w)
			case w.After(e.W) && now.Sub(w) < windowAge:
				t.Fatalf("W moved to %v at %v", w, now)
			case w.After(e.W) && !e.W.IsZero() && w.After(warm):
				t.Fatalf("W moved to %v past the last whole reading, %v", w, warm)
			case !w.Equal(w.Truncate(time.Hour)):
				t.Fatalf("W is %v", w)
			}
			e.W = w
			if chance.IntN(3) > 0 {
				warm = now
			}
		}
	}
}

// The upstream's clock is learnt from whole seconds. It jumps when two answers in turn agree.
func TestClock(t *testing.T) {
	var c clock
	now := epoch
	hear := func(ahead, jumps time.Duration) {
		t.Helper()
		now = now.Add(1317 * time.Millisecond)
		jumped := c.hear(now, now.Add(ahead).Truncate(time.Second))
		if (jumped-jumps).Abs() > time.Second || (jumped == 0) != (jumps == 0) {
			t.Errorf("an answer that is %v ahead is a jump of %v, want %v", ahead, jumped, jumps)
		}
	}
	is := func(ahead time.Duration, heard bool) {
		t.Helper()
		if off := (c.Ahead - ahead).Abs(); off > 2*time.Second || c.heard != heard {
			t.Errorf("the clock is %v ahead, %v, want %v, %v", c.Ahead, c.heard, ahead, heard)
		}
	}
	const far, near = 50 * time.Hour, 9 * time.Minute
	hear(far, 0)
	is(0, false)
	hear(far, far)
	is(far, true)
	for range 100 {
		hear(far, 0)
		is(far, true)
	}
	hear(far+near, 0)
	is(far+near, true)
	for range 5 { // lies that don't agree, and one between true answers
		hear(9*far, 0)
		is(far+near, false)
		hear(-far, 0)
		is(far+near, false)
	}
	hear(far, 0)
	is(far, true)
	hear(-far-6*time.Second, 0)
	hear(-far, 0)
	is(far, false)
	hear(-far, -2*far)
	is(-far, true)
	if jumped := c.hear(now, time.Time{}); jumped != 0 {
		t.Errorf("an answer without a Date is a jump of %v", jumped)
	}
	is(-far, false)
}

// at is a time of calls so many seconds after the epoch.
func at(seconds int) callvault.Time {
	return callvault.FloorTime(epoch.Add(time.Duration(seconds) * time.Second))
}

func span(from, to int) callvault.Range { return callvault.Range{From: at(from), To: at(to)} }

// The excess of a range is the sum of its leaves, and not exact where a leaf is divided.
func TestExcess(t *testing.T) {
	m := &Mirror{config: Config{Now: func() time.Time { return epoch }, Hurry: 1}}
	m.draft.reset()
	m.wereRead(span(10, 20), 2)
	m.wereRead(span(40, 50), 1)
	m.wereRead(span(30, 35), 0)
	for _, c := range []struct {
		from, to, want int
		exact          bool
	}{{0, 100, 3, true}, {0, 40, 2, true}, {10, 20, 2, true}, {20, 40, 0, true}, {15, 60, 3, false}, {0, 45, 3, false}, {50, 60, 0, true}} {
		if n, exact := m.leaves.excess(span(c.from, c.to)); n != c.want || exact != c.exact {
			t.Errorf("the excess of [%d, %d) is %d, %v", c.from, c.to, n, exact)
		}
	}
	for _, c := range []struct{ at, want int }{{15, 10}, {10, -1}, {20, -1}, {49, 40}, {30, -1}} {
		around := m.leaves.around(at(c.at))
		if got := around != nil; got != (c.want >= 0) || got && around.From != at(c.want) {
			t.Errorf("around %d is %v", c.at, around)
		}
	}
	m.wereRead(span(5, 45), 7)
	if len(m.leaves) != 1 || m.leaves[0].kept.Excess != 7 {
		t.Errorf("the leaves are %+v", m.leaves)
	}
}

// A leaf is polled after 15 minutes, then after twice as long each time, up to 7 days; a change
// begins again, and nothing left ends it.
func TestPolls(t *testing.T) {
	now := epoch
	m := &Mirror{config: Config{Now: func() time.Time { return now }, Hurry: 1}}
	m.draft.reset()
	want := 15 * time.Minute
	for range 15 {
		m.wereRead(span(10, 20), 2)
		if got := m.leaves[0].kept.Next.Sub(now); got != want {
			t.Fatalf("the next poll is after %v, want %v", got, want)
		}
		now = now.Add(want)
		want = min(2*want, 7*24*time.Hour)
	}
	m.wereRead(span(10, 20), 1)
	if got := m.leaves[0].kept.Next.Sub(now); got != 15*time.Minute {
		t.Errorf("after a change the next poll is after %v", got)
	}
	m.wereRead(span(10, 20), 0)
	if len(m.leaves) != 0 || m.draft.values["leaf/"+timeKey(at(10))] != nil {
		t.Errorf("the leaves are %+v", m.leaves)
	}
}

// listed is a page of calls: each is the seconds of its time.
func listed(seconds ...int) (page upstream.Page) {
	for i, s := range seconds {
		id, _ := callvault.ParseID(string(rune('1'+i/10)) + string(rune('0'+i%10)))
		page.Calls = append(page.Calls, callvault.Call{ID: id, Time: at(s)})
	}
	return page
}

// A call that is listed where its time is not counts at the time of the one before it, or of the first. The
// others keep their times, however many are out of order.
func TestPlaced(t *testing.T) {
	for _, c := range []struct {
		seconds []int
		strange map[int]int // by place, the seconds where it counts
		last    int
	}{
		{[]int{1, 2, 3}, nil, 3},
		{[]int{1, 90, 3, 4}, map[int]int{1: 1}, 4},
		{[]int{95, 5, 6, 7}, map[int]int{0: 5}, 7},
		{[]int{5, 6, 1, 7}, map[int]int{2: 6}, 7},
		{[]int{500, 6, 7, -3, 600}, map[int]int{0: 6, 3: 7, 4: 7}, 7},
		{[]int{3, 3, 3}, nil, 3},
		{[]int{500}, map[int]int{0: 0}, 0},
	} {
		page := listed(c.seconds...)
		got := placed(answer{asked: callvault.Query{Range: span(0, 100)}, page: page})
		if got.last.Time != at(c.last) || len(got.strange) != len(c.strange) {
			t.Errorf("%v: last %v, strange %v", c.seconds, got.last.Time, got.strange)
		}
		for i, want := range c.strange {
			if got.strange[page.Calls[i].ID] != at(want) {
				t.Errorf("%v: call %d counts at %v, want %v", c.seconds, i, got.strange[page.Calls[i].ID], at(want))
			}
		}
	}
}

// Deletions count for 24 hours.
func TestDeletions(t *testing.T) {
	var d deletions
	for i := range 100 {
		d = d.add(epoch.Add(time.Duration(i)*time.Hour), 2)
		if got, want := d.within(epoch.Add(time.Duration(i)*time.Hour)), 2*min(i+1, 24); got != want {
			t.Fatalf("after %d hours there are %d, want %d", i, got, want)
		}
		if len(d) > 25 {
			t.Fatalf("%d hours are kept", len(d))
		}
	}
}

// What is late is known within a tenth, and for 30 days.
func TestLateness(t *testing.T) {
	now := epoch
	m := &Mirror{config: Config{Now: func() time.Time { return now }, Hurry: 1}}
	m.late = make(map[int]*lateDay)
	m.draft.reset()
	for i := range 100 {
		m.warm.Read = now
		m.cameLate(0, callvault.FloorTime(now.Add(-time.Duration(i+1)*time.Hour)))
	}
	got := lateness(m.late, callvault.DayOf(now))
	for name, c := range map[string]struct {
		got  *Seconds
		want time.Duration
	}{"median": {got.Median, 50 * time.Hour}, "p95": {got.P95, 95 * time.Hour}, "worst": {got.Worst, 100 * time.Hour}} {
		if off := (time.Duration(*c.got) - c.want).Abs(); off > c.want/10 {
			t.Errorf("the %s is %v, want %v", name, time.Duration(*c.got), c.want)
		}
	}
	if later := lateness(m.late, callvault.DayOf(now)+lateDays); later != (Late{}) {
		t.Errorf("after 30 days it is %+v", later)
	}
}

// When an old round takes more than 30 days, the status names the budget that would make it 20. The
// pages of the round come on top of what all else sends.
func TestSuggest(t *testing.T) {
	for _, c := range []struct{ days, pages, limit, want int }{
		{30, 43_400, 5000, 0}, {54, 43_400, 5000, 9100}, {31, 43_400, 8000, 10_300}, {54, 43_400, 0, 0},
	} {
		s := &Status{Rounds: []Round{{}, {}, {Total: c.pages, Period: Seconds(time.Duration(c.days) * 24 * time.Hour)}}, Requests: budget.Spent{Limit: c.limit}}
		if s.suggest(); s.Suggest != c.want {
			t.Errorf("for %+v --daily %d is suggested", c, s.Suggest)
		}
	}
}

// A round is spread over its period, or takes longer: what is left of it follows from the later end.
func TestRoundLeft(t *testing.T) {
	of := sweep{period: 10 * time.Hour}
	for _, tt := range []struct {
		read       int
		past, left time.Duration
	}{
		{1, time.Minute, 9*time.Hour - time.Minute},
		{4, 4 * time.Hour, 5 * time.Hour},
		{2, 4 * time.Hour, 12 * time.Hour},
		{8, 9 * time.Hour, 0},
	} {
		r := round{Began: epoch, K: 8, I: tt.read}
		if got := r.shown(of, epoch.Add(tt.past)); got.Left == nil || *got.Left != Seconds(tt.left) {
			t.Errorf("%d pages after %v: %v are left, want %v", tt.read, tt.past, got.Left, tt.left)
		}
	}
}
