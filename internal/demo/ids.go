package demo

import (
	"math/bits"
	"strconv"
)

// ids invents ids: most as long as real ones, some of every length from 1 to
// 20 digits, none twice.
type ids struct {
	made, short uint64
}

const (
	pow18 = 1_000_000_000_000_000_000
	pow19 = 10 * pow18
)

// next is the next id. The ids of one length never meet those of another, and
// within a length each is the count so far times a number that has no divisor
// with the size of the span in common, so that none comes twice.
func (i *ids) next() string {
	i.made++
	switch {
	case i.made%41 == 0:
		if id, ok := i.nextShort(); ok {
			return id
		}
	case i.made%97 == 0: // more than a uint64 holds
		return "9" + strconv.FormatUint(pow18+spread(i.made, 9*pow18), 10)
	}
	return strconv.FormatUint(pow18+spread(i.made, 8*pow18), 10)
}

// nextShort is an id of 1 to 18 digits, unless those of the length whose turn
// it is are used up.
func (i *ids) nextShort() (id string, ok bool) {
	length, round := i.short%18, i.short/18
	i.short++
	least := uint64(1)
	for range length {
		least *= 10
	}
	if round >= 9*least {
		return "", false
	}
	return strconv.FormatUint(least+spread(round, 9*least), 10), true
}

// spread sends the numbers below span to each other, without order.
func spread(n, span uint64) uint64 {
	const step = 7_778_742_049_999_999_877 // divisible by none of 2, 3 and 5, as every span here is by nothing else
	high, low := bits.Mul64(n, step)
	return bits.Rem64(high, low, span)
}
