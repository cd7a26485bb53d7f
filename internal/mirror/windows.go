package mirror

import (
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
)

// Rule 1. Hot reads [now-3h, far future) every 5 minutes, warm reads [W, far future) every hour.
// A reading stops after the first page when its total equals ours, no excess is known there and
// the last whole reading is under an hour old. Otherwise it goes on to the end.
const (
	hotPeriod  = 5 * time.Minute
	warmPeriod = time.Hour
	hotAge     = 3 * time.Hour
	wholeAge   = time.Hour
)

// windowState is what is kept of a window.
type windowState struct {
	Began  time.Time     `json:"began"`  // the last reading, by the upstream's clock
	Period time.Duration `json:"period"` // between the last two readings
	Read   time.Time     `json:"read"`   // when the last whole reading began; zero before the first
	Total  int           `json:"total"`  // that the upstream counted last
	Excess int           `json:"excess"` // that it counted and did not list in the last whole reading
}

// began remembers that a reading begins.
func (s *windowState) began(now time.Time) {
	if !s.Began.IsZero() {
		s.Period = now.Sub(s.Began)
	}
	s.Began = now
}

func (m *Mirror) hotDue() time.Time {
	if m.whole.wants(budget.Hot) {
		return time.Time{}
	}
	return m.nextAfter(m.hot.Began, hotPeriod)
}

func (m *Mirror) warmDue() time.Time {
	switch {
	case m.edge.W.IsZero():
		return never
	case m.whole.wants(budget.Warm):
		return time.Time{}
	}
	return m.nextAfter(m.warm.Began, warmPeriod)
}

func (t *thread) readHot() error {
	from := callvault.FloorTime(t.up().Add(-hotAge))
	return t.readWindow(budget.Hot, "window/hot", &t.hot, from)
}

func (t *thread) readWarm() error {
	return t.readWindow(budget.Warm, "window/warm", &t.warm, t.w())
}

// readWindow reads a window from a time on.
func (t *thread) readWindow(class budget.Class, key string, s *windowState, from callvault.Time) error {
	now := t.up()
	w := t.walk(class, callvault.Range{From: from, To: forever})
	if err := w.next(); err != nil {
		return err
	}
	s.began(now)
	s.Total = w.total
	stop, err := t.agrees(w, s, now)
	if err == nil && !stop {
		var excess int
		if excess, err = w.whole(); err == nil {
			s.Read, s.Excess = now, excess
		}
	}
	if err != nil {
		return err
	}
	t.keep(key, s)
	t.whole.done(class)
	return nil
}

// agrees tells whether the first page of a window is enough.
func (t *thread) agrees(w *walk, s *windowState, now time.Time) (bool, error) {
	if w.ended || s.Excess > 0 || now.Sub(s.Read) >= wholeAge || t.isAhead(s.Read) || t.whole.wants(w.class) {
		return false, nil
	}
	if err := t.commit(t.ctx); err != nil {
		return false, err
	}
	here, err := t.here(t.ctx, w.asked)
	return here == w.total, err
}
