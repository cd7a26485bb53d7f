package gong

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// seen is what a walk has met: calls by their id, those that break the contract
// by a hash of their bytes, and cursors by theirs. An id of 20 digits is a number
// of 64 bits and up to 5 times 2⁶⁴, so ids are kept exactly, in 8 bytes each.
// With the map's own that is 14 to 21 MB for a million calls.
type seen struct {
	ids     [6]set // by how often 2⁶⁴ is in them
	broken  set
	cursors set
	seed    maphash.Seed
}

func newSeen() *seen {
	s := &seen{broken: make(set), cursors: make(set), seed: maphash.MakeSeed()}
	for i := range s.ids {
		s.ids[i] = make(set)
	}
	return s
}

// addID adds a valid id unless it is there.
func (s *seen) addID(digits string) bool {
	var times, number uint64
	for i := range len(digits) {
		high, low := bits.Mul64(number, 10)
		low, carry := bits.Add64(low, uint64(digits[i]-'0'), 0)
		times, number = times*10+high+carry, low
	}
	return s.ids[times].add(number)
}

// addBroken adds a call that breaks the contract unless it is there.
func (s *seen) addBroken(document []byte) bool {
	return s.broken.add(maphash.Bytes(s.seed, document))
}

// addCursor adds a cursor unless it is there.
func (s *seen) addCursor(cursor string) bool {
	return s.cursors.add(maphash.String(s.seed, cursor))
}

// set has keys of bytes, because a map aligns its entries to its keys: numbers
// would take almost twice the memory.
type set map[[8]byte]struct{}

// add adds a number unless it is there.
func (s set) add(number uint64) bool {
	before := len(s)
	var key [8]byte
	binary.NativeEndian.PutUint64(key[:], number)
	s[key] = struct{}{}
	return len(s) > before
}
