package mirror

import (
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/upstream"
)

// Rule 8. On hold the mirror deletes nothing, sweeps nothing and bisects nothing. Hot, warm and the
// polls of excess go on and add what is listed, and the head asks hourly. A hold ends when the
// head's shortage is back under G, or when an operator accepts it. It never ends by time: a second
// reading a day later and a 404 by id prove nothing, because both come through the same key.

// The reasons for a hold.
const (
	heldShort     = "shortage"  // the upstream counts fewer calls than G explains
	heldMany      = "deletions" // more calls would go in 24 hours than G
	heldEmpty     = "empty"     // the upstream lists no call at all
	heldRetention = "retention" // the horizon moved further than time did
)

// hold is why nothing is deleted.
type hold struct {
	Reason string    `json:"reason"`
	Calls  int       `json:"calls"` // that would go
	Until  time.Time `json:"until"` // of a retention: the horizon that would be accepted
}

// accepted is what an operator has accepted: more deletions than G, and a horizon.
type accepted struct {
	Calls   int       `json:"calls"`   // above G, that may still go
	Horizon time.Time `json:"horizon"` // up to which older calls may go together
	Empty   bool      `json:"empty"`   // whether all calls may go, if the upstream still lists none
}

// most is G: how many calls may go in 24 hours.
func (m *Mirror) most(calls int) int { return max(50, calls/2000) + m.accepted.Calls }

// judge holds, or ends a hold, by what the last head found.
func (m *Mirror) judge() {
	if m.head.Visible && m.accepted.Empty || m.head.Shortage <= 0 && len(m.absent) == 0 && m.accepted.Calls > 0 {
		m.accepted.Empty, m.accepted.Calls = false, 0 // what was accepted is done, or the calls are back
		m.keep("accepted", m.accepted)
	}
	total := m.head.Total + max(0, m.head.Shortage) + m.head.Prefix
	most := m.most(total)
	recent := 0 // absent calls that the head does not count
	for _, a := range m.absent {
		if a.at >= m.w() {
			recent++
		}
	}
	switch short := m.head.Shortage + recent; {
	case !m.head.Visible && total > 0 && !m.accepted.Empty:
		m.holdFor(heldEmpty, total, time.Time{})
	case m.head.Shortage > most && (m.head.Visible || !m.accepted.Empty):
		m.holdFor(heldShort, m.head.Shortage, time.Time{})
	case m.held != nil && m.held.Reason != heldRetention && short+m.gone.within(m.up()) > most:
		m.held.Calls = short
		m.keep("hold", m.held)
	case m.held != nil && m.held.Reason == heldRetention && m.head.Prefix > smallPrefix && !m.mayMove():
		m.held.Calls, m.held.Until = m.head.Prefix, m.horizon.Oldest
		m.keep("hold", m.held)
	case m.held != nil:
		m.release("the upstream lists the calls again")
	}
}

// holdFor begins a hold, or gives one that is there its latest numbers.
func (m *Mirror) holdFor(reason string, calls int, until time.Time) {
	if m.held == nil {
		held := &hold{Reason: reason, Calls: calls, Until: until}
		m.log.Warn("on hold: nothing is deleted", "calls", calls, "reason", held.shown("").Reason)
		m.held = held
	}
	m.held.Reason, m.held.Calls, m.held.Until = reason, calls, until
	m.keep("hold", m.held)
	m.differs = nil
}

// release ends the hold. Which calls of history are absent must be found again, because they
// may be listed by now.
func (m *Mirror) release(why string) {
	m.held = nil
	m.forget("hold")
	m.log.Info("the hold ended", "why", why)
	for id, a := range m.absent {
		if a.at < m.w() {
			m.isThere(id)
		}
	}
}

// access is whether the upstream answers, and what its clock shows.
type access struct {
	Ahead   time.Duration `json:"ahead"`
	Since   time.Time     `json:"since"`   // of the state, by the machine's clock
	Reason  string        `json:"reason"`  // why it can't be read; empty if it can
	Refused bool          `json:"refused"` // the key: only the head asks, hourly
}

// why says why the upstream can't be read, and what to do about it.
func (m *Mirror) why(err error) string {
	_, host, _ := strings.Cut(m.config.Upstream, "://")
	host, _, _ = strings.Cut(host, "/")
	remedy := upstream.Remedy(err, host)
	if remedy == "" {
		return upstream.Text(err)
	}
	return upstream.Text(err) + "; " + remedy + "; to test it: callvault doctor --mirror " + m.config.Upstream + m.config.Arguments
}

// heardOf keeps whether the upstream can be read.
func (m *Mirror) heardOf(reason string) {
	m.told = true
	if m.access.Refused && reason == "" {
		return // that is for the head to say
	}
	if m.access.Reason == reason && !m.access.Since.IsZero() && (m.access.Ahead-m.clock.Ahead).Abs() < time.Minute {
		return
	}
	if m.access.Reason != reason || m.access.Since.IsZero() {
		m.access.Since = m.config.Now()
		m.access.Reason = reason
	}
	m.access.Ahead = m.clock.Ahead
	m.keep("access", m.access)
}

// refuse keeps that the upstream refuses the key, and ends all but the head.
func (m *Mirror) refuse(reason string) {
	m.access.Refused = true
	m.heardOf(reason)
	for _, a := range m.activities {
		if a.name != budget.Head.String() {
			a.end()
		}
	}
}

// smallPrefix is how many calls may always be deleted as a prefix.
const smallPrefix = 50

// mayMove tells whether the horizon moved no further than time did since its last accepted
// move, by both clocks, and 4 days, or as far as an operator has accepted.
func (m *Mirror) mayMove() bool {
	h := m.horizon
	if !h.Oldest.After(m.accepted.Horizon) {
		return true
	}
	passed := min(m.up().Sub(h.Moved), m.config.Now().Sub(h.Here))
	return h.Oldest.Sub(h.Accepted) <= passed+4*24*time.Hour
}

// accept accepts that the horizon is where the last head found it.
func (h *horizon) accept(up, now time.Time) { h.Accepted, h.Moved, h.Here = h.Oldest, up, now.UTC() }

// sawHorizon keeps the oldest call that is listed. The first one, and one that is older than
// before, is accepted as it is. Retention needs to know the excess from there on.
func (m *Mirror) sawHorizon(at callvault.Time) {
	m.cutLeaf(at)
	h := &m.horizon
	oldest := at.UTC()
	if h.Oldest.Equal(oldest) {
		return
	}
	h.Oldest = oldest
	if h.Accepted.IsZero() || oldest.Before(h.Accepted) {
		h.accept(m.up(), m.config.Now())
	}
	m.keep("horizon", h)
}
