package callvault

import "crypto/rand"

// Timeline is a history of a company's numbers, so that a timeline and a number name one state
// for ever. After a restored backup, in a copy, or on another PostgreSQL server, numbers are
// used again, so the next change begins a new timeline. A repair begins one at 0, in place of
// all others, because nobody knows what the damage hid. A reader of changes discards what it
// has above From, or everything if its timeline is gone.
type Timeline struct {
	ID   [8]byte // random
	From int64   // the company's number when it began; its changes have higher ones
}

// NewTimeline draws a timeline that begins at a number.
func NewTimeline(from int64) Timeline {
	t := Timeline{From: from}
	rand.Read(t.ID[:]) // never fails: see crypto/rand
	return t
}
