package mirror

import (
	"time"

	"github.com/callvault/callvault"
)

// The ends of time as an upstream is asked for them.
var (
	beginning = callvault.FloorTime(time.Unix(0, 0))
	forever   = callvault.FloorTime(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC))
)

// never is the due time of what need not be done.
var never = forever.UTC()

const (
	windowAge = 36 * time.Hour   // how far W is behind the upstream's now
	jump      = 10 * time.Minute // a clock that moves by more is believed when two answers say so
	agreement = 5 * time.Second  // between those two
)

// clock is the upstream's clock, learnt from the Date of its answers: how far it is ahead of
// the machine's. Until the first answer it is what the process before learnt.
type clock struct {
	Ahead   time.Duration  `json:"ahead"`
	doubted *time.Duration // how far it is ahead by the latest answer, if that was not believed
	heard   bool           // the latest answer was believed, and W has not moved since
}

// at is the upstream's time at a time of the machine's clock.
func (c *clock) at(now time.Time) time.Time { return now.Add(c.Ahead).UTC() }

// hear learns the upstream's clock, and tells by how much it jumped. One answer alone makes it
// jump nowhere. A Date has whole seconds, so a clock that is off by less than two is right.
func (c *clock) hear(now, date time.Time) (jumped time.Duration) {
	c.heard = false
	if date.IsZero() {
		return 0
	}
	ahead := date.Sub(now)
	off := ahead - c.Ahead
	if off.Abs() > jump {
		if c.doubted == nil || (ahead-*c.doubted).Abs() > agreement {
			c.doubted = &ahead
			return 0
		}
		jumped = off
	}
	if off.Abs() >= 2*time.Second {
		c.Ahead = ahead
	}
	c.doubted, c.heard = nil, true
	return jumped
}

// up is the upstream's now.
func (m *Mirror) up() time.Time { return m.clock.at(m.config.Now()) }

// isAhead tells whether a moment is in the future by more than clocks differ. Then a clock was
// wrong when it was kept, and nothing may wait for it.
func (m *Mirror) isAhead(at time.Time) bool { return at.Sub(m.up()) > jump }

// nextAfter is when a period after a moment is over.
func (m *Mirror) nextAfter(at time.Time, period time.Duration) time.Time {
	if at.IsZero() || m.isAhead(at) {
		return time.Time{}
	}
	return at.Add(m.period(period))
}

// edge is W: 36 hours ago, rounded down to the hour, never moved back. It does not pass the
// last whole reading of the warm window, so that what came in a downtime is not taken for
// differences.
type edge struct {
	W time.Time `json:"w"`
}

// advance is the new W at the upstream's now, warm being the last whole reading; zero if there
// was none.
func (e edge) advance(now, warm time.Time) time.Time {
	w := now.Add(-windowAge).Truncate(time.Hour)
	switch {
	case e.W.IsZero():
		return w
	case warm.IsZero():
		return e.W
	}
	if last := warm.Truncate(time.Hour); w.After(last) {
		w = last
	}
	if w.Before(e.W) {
		return e.W
	}
	return w
}

// w is W as a time of calls.
func (m *Mirror) w() callvault.Time { return callvault.FloorTime(m.edge.W) }
