package demo

import "strconv"

const pow18 = 1_000_000_000_000_000_000

// id invents an id: most have 19 digits like real ones, some any length from 1 to 20.
// Short ids are counted, so that none comes twice; among long ones that is too unlikely.
func (g *generator) id() string {
	g.made++
	switch {
	case g.made%41 == 0:
		length, round := g.made/41%18, g.made/41/18
		least := uint64(1)
		for range length {
			least *= 10
		}
		if round < 9*least {
			return strconv.FormatUint(least+round, 10)
		}
	case g.made%97 == 0: // more than a uint64 holds
		return "9" + strconv.FormatUint(pow18+g.Uint64N(9*pow18), 10)
	}
	return strconv.FormatUint(pow18+g.Uint64N(8*pow18), 10)
}
