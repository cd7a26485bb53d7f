package callvault

import "crypto/rand"

// Timeline is a history of a company's numbers. What is written goes on with the last one
// until something makes numbers be used again: a restored backup, a copy that is written to,
// another PostgreSQL server. Then a new one begins with the next change. A repair begins one
// at 0, in place of all others, because nobody knows what damage has hidden. So a timeline and
// a number name one state for good, and whoever follows the numbers learns that what it has
// above From, or all of it when its timeline is gone, does not belong to the company any more.
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
