package status

import (
	"strings"
	"time"

	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/screen"
)

// State is how a mirror stands, in a word.
type State string

// The states of a mirror.
const (
	Current State = "current"
	Busy    State = "busy"    // it has not read all of history yet, or the last hours are read seldom
	Trouble State = "trouble" // an operator should look
)

const (
	fresh = 15 * time.Minute // since the last look at the hot window
	grace = 15 * time.Minute // that a look may come later than usual
)

// Headline says in one line how the mirror stands.
func (s Shown) Headline() (State, string) {
	state, text := s.summary()
	_, host, _ := strings.Cut(s.URL, "://")
	return state, "Mirror of " + screen.Clean(host) + ": " + text
}

func (s Shown) summary() (State, string) {
	reason := mirror.NothingRead
	if s.Reason != nil {
		reason = screen.Clean(*s.Reason)
	}
	last := s.Windows[0].Last
	switch {
	case last == nil && reason == mirror.NothingRead:
		return Busy, reason
	case !s.Connected:
		return Trouble, "not connected: " + reason
	case s.Reason != nil:
		return Trouble, reason
	case last == nil:
		return Busy, mirror.NothingRead
	case time.Duration(*last) > 2*time.Duration(s.Windows[0].Period)+grace && s.Holder == "":
		return Trouble, "no process keeps it, last read " + about(*last) + " ago"
	case time.Duration(*last) > 2*time.Duration(s.Windows[0].Period)+grace:
		return Trouble, "overdue, last read " + about(*last) + " ago"
	case s.Held != nil:
		return Trouble, "on hold: " + screen.Count(s.Held.Calls, "call") + " not deleted"
	case !s.Backfill.Done:
		return Busy, "backfill " + s.backfill().percent() + left(s.Backfill.Left)
	}
	state, text := Current, "current"
	if time.Duration(*last) > fresh {
		state, text = Busy, "last read "+about(*last)+" ago"
	}
	if s.Newest != nil && s.Newest.Before(s.Now) {
		text += ", newest call " + about(mirror.Seconds(s.Now.Sub(*s.Newest))) + " ago"
	}
	return state, text
}

// about is a length of time in its largest unit.
func about(s mirror.Seconds) string {
	number, rest, _ := strings.Cut(length(s), " ")
	unit, _, _ := strings.Cut(rest, " ")
	return number + " " + unit
}
