package gong

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// seen is what a walk has met: calls by id, calls that break the contract and cursors by
// a hash. Ids are kept exactly: 20 digits are 64 bits and 0 to 5 times 2⁶⁴, which picks
// the set. A million ids take 14 to 21 MB.
type seen struct {
	ids     [6]set // by multiples of 2⁶⁴
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

// set is a set of numbers. Its keys are bytes, because a map aligns its entries to its
// keys: with numbers it would take almost twice the memory.
type set map[[8]byte]struct{}

// add adds a number unless it is there.
func (s set) add(number uint64) bool {
	before := len(s)
	var key [8]byte
	binary.NativeEndian.PutUint64(key[:], number)
	s[key] = struct{}{}
	return len(s) > before
}
